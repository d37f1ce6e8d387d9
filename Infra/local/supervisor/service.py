"""The supervising process."""

import fcntl
import json
import os
import resource
import signal
import sys
import time

import apps
import parts
from settings import StackError, choose_ports, prepare_folders
from stack import Stack

READY = "@ready"


def lock_file(settings):
    return settings.run / "supervisor.lock"


def running_pid(settings):
    """The supervisor of this folder, if one runs: it holds a lock, which the kernel drops when it dies, however it dies."""
    try:
        file = open(lock_file(settings), "r+")
    except FileNotFoundError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return None
        except OSError:
            text = file.read().strip()
            return int(text) if text.isdigit() else None


def build_parts(settings):
    yield from parts.postgres_parts(settings)
    yield parts.redis_part(settings)
    yield parts.service_part(settings, "keevo")
    for name in ("realtime", "analytics", "personalization"):
        yield parts.service_part(settings, name)
    yield parts.service_part(settings, "dashboard-api", after=("postgres",))
    for index in range(len(settings.apps)):
        yield apps.apply_part(settings, index)
    # On a first start the tables are there once an app is applied; a service started before would log errors for nothing.
    applied = tuple(f"apply-{index + 1}" for index in range(len(settings.apps)))
    for name in ("feed-api", "worker"):
        yield parts.service_part(settings, name, after=("keevo", "postgres", *applied))
    yield parts.edge_part(settings)
    yield apps.feeds_part(settings)


def supervise(settings, owner):
    """Runs until SIGTERM, or until the process `owner` has gone. Tells its progress on standard output until all is ready."""
    prepare_folders(settings)
    lock = open(lock_file(settings), "a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise StackError("another supervisor of this folder has just started") from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()

    # Every connection costs a descriptor; HAProxy takes its limit of connections from this one.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    stop = []
    signal.signal(signal.SIGTERM, lambda number, frame: stop.append(number))
    signal.signal(signal.SIGINT, lambda number, frame: stop.append(number))

    def stopping():
        return bool(stop) or (owner is not None and not os.path.exists(f"/proc/{owner}"))

    teller = Teller()
    stack = None
    try:
        choose_ports(settings)
        for name in ("feed-api", "keevo", "realtime", "analytics", "personalization", "dashboard-api", "worker"):
            (settings.var / name).mkdir(exist_ok=True)
        stack = Stack(settings, list(build_parts(settings)), teller.say)
        stack.start(stopping)
        if not stopping():
            parts.write_private(
                settings.run / "stack.env",
                "".join(f"{name}={value}\n" for name, value in apps.stack_environment(settings).items()))
            write_state(settings, stack)
            teller.ready()
        while not stopping():
            restarts = sum(r.restarts for r in stack.all.values())
            stack.watch()
            if restarts != sum(r.restarts for r in stack.all.values()):
                write_state(settings, stack)
            time.sleep(0.05)
        return 0
    except StackError as error:
        teller.say(str(error))
        return 1
    finally:
        killed = stack.stop() if stack else []
        for name in killed:
            teller.say(f"{name} did not stop in time and was killed")
        for name in ("stack.env", "state.json"):
            (settings.run / name).unlink(missing_ok=True)
        lock.truncate(0)


def write_state(settings, stack):
    """What `stack status` reads."""
    state = {
        "base_url": settings.base_url,
        "started": time.time(),
        "parts": [
            {"name": r.part.name, "restarts": r.restarts, "ready_seconds": r.ready_seconds,
             "log": str(settings.log / r.part.log_name)}
            for r in stack.all.values() if not r.part.is_step
        ],
        "ports": settings.ports,
    }
    file = settings.run / "state.json"
    temporary = file.with_suffix(".new")
    temporary.write_text(json.dumps(state, indent=1))
    temporary.rename(file)


class Teller:
    """Lines for who started the stack, until it is ready, and always for the log."""

    def __init__(self):
        self.out = sys.stdout

    def say(self, line):
        print(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {line}", file=sys.stderr, flush=True)
        self.tell(line)

    def tell(self, line):
        if self.out is None:
            return
        try:
            print(line, file=self.out, flush=True)
        except OSError:
            self.out = None

    def ready(self):
        self.tell(READY)
        # Who started us goes on alone; a write to a pipe nobody reads would end the supervisor.
        self.out = None
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.close(null)
