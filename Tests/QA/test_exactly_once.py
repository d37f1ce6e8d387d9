"""Exactly-once fan-out under kills, seed by seed: exactly_once.py does the work and says what differed."""

import os
import pathlib
import socket
import subprocess
import sys

import pytest

ENVIRONMENT_FILE = os.environ.get("MILLRACE_STACK_ENV")
SEEDS = int(os.environ.get("MILLRACE_SEEDS", "5"))
FOLLOWERS = int(os.environ.get("MILLRACE_FOLLOWERS", "5000"))
FIRST_SEED = int(os.environ.get("MILLRACE_SEED", "1"))

on_the_stack = pytest.mark.skipif(not ENVIRONMENT_FILE, reason="kills services: needs the machine on which the stack runs")


@on_the_stack
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS))
def test_every_feed_equals_the_reference_after_kills(seed):
    here = pathlib.Path(__file__).parent
    said = subprocess.run(
        [sys.executable, here / "exactly_once.py", "--seed", str(seed), "--followers", str(FOLLOWERS)],
        cwd=here, capture_output=True, text=True, timeout=1800, check=False)
    print(said.stdout)
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"seed={seed} " in said.stdout and "kills=0 " not in said.stdout


ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("MILLRACE_BIN") or ROOT / ".build/release")


def has_faults():
    """Whether the executables are of a build in which rules can be switched off."""
    for name in ("feed-api", "worker"):
        if not (BINARIES / name).exists():
            return False
        if "--faults" not in subprocess.run([BINARIES / name, "--help"], capture_output=True, text=True, timeout=30).stdout:
            return False
    return True


def first_port():
    """A port with room for a stack's block above it."""
    for port in range(24080, 60000, 40):
        try:
            for offset in range(20):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port + offset))
            return port
        except OSError:
            continue
    raise AssertionError("no free block of ports for the control's stack")


@pytest.mark.skipif(not has_faults(), reason="needs a build with -DMILLRACE_FAULTS, as `make test` makes it")
def test_the_control_with_idempotency_switched_off_fails(tmp_path):
    here = pathlib.Path(__file__).parent
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("MILLRACE_")}, "MILLRACE_BIN": str(BINARIES),
        "MILLRACE_VAR": str(tmp_path / "control"), "MILLRACE_PORT": str(first_port()), "MILLRACE_FAULTS": "not-idempotent",
        "MILLRACE_APP": str(ROOT / "Infra/local/apps/qa.json"),
    }
    stack = str(ROOT / "Infra/local/stack")
    up = subprocess.run([stack, "up"], env=environment, capture_output=True, text=True, timeout=300, check=False)
    try:
        assert up.returncode == 0, up.stdout + up.stderr
        said = subprocess.run(
            [sys.executable, here / "exactly_once.py", "--seed", "1", "--followers", "200", "--rounds", "15", "--settle-seconds",
             "10", "--stack-env", tmp_path / "control" / "run" / "stack.env"],
            cwd=here, capture_output=True, text=True, timeout=900, check=False)
        print(said.stdout)
        # It ran to its end, and what it found is that feeds differ: nothing else counts as noticed.
        assert said.returncode == 1, said.stdout + said.stderr
        assert "exactly-once: 1 seeds, 1 failed" in said.stdout and "differing=0" not in said.stdout
        assert "too many" in said.stdout
    finally:
        subprocess.run([stack, "down"], env=environment, capture_output=True, timeout=120, check=False)
