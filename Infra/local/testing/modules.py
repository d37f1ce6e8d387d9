"""Lint, the one release build with testing enabled, and the module tests."""

import os
import shlex
import subprocess
import time

import packages
import probes
from figures import figures
from outcome import Failure, call, step
from settings import ROOT, port_is_free

SCRATCH = ROOT / ".build" / "testing"
BINARIES = SCRATCH / "release"
# One build serves the tests and the stack of QA: optimised, with internals visible to `@testable import`, and with the setting
# by which the controls of tests switch a rule off; no other build has it.
FLAGS = ["-c", "release", "-Xswiftc", "-enable-testing", "-Xswiftc", "-DMILLRACE_FAULTS", "--scratch-path", str(SCRATCH)]
OUT = ROOT / "var" / "test"
TEST_SECONDS_MAX = 45 * 60
SWIFT_FOLDERS = ("Package.swift", "Services", "Shared", "Tests", "Benchmarks", "Fuzz")


def swift():
    return shlex.split(os.environ.get("SWIFT") or "swift")


def install():
    packages.install(["packages.txt", "packages-test.txt"], step)


def lint(outcome):
    """The formatter's rules over every tracked Swift file."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *SWIFT_FOLDERS], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        files = [name for name in listed.stdout.split("\0") if name.endswith(".swift") and (ROOT / name).exists()]
    else:  # a source package without its history
        files = [str(p.relative_to(ROOT)) for folder in SWIFT_FOLDERS for p in (ROOT / folder).rglob("*.swift")
                 if ".build" not in p.parts]
    begun = time.monotonic()
    # Formatting takes no lock and no build, whatever wraps `swift`.
    code = call([swift()[-1], "format", "lint", "--strict", "--parallel", *files], cwd=ROOT)
    step(f"lint: {len(files)} files, {time.monotonic() - begun:.1f} s, {'clean' if code == 0 else 'NOT clean (make format)'}")
    outcome.check("lint", code == 0)


def lint_alone(outcome):
    lint(outcome)
    if (BINARIES / "feed-api").exists():
        run(outcome, only="ArchitectureTests")
    else:
        step("the architecture tests need a build: `make test` makes it")


def build(outcome):
    OUT.mkdir(parents=True, exist_ok=True)
    log = OUT / "build.log"
    step("build: release, testing enabled")
    begun = time.monotonic()
    code = call([*swift(), "build", *FLAGS, "--build-tests"], log=log, cwd=ROOT)
    if code != 0:
        raise Failure(f"the build failed: read {log}")
    ours = sorted({
        line.strip() for line in log.read_text().splitlines() if "warning:" in line and line.startswith(str(ROOT))
    })
    for line in ours:
        print(line)
    step(f"build: {time.monotonic() - begun:.0f} s, {len(ours)} warnings")
    outcome.check("build without warnings", not ours)


class Redis:
    """A Redis without a file, for the tests of PubSub."""

    def __enter__(self):
        self.port = next(port for port in range(27000, 60000) if port_is_free(port))
        self.process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"],
            cwd="/tmp", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while probes.redis_ready(self.address) is not None:
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.__exit__()
                raise Failure("redis-server did not start for the module tests")
            time.sleep(0.02)
        return self

    def __exit__(self, *rest):
        self.process.kill()
        self.process.wait()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"


def run(outcome, only=None):
    """The module tests. Counts come from JUnit files; a run that ends without them is a failure of its own."""
    OUT.mkdir(parents=True, exist_ok=True)
    report = OUT / "modules.xml"
    written = OUT / "modules-swift-testing.xml"
    for file in (report, written):
        file.unlink(missing_ok=True)
    step("module tests")
    begun = time.monotonic()
    command = [swift()[-1], "test", *FLAGS, "--skip-build", "--disable-xctest", "--xunit-output", str(report)]
    if only:
        command += ["--filter", only]
    with Redis() as redis:
        code = call(
            command, log=OUT / "modules.log", echo=False, cwd=ROOT, seconds=TEST_SECONDS_MAX,
            env={**os.environ, **figures(), "SWIFT_BACKTRACE": "enable=no", "MILLRACE_TEST_REDIS": redis.address})
    failed = outcome.failed
    found = written if written.exists() else report
    count = outcome.add_junit(found) if found.exists() else 0
    lines = (OUT / "modules.log").read_text().splitlines()
    for line in lines:
        if line.startswith("✘") or "recorded an issue" in line:
            print(line)
    if code is None:
        outcome.check(f"module tests ended within {TEST_SECONDS_MAX} s: read {OUT / 'modules.log'}", False)
    elif code != 0 and outcome.failed == failed:
        print("\n".join(lines[-20:]))
        outcome.check(f"module tests ended with code {code} (a crash?): read {OUT / 'modules.log'}", False)
    elif count == 0:
        outcome.check(f"module tests reported nothing: read {OUT / 'modules.log'}", False)
    step(f"module tests: {count}, {time.monotonic() - begun:.0f} s")
