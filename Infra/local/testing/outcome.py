"""What passed, failed and was skipped, from JUnit files; and steps that say how long they took."""

import os
import signal
import subprocess
import threading
import time
import xml.etree.ElementTree as tree
from dataclasses import dataclass, field


class Failure(Exception):
    """A step after which the rest makes no sense."""


@dataclass
class Outcome:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)

    def check(self, name, good):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            self.failures.append(name)
        return good

    def add_junit(self, file):
        """Adds the cases of a JUnit file, and gives how many there were."""
        count = 0
        for case in tree.parse(file).getroot().iter("testcase"):
            count += 1
            name = f"{case.get('classname')}.{case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None:
                self.failed += 1
                self.failures.append(name)
            elif case.find("skipped") is not None:
                self.skipped += 1
            else:
                self.passed += 1
        return count


def step(line):
    print(f"== {time.strftime('%H:%M:%S')} {line}", flush=True)


def call(command, log=None, echo=True, seconds=None, **more):
    """Runs a command, shows what it says and keeps it in `log`. Gives its exit code, or None when it took too long."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True, **more)
    timer = threading.Timer(seconds, lambda: end_group(process)) if seconds else None
    expired = False
    if timer:
        timer.start()
    out = open(log, "w") if log else None
    try:
        for line in process.stdout:
            if out:
                out.write(line)
            if echo:
                print(line, end="", flush=True)
        code = process.wait()
        expired = bool(timer) and not timer.is_alive()
    except BaseException:
        end_group(process)
        raise
    finally:
        if timer:
            timer.cancel()
        if out:
            out.close()
    return None if expired else code


def end_group(process):
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
