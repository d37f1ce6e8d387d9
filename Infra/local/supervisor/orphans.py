"""Processes that an earlier stack of the same folder left behind."""

import os
import signal
import time
from pathlib import Path


def belongs(pid, settings):
    """Whether a process is one of this stack's; a pid alone may by now be someone else's."""
    process = Path("/proc") / str(pid)
    try:
        if (process / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return False
        if f"MILLRACE_STACK={settings.var}".encode() in (process / "environ").read_bytes().split(b"\0"):
            return True
        # PostgreSQL writes its title over its environment.
        return os.readlink(process / "cwd") == str(settings.data / "pg")
    except (OSError, IndexError):
        return False


def end(settings, seconds=12):
    """Ends what pid files name, politely first. Gives how many there were."""
    found = []
    for file in settings.run.glob("*.pid"):
        text = file.read_text().strip()
        if text.isdigit() and belongs(int(text), settings):
            found.append((int(text), signal.SIGINT if file.stem == "postgres" else signal.SIGTERM))
        else:
            file.unlink()
    for pid, number in found:
        kill(pid, number)
    deadline = time.monotonic() + seconds
    while any(belongs(pid, settings) for pid, _ in found):
        if time.monotonic() > deadline:
            for pid, _ in found:
                kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    for file in settings.run.glob("*.pid"):
        file.unlink(missing_ok=True)
    return len(found)


def kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
