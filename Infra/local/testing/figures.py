"""The smaller figures of CI and the full ones of the evidence, in one place. Tests read them as environment variables."""

import os

# name: (CI, evidence)
FIGURES = {
    "MILLRACE_SEEDS": (5, 20),  # seeds of the exactly-once driver
    "MILLRACE_FOLLOWERS": (5_000, 50_000),  # followers of its busiest source
    "MILLRACE_CRASH_SEEDS": (200, 1_000),  # seeded crashes that lose or tear un-synced bytes
    "MILLRACE_RAFT_SCHEDULES": (10_000, 300_000),  # of the store's consensus in lockstep with etcd's
    "MILLRACE_RAFT_SEEDS": (10_000, 100_000),  # of its simulation under faults
    "MILLRACE_KILLS": (5, 50),  # kill -9 of the store under load
    "MILLRACE_OUTAGE_SECONDS": (10, 60),  # PostgreSQL stopped under load
}


def figures():
    evidence = os.environ.get("MILLRACE_EVIDENCE") == "1"
    return {name: os.environ.get(name) or str(values[evidence]) for name, values in FIGURES.items()}
