#!/usr/bin/env python3
"""Runs benchmarks: ours beside a peer, in alternating rounds; prints a table, writes var/bench/<group>.json.

    Benchmarks/run.py [http|keevo|api] [--rounds N] [--seconds S]

A group is a module of this folder with `bench(rounds, seconds, say)` that gives a list of rows (`rows.py`). To add one,
name it in GROUPS. BUILD_PREFIX goes before a build command (a lock, say).
"""

import argparse
import importlib
import json
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Group: module. The module of `http` cannot be called so, because Python has one of that name.
GROUPS = {"http": "http_server", "keevo": "keevo", "api": "api"}


def table(rows):
    lines = [("row", "ours", "peer", "ratio", "unit", "beside")]
    for row in rows:
        figure = lambda value: "-" if value is None else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
        lines.append((row["name"], figure(row["ours"]), figure(row["peer"]), figure(row["ratio"]),
                      f"{row['unit']} ({row['better']} is better)", row["peerName"] or "-"))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="?", choices=sorted(GROUPS), help="one group; all without it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6, help="of each round of each side")
    options = parser.parse_args()
    output = ROOT / "var/bench"
    output.mkdir(parents=True, exist_ok=True)
    failed = []
    for group in [options.only] if options.only else GROUPS:
        try:
            module = importlib.import_module(GROUPS[group])
            keywords = {"rounds": options.rounds, "seconds": options.seconds, "say": print}
            if group == "api":
                keywords["stack_env"] = os.environ.get("MILLRACE_STACK_ENV")
            rows = module.bench(**keywords)
        except Exception as error:  # one group's failure must not hide the others' figures
            print(f"{group}: {type(error).__name__}: {error}", file=sys.stderr)
            failed.append(group)
            continue
        (output / f"{group}.json").write_text(json.dumps(rows, indent=1) + "\n")
        print(table(rows))
        print(f"written to {output / (group + '.json')}")
    if failed:
        sys.exit("failed: " + ", ".join(failed))


if __name__ == "__main__":
    main()
