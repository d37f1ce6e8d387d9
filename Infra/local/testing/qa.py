"""The cross-service tests, through pytest in an environment of their own."""

import hashlib
import os
import shlex
import shutil
import subprocess
import time

from figures import figures
from modules import BINARIES, FLAGS, OUT, swift
from outcome import Failure, call, step
from settings import ROOT, port_is_free

TESTS = ROOT / "Tests" / "QA"
VENV = ROOT / "var" / "ci-venv"
VAR = ROOT / "var" / "qa"
FIRST_PORT = 20080
QA_SECONDS_MAX = 60 * 60


def python():
    """The environment's Python; it is made when it is missing or its list of packages has changed."""
    requirements = TESTS / "requirements.txt"
    stamp = VENV / "requirements.sha256"
    now = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != now:
        step("Python packages of the tests")
        shutil.rmtree(VENV, ignore_errors=True)
        VENV.parent.mkdir(parents=True, exist_ok=True)
        base = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else "python3"
        for command in ([base, "-m", "venv", str(VENV)], [str(VENV / "bin/pip"), "install", "-q", "-r", str(requirements)]):
            if call(command) != 0:
                raise Failure(f"{' '.join(command)} failed: its messages are above")
        stamp.write_text(now)
    return str(VENV / "bin/python")


def free_port():
    """A port with room for the stack's block above it, away from a stack that a person runs."""
    for port in range(FIRST_PORT, 60000, 40):
        if all(port_is_free(port + offset) for offset in range(0, 20)):
            return port
    raise Failure("no free block of ports was found for the stack of QA")


def run_on_own_stack(outcome):
    environment = {
        **os.environ, **figures(), "MILLRACE_VAR": str(VAR), "MILLRACE_PORT": str(free_port()), "MILLRACE_BIN": str(BINARIES),
        "MILLRACE_KEEVO_BINARY": str(BINARIES / "keevo"),
        "MILLRACE_SWIFT_TEST": shlex.join([swift()[-1], "test", *FLAGS, "--skip-build", "--disable-xctest"]),
        "MILLRACE_APP": ":".join(str(ROOT / "Infra/local/apps" / name) for name in ("qa.json", "qa-other.json")),
    }
    stack = str(ROOT / "Infra/local/stack")
    subprocess.run([stack, "down"], env=environment, check=False, capture_output=True)
    clear()
    try:
        step("QA: starting a stack of its own")
        if call([stack, "up"], env=environment) != 0:
            show_logs()
            raise Failure(f"the stack of QA did not start: read {VAR / 'log'}")
        environment.update(read_environment(VAR / "run" / "stack.env"))
        environment["MILLRACE_STACK_ENV"] = str(VAR / "run" / "stack.env")
        pytest(outcome, environment)
    finally:
        call([stack, "down"], env=environment)
    left = left_over()
    outcome.check("nothing was left running: " + ", ".join(left), not left)


def run_against_deployment(outcome):
    for name in ("BASE_URL", "API_KEY", "API_SECRET"):
        if not os.environ.get(name):
            raise Failure(f"{name} is not set: make qa BASE_URL=http://… API_KEY=… API_SECRET=…")
    pytest(outcome, {**os.environ, **figures()})


def pytest(outcome, environment):
    environment = {k: v for k, v in environment.items() if k != "LOCAL"}  # it would turn the SDK to another address
    interpreter = python()
    OUT.mkdir(parents=True, exist_ok=True)
    report = OUT / "qa.xml"
    report.unlink(missing_ok=True)
    step("QA")
    begun = time.monotonic()
    code = call(
        [interpreter, "-m", "pytest", str(TESTS), "-q", "-ra", "-p", "no:cacheprovider", f"--junit-xml={report}",
         "--junit-prefix=QA"],
        log=OUT / "qa.log", cwd=TESTS, env=environment, seconds=QA_SECONDS_MAX)
    failed = outcome.failed
    count = outcome.add_junit(report) if report.exists() else 0
    if code is None:
        outcome.check(f"QA ended within {QA_SECONDS_MAX} s: read {OUT / 'qa.log'}", False)
    elif (code != 0 and outcome.failed == failed) or count == 0:
        outcome.check(f"QA ended with code {code} and {count} tests: read {OUT / 'qa.log'}", False)
    step(f"QA: {count} tests, {time.monotonic() - begun:.0f} s")


def clear():
    """A stack of tests starts with no data."""
    note = VAR / "data-elsewhere"
    if note.exists():
        shutil.rmtree(note.read_text().strip(), ignore_errors=True)
    shutil.rmtree(VAR, ignore_errors=True)


def read_environment(file):
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)


def show_logs():
    for log in sorted((VAR / "log").glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()[-5:]
        print(f"-- {log.name}", *lines, sep="\n")


def left_over():
    """Processes that still carry this stack's mark."""
    mark = f"MILLRACE_STACK={VAR}".encode()
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    if mark in file.read().split(b"\0"):
                        with open(f"/proc/{name}/comm") as comm:
                            found.append(f"{comm.read().strip()} ({name})")
            except OSError:
                continue
    return found
