"""Rows of `make bench ONLY=keevo` about the store itself: one node over gRPC, every write synced, beside PostgreSQL 15 doing
the like on one table over a Unix socket with prepared statements, every commit synced.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request

from peer_postgres import Postgres
from rows import row

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
PEER = "PostgreSQL 15, pgbench"

SCHEMA = """
create table kv (part int not null, key bigint not null, value text not null, primary key (part, key));
insert into kv select n % 64, n, repeat('v', 100) from generate_series(0, 9999) n;
create table entries (feed int not null, key bigint not null, value text not null, primary key (feed, key));
create sequence fresh;
"""
PUT = r"""
\set part random(0, 63)
insert into kv values (:part, nextval('fresh') + 100000, repeat('v', 100))
on conflict (part, key) do update set value = excluded.value;
"""
GET = r"""
\set n random(0, 9999)
select value from kv where part = :n % 64 and key = :n;
"""
SCAN = r"""
\set part random(0, 63)
\set n random(0, 4999)
select key, value from kv where part = :part and key >= :n order by key limit 25;
"""
BATCH = r"""
\set n random(0, 2000000000)
insert into entries select (:n + 97 * i) % 1000000, nextval('fresh'), repeat('v', 100) from generate_series(0, 99) i;
"""

# Row, what the load does, clients, what the peer does.
ROWS = [
    ("put-1", "put", 1, PUT), ("put-16", "put", 16, PUT), ("put-256", "put", 256, PUT),
    ("linearizable-get", "get", 64, GET), ("scan-25", "scan", 16, SCAN), ("batch-100-entries", "batch", 16, BATCH),
]


def build(package, product):
    prefix = os.environ.get("BUILD_PREFIX", "").split()
    words = ["swift", "build", "-c", "release", "--package-path", str(package), "--product", product]
    subprocess.run(prefix + words, check=True, stdout=subprocess.DEVNULL)
    shown = subprocess.run(words[:-2] + ["--show-bin-path"], check=True, capture_output=True, text=True)
    return pathlib.Path(shown.stdout.strip()) / product


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Node:
    """A store of its own in a folder of its own."""

    def __init__(self, binary):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-bench-"))
        self.address = f"127.0.0.1:{free_port()}"
        admin = f"127.0.0.1:{free_port()}"
        self.log = open(self.folder / "log", "w")
        self.process = subprocess.Popen(
            [binary, "--listen", self.address, "--admin-listen", admin, "--data-dir", self.folder / "data"],
            stdout=self.log, stderr=self.log)
        for _ in range(200):
            try:
                if urllib.request.urlopen(f"http://{admin}/readyz", timeout=1).status == 200:
                    return
            except OSError:
                time.sleep(0.05)
        text = (self.folder / "log").read_text()[-500:]
        self.stop()
        raise RuntimeError(f"keevo did not get ready: {text}")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def load(binary, address, kind, clients, seconds):
    done = subprocess.run(
        [binary, address, kind, str(clients), str(seconds)], capture_output=True, text=True, timeout=seconds + 120)
    if done.returncode != 0:
        raise RuntimeError(f"the load failed: {done.stdout} {done.stderr}")
    calls, took = done.stdout.split()
    return int(calls) / float(took)


def bench(rounds, seconds, say=print):
    keevo, client = build(ROOT, "keevo"), build(HERE, "bench-keevo-load")
    node, peer = Node(keevo), Postgres()
    out = []
    try:
        peer.psql(SCHEMA)
        for name, kind, clients, script in ROWS:
            ours, theirs = [], []
            for _ in range(rounds):
                ours.append(load(client, node.address, kind, clients, seconds))
                theirs.append(peer.pgbench(script, min(clients, 128), seconds))
            say(f"{name}: {ours} beside {theirs}")
            out.append(row(name, "calls/s", "higher", ours, theirs, PEER, digits=1))
    finally:
        peer.stop()
        node.stop()
    return out
