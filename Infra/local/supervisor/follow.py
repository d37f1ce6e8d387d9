"""Prints the logs of every part as they grow."""

import time


def follow(settings, alive):
    """Until `alive()` says no: new lines of all files in var/log, each with its part's name."""
    positions = {file: file.stat().st_size for file in settings.log.glob("*.log")}
    rest = {}
    looked = 0.0
    while True:
        for file in settings.log.glob("*.log"):
            try:
                size = file.stat().st_size
                start = positions.get(file, 0)
                if size < start:
                    start = 0  # it was cut
                if size == start:
                    continue
                with open(file, "rb") as log:
                    log.seek(start)
                    data = rest.pop(file, b"") + log.read(1 << 20)
                    positions[file] = log.tell()
            except FileNotFoundError:
                continue
            *lines, tail = data.split(b"\n")
            if tail:
                rest[file] = tail
            for line in lines:
                print(f"{file.stem:16} {line.decode(errors='replace')}", flush=True)
        if time.monotonic() - looked > 1:
            looked = time.monotonic()
            if not alive():
                return
        time.sleep(0.1)
