"""Exactly-once fan-out under kills, seed by seed: exactly_once.py does the work and says what differed."""

import os
import pathlib
import subprocess
import sys

import pytest

ENVIRONMENT_FILE = os.environ.get("MILLRACE_STACK_ENV")
SEEDS = int(os.environ.get("MILLRACE_SEEDS", "5"))
FOLLOWERS = int(os.environ.get("MILLRACE_FOLLOWERS", "5000"))
FIRST_SEED = int(os.environ.get("MILLRACE_SEED", "1"))

pytestmark = pytest.mark.skipif(not ENVIRONMENT_FILE, reason="kills services: needs the machine on which the stack runs")


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS))
def test_every_feed_equals_the_reference_after_kills(seed):
    here = pathlib.Path(__file__).parent
    said = subprocess.run(
        [sys.executable, here / "exactly_once.py", "--seed", str(seed), "--followers", str(FOLLOWERS)],
        cwd=here, capture_output=True, text=True, timeout=1800, check=False)
    print(said.stdout)
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"seed={seed} " in said.stdout and "kills=0 " not in said.stdout
