"""The local stack: every part of Millrace on this machine, under var/.

  stack run      start everything, follow the logs; Ctrl-C stops everything
  stack up       the same, detached; var/run/stack.env then holds addresses and keys
  stack down     stop it
  stack status   what runs, since when, and whether it is ready
  stack time     start it five times, and print the median until all is ready
  stack with COMMAND…  run a command with the settings that the running stack gave its services
  stack install  install missing Debian packages; with --tests those of the tests too

Variables: MILLRACE_PORT (8080), MILLRACE_APP (app.json, or two with a colon between), MILLRACE_VAR (var), MILLRACE_BIN (folder
of executables that are already built), MILLRACE_USER (who runs PostgreSQL and Redis; nobody when started as root), SWIFT.
"""

import os
import signal
import subprocess
import sys
import time

import build
import follow
import orphans
import packages
import parts
import service
import status
from settings import StackError, prepare_folders, read_settings



def say(line):
    print(line, flush=True)


def prepare(settings):
    packages.install(["packages.txt"], say)
    prepare_folders(settings)
    build.build(settings, say)


def up(settings, owner=None):
    """Starts a supervisor in a session of its own and shows its progress until all is ready."""
    if service.running_pid(settings):
        say(f"already running at {status.base_url(settings)}")
        return 0
    prepare(settings)
    if orphans.end(settings):
        say("ended what an earlier stack had left behind")
    begun = time.monotonic()
    arguments = [sys.executable, os.path.dirname(os.path.abspath(__file__)), "supervise"]
    if owner:
        arguments += ["--owner", str(owner)]
    log = open(settings.log / "supervisor.log", "ab")
    child = subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True, text=True)
    log.close()
    try:
        for line in child.stdout:
            line = line.rstrip("\n")
            if line == service.READY:
                say(f"all ready in {time.monotonic() - begun:.2f} s\n")
                return 0
            say(f"  {line}")
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        raise
    code = child.wait()
    say(f"the stack did not start; nothing was left running (more in {settings.log / 'supervisor.log'})")
    return code or 1


def run(settings):
    def hang_up(number, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, hang_up)  # a shell that puts us in the background has it ignored
    signal.signal(signal.SIGTERM, hang_up)
    signal.signal(signal.SIGHUP, hang_up)
    if service.running_pid(settings):
        raise StackError(f"the stack already runs at {status.base_url(settings)}: `make down` stops it, `make status` shows it")
    try:
        code = up(settings, owner=os.getpid())
        if code == 0:
            say(status.welcome(settings))
            say("following the logs; Ctrl-C stops everything\n")
            follow.follow(settings, lambda: service.running_pid(settings) is not None)
            say(f"the stack has ended by itself: read {settings.log / 'supervisor.log'}")
            return 1
        return code
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        say("\nstopping everything")
        return down(settings)


def down(settings):
    pid = service.running_pid(settings)
    if pid is None:
        left = orphans.end(settings) if settings.run.is_dir() else 0
        say(f"ended what had been left behind (processes: {left})" if left else "nothing is running")
        return 0
    begun = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    while service.running_pid(settings) is not None:
        if time.monotonic() - begun > 60:
            raise StackError(f"the supervisor (process {pid}) has not ended after 60 s: read {settings.log / 'supervisor.log'}")
        time.sleep(0.02)
    say(f"stopped in {time.monotonic() - begun:.2f} s")
    return 0


def measure(settings, rounds=5):
    """Second starts, everything built: how long until all is ready."""
    if service.running_pid(settings):
        raise StackError("the stack runs: `make down` first")
    times = []
    for index in range(rounds + 1):
        begun = time.monotonic()
        if up(settings) != 0:
            return 1
        taken = time.monotonic() - begun
        down(settings)
        if index > 0:  # the first may build, install and make files
            times.append(taken)
            say(f"start {index}: {taken:.2f} s")
    times.sort()
    median = times[len(times) // 2]
    say(f"make up, everything built, to all ready: median of {rounds} starts {median:.2f} s (goal: under 5 s)")
    return 0 if median < 5 else 1


def main(words):
    verb = words[0] if words else "help"
    if verb in ("help", "--help", "-h"):
        print(__doc__.strip())
        return 0
    if verb == "install":
        packages.install(["packages.txt"] + (["packages-test.txt"] if "--tests" in words else []), say)
        return 0
    if verb == "with":
        return with_settings(read_settings(), words[1:])
    verbs = {"run": run, "up": lambda s: show_after(up(s), s), "down": down, "status": lambda s: status.show(s, say),
             "time": measure}
    if verb == "supervise":
        owner = int(words[words.index("--owner") + 1]) if "--owner" in words else None
        return service.supervise(read_settings(), owner)
    if verb not in verbs:
        raise StackError(f'"{verb}" is not a verb: write run, up, down, status, time, with or install')
    return verbs[verb](read_settings())


def with_settings(settings, command):
    state = status.read_state(settings)
    if state is None or service.running_pid(settings) is None:
        raise StackError("no stack runs here: `make up` first")
    if not command:
        raise StackError("write a command after `with`")
    settings.ports = state["ports"]
    os.environ.update(parts.service_environment(settings))
    try:
        os.execvp(command[0], command)
    except OSError as error:
        raise StackError(f"{command[0]}: {error.strerror}") from None


def show_after(code, settings):
    if code == 0:
        say(status.welcome(settings))
    return code


try:
    sys.exit(main(sys.argv[1:]))
except StackError as error:
    print(f"stack: {error}", file=sys.stderr)
    sys.exit(1)
except KeyboardInterrupt:
    print("\nstopped", file=sys.stderr)
    sys.exit(130)
