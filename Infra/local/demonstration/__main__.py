"""Reads feeds into the running stack and prints timeline:demo as the official SDK reads it.

  demo [FILE or address…]     without any: the samples in Infra/local/feeds; a list of feeds (OPML) stands for all it names

Works on whatever app the stack runs: the flat group `source` is made where it is missing. Each feed becomes source:<id>,
timeline:demo follows it, and reading a feed again adds nothing. `worker rss --help` says more.

Variables: MILLRACE_VAR (var: the folder of the stack), MILLRACE_BIN (folder of the executables).
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
VAR = Path(os.environ.get("MILLRACE_VAR") or ROOT / "var").absolute()
BINARIES = Path(os.environ.get("MILLRACE_BIN") or ROOT / ".build/release").absolute()
SDK = "stream-python==5.4.0"
TIMELINE = "timeline:demo"
# Members that a file does not have are left as they are (insight D91).
GROUPS = [{"slug": "source", "type": "flat", "policy": "public_read"}]


class DemoError(Exception):
    """Something a person has to hear: what happened, and what to do."""


def stack_environment():
    file = VAR / "run" / "stack.env"
    try:
        lines = file.read_text().splitlines()
    except OSError:
        raise DemoError(f"no stack runs under {VAR} ({file} is missing): `make up` starts one") from None
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def sdk_python():
    """A Python that has the SDK; it is made once, whatever stack is asked."""
    folder = ROOT / "var" / "sdk-venv"
    folder.parent.mkdir(exist_ok=True)
    mark = folder / "packages"
    if not mark.exists() or mark.read_text() != SDK:
        print(f"installing {SDK} into {folder} …", flush=True)
        base = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
        for command in ([base, "-m", "venv", "--clear", str(folder)],
                        [str(folder / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", SDK]):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                raise DemoError(
                    f"{' '.join(command)} failed:\n{(done.stdout + done.stderr).strip()}\n"
                    "On Debian the package python3-venv is needed; the SDK comes from PyPI.")
        mark.write_text(SDK)
    return folder / "bin/python"


def make_group(environment):
    """Adds `source` to the app, through the stack's control plane."""
    print("the app has no group `source` yet: adding it", flush=True)
    app = json.loads(dashboard("export", "--app", environment["APP_ID"]))["app"]
    with tempfile.NamedTemporaryFile("w", suffix=".json", dir=VAR / "run") as file:
        json.dump({"version": 1, "app": app, "feed_groups": GROUPS}, file)
        file.flush()
        dashboard("apply", file.name, "--app", environment["APP_ID"], "--wait")


def dashboard(*words):
    """What a command of dashboard-api prints."""
    command = [str(ROOT / "Infra/local/with-stack"), str(BINARIES / "dashboard-api"), *words]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise DemoError(f"{' '.join(command)} ended with {done.returncode}:\n{(done.stdout + done.stderr).strip()}")
    return done.stdout


def sdk(python, *arguments, environment):
    """Runs page.py, which imports the SDK, with the stack's addresses; LOCAL would turn the SDK to another one."""
    own = {**os.environ, **environment}
    own.pop("LOCAL", None)
    return subprocess.run([python, Path(__file__).with_name("page.py"), *arguments], env=own)


def main(words):
    if words in (["help"], ["--help"], ["-h"]):
        print(__doc__.strip())
        return 0
    samples = ROOT / "Infra/local/feeds"
    feeds = words or sorted(str(p) for p in samples.iterdir() if p.suffix in (".xml", ".atom", ".rdf"))
    worker = BINARIES / "worker"
    if not worker.exists():
        raise DemoError(f"{worker} is missing: `make up` builds it; MILLRACE_BIN names another folder")
    environment = stack_environment()
    python = sdk_python()
    if sdk(python, "has-group", "source", environment=environment).returncode == 3:
        make_group(environment)
    read = subprocess.run(
        [worker, "rss", "--stack", VAR / "run" / "stack.env", "--follow", TIMELINE, *feeds], env=os.environ)
    if read.returncode not in (0, 1):
        return read.returncode
    page = sdk(python, "page", TIMELINE, environment=environment)
    return page.returncode or read.returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
