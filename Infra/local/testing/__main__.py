"""Runs the tests of Millrace.

  test         install, lint, build, module tests, then QA on a stack of its own; all ended afterwards
  test lint    the formatter's rules only (and, where a build is there, the architecture tests)
  test qa      QA against BASE_URL, API_KEY, API_SECRET, without a stack

The last line reads `N passed, N failed, N skipped`. MILLRACE_EVIDENCE=1 takes the full figures (figures.py).
"""

import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "supervisor"))

import modules  # noqa: E402
import qa  # noqa: E402
from figures import figures  # noqa: E402
from outcome import Failure, Outcome, step  # noqa: E402
from settings import StackError  # noqa: E402


def everything(outcome):
    modules.install()
    modules.lint(outcome)
    modules.build(outcome)
    modules.run(outcome)
    qa.run_on_own_stack(outcome)


def main(words):
    verb = words[0] if words else "all"
    if verb in ("help", "--help"):
        print(__doc__.strip())
        return 0
    verbs = {"all": everything, "lint": modules.lint_alone, "qa": qa.run_against_deployment}
    if verb not in verbs:
        print(f'test: "{verb}" is not a verb: write nothing, lint or qa', file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))  # so that what was started is ended
    print(f"figures: {figures()}", flush=True)
    begun = time.monotonic()
    outcome = Outcome()
    try:
        verbs[verb](outcome)
    except (Failure, StackError) as error:
        outcome.failed += 1
        print(f"FAILED: {error}", flush=True)
    except KeyboardInterrupt:
        outcome.failed += 1
        print("FAILED: interrupted", flush=True)
    step(f"all of it took {time.monotonic() - begun:.0f} s")
    for name in outcome.failures:
        print(f"FAILED: {name}")
    print(f"{outcome.passed} passed, {outcome.failed} failed, {outcome.skipped} skipped", flush=True)
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
