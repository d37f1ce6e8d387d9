"""Builds the seven executables in release mode, and skips SwiftPM when no source has changed since."""

import hashlib
import os
import shlex
import shutil
import subprocess

from settings import ROOT, StackError

EXECUTABLES = ["feed-api", "keevo", "realtime", "analytics", "personalization", "dashboard-api", "worker"]


def fingerprint():
    """Names, sizes and times of every source: 5 ms, where asking SwiftPM takes a second."""
    digest = hashlib.sha256()
    files = [ROOT / "Package.swift"]
    for folder in ("Services", "Shared"):
        for path, folders, names in os.walk(ROOT / folder):
            folders.sort()
            files += [os.path.join(path, name) for name in sorted(names)]
    for file in files:
        status = os.stat(file)
        digest.update(f"{file} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def build(settings, say):
    if os.environ.get("MILLRACE_BIN"):
        check(settings)
        return
    stamp = ROOT / ".build/release-sources.sha256"
    now = fingerprint()
    if stamp.is_file() and stamp.read_text() == now and all((settings.binaries / n).is_file() for n in EXECUTABLES):
        return
    swift = shlex.split(os.environ.get("SWIFT") or "swift")
    if not shutil.which(swift[0]):
        raise StackError(f"{swift[0]} was not found: install the Swift 6.3 toolchain and put it on PATH, or set SWIFT=/path/to/swift")
    say("building the seven executables (release; minutes the first time)")
    stamp.unlink(missing_ok=True)
    if subprocess.run([*swift, "build", "-c", "release"], cwd=ROOT, check=False).returncode != 0:
        raise StackError("the build failed: its messages are above")
    check(settings)
    stamp.write_text(now)


def check(settings):
    for name in EXECUTABLES:
        if not os.access(settings.binaries / name, os.X_OK):
            raise StackError(f"{settings.binaries / name} is missing: build it, or let MILLRACE_BIN name another folder")
