"""The supervisor: starts every part as soon as what it needs is ready, starts again what dies, ends all of it."""

import ctypes
import os
import signal
import subprocess
import time

from parts import READY_SECONDS, launch
from settings import StackError

TICK = 0.02
RESTART_SECONDS_MAX = 1.0  # a dead service is started again within 2 s
QUIET_SECONDS = 30  # after so long without a death, the next restart is immediate again
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Running:
    """One part with its process."""

    def __init__(self, part):
        self.part = part
        self.process = None
        self.started = 0.0
        self.ready = False
        self.ready_seconds = None
        self.reason = "not started"
        self.restarts = 0
        self.restart_at = None
        self.delay = 0.0


class Stack:
    def __init__(self, settings, parts, say):
        self.settings = settings
        self.say = say
        self.all = {part.name: Running(part) for part in parts}
        self.begun = time.monotonic()

    # Starting

    def start(self, stopping):
        """Returns when everything is ready; raises StackError when a part fails."""
        while not stopping():
            waiting = [r for r in self.all.values() if not r.ready]
            if not waiting:
                return
            for running in self.all.values():
                if running.ready:
                    self.fail_if_dead(running)
                elif running.process is None:
                    if all(self.all[name].ready for name in running.part.after):
                        self.begin(running)
                else:
                    self.look(running)
            time.sleep(TICK)

    def begin(self, running):
        part = running.part
        if part.is_step and part.skip and part.skip():
            running.ready = True
            return
        self.spawn(running)

    def look(self, running):
        part = running.part
        code = running.process.poll()
        if part.is_step and code == 0:
            if part.done:
                part.done()
            self.mark_ready(running)
            return
        if code is not None:
            raise StackError(self.death(running, code))
        if not part.is_step:
            running.reason = part.probe()
            if running.reason is None:
                self.mark_ready(running)
                return
        if time.monotonic() - running.started > READY_SECONDS:
            raise StackError(
                f"{part.name} was not ready after {READY_SECONDS} s ({running.reason or 'it has not ended'}): read {self.log(part)}")

    def fail_if_dead(self, running):
        if running.process is not None and not running.part.is_step:
            code = running.process.poll()
            if code is not None:
                raise StackError(self.death(running, code))

    def mark_ready(self, running):
        running.ready = True
        running.reason = None
        running.ready_seconds = time.monotonic() - running.started
        total = time.monotonic() - self.begun
        self.say(f"{running.part.name:16} ready  {running.ready_seconds:6.2f} s  (at {total:.2f} s)")

    def spawn(self, running):
        part = running.part
        environment, identity = launch(self.settings, part)
        log = open(self.settings.log / part.log_name, "ab", buffering=0)
        given = open(part.input, "rb")
        output = open(part.output, "wb", opener=private) if part.output else log

        def die_with_parent():
            # After the change of user, which would clear it: nothing outlives a supervisor that was killed.
            LIBC.prctl(PR_SET_PDEATHSIG, part.stop_signal if part.stop_last else signal.SIGKILL)

        try:
            running.process = subprocess.Popen(
                part.command, env=environment, cwd="/", stdin=given, stdout=output, stderr=log,
                start_new_session=True, preexec_fn=die_with_parent, **identity)
        except OSError as error:
            raise StackError(f"{part.name} could not be started: {part.command[0]}: {error.strerror}") from None
        finally:
            given.close()
            log.close()
            if output is not log:
                output.close()
        running.started = time.monotonic()
        if not part.is_step:
            # Whole or not at all: others read it while a service is being restarted.
            fresh = self.pid_file(part).with_suffix(".pid.new")
            fresh.write_text(f"{running.process.pid}\n")
            fresh.replace(self.pid_file(part))

    # Serving

    def watch(self):
        """One look at every process: starts again what died."""
        now = time.monotonic()
        for running in self.all.values():
            if running.part.is_step:
                continue
            if running.restart_at is not None:
                if now >= running.restart_at:
                    running.restart_at = None
                    running.restarts += 1
                    try:
                        self.spawn(running)
                    except StackError as error:
                        self.say(str(error))
                        running.restart_at = now + RESTART_SECONDS_MAX
                continue
            code = running.process.poll()
            if code is None:
                continue
            lived = now - running.started
            running.delay = 0.0 if lived > QUIET_SECONDS else min(RESTART_SECONDS_MAX, running.delay * 2 or 0.1)
            running.restart_at = now + running.delay
            self.say(f"{self.death(running, code)}; starting it again")

    # Ending

    def stop(self):
        """Ends everything: first the edge, then services, then the stores. Gives the names of those that had to be killed."""
        killed = []
        alive = [r for r in self.all.values() if r.process is not None and r.process.poll() is None]
        edge = [r for r in alive if r.part.name == "haproxy"]
        stores = [r for r in alive if r.part.stop_last]
        for group in (edge, [r for r in alive if r not in edge and r not in stores], stores):
            for running in group:
                running.process.send_signal(running.part.stop_signal)
            for running in group:
                try:
                    running.process.wait(max(0.1, running.part.stop_seconds))
                except subprocess.TimeoutExpired:
                    killed.append(running.part.name)
                    running.process.kill()
                    running.process.wait()
        for running in self.all.values():
            self.pid_file(running.part).unlink(missing_ok=True)
        return killed

    # Words

    def pid_file(self, part):
        return self.settings.run / f"{part.name}.pid"

    def log(self, part):
        return self.settings.log / part.log_name

    def death(self, running, code):
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return f"{running.part.name} {how}: read {self.log(running.part)}"


def private(path, flags):
    return os.open(path, flags, 0o600)
