"""Jobs on services of the tests' own: one trace from request to store to worker, and dead letters that come alive again."""

import http.client
import json
import os
import random
import subprocess
import time

import pytest

from client import token
from private_stack import BINARIES, Control, Postgres, Service

grpc = pytest.importorskip("grpc")
pytest.importorskip("grpc_tools")
pytestmark = pytest.mark.skipif(
    os.environ.get("READ_ONLY") == "1" or not (BINARIES / "worker").exists(),
    reason="needs the machine's own PostgreSQL and the built services (MILLRACE_BIN)")

FANS = 40
VISIBLE = 2
SECONDS_MAX = 20
JOB, DEAD = ord("j"), ord("k")


class Services:
    """keevo, feed-api and worker at level debug; feed-api leaves all but two followers to the worker."""

    def __init__(self, folder):
        self.folder = folder
        self.postgres = Postgres()
        self.keevo = self.api = self.worker = None
        try:
            control = Control(self.postgres, folder)
            self.keevo = Service("keevo", folder, log_level="debug")
            shared = {"keevo": self.keevo.listen, "log_level": "debug"}
            configuration = {"postgres": self.postgres.connection, "master_key_file": control.master_key}
            self.api = Service(
                "feed-api", folder, redis="127.0.0.1:1", visible_feeds_max=VISIBLE, **configuration, **shared)
            self.worker = Service("worker", folder, **configuration, **shared)
            self.app = control.json("apply", control.file("jobs"))
            self.keevo.start().wait_ready()
            self.api.start().wait_ready()
            self.call("POST", "follow_many/", [{"source": f"timeline:{n}", "target": "user:1"} for n in range(FANS)])
        except BaseException:
            self.remove()
            raise

    def call(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection(self.api.listen, timeout=10)
        connection.request(
            method, f"/api/v1.0/{path}{'&' if '?' in path else '?'}api_key={self.app['key']}", None if body is None else json.dumps(body),
            {"Authorization": token(self.app["secret"]), "Stream-Auth-Type": "jwt", "Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status in (200, 201), text
        return json.loads(text)

    def followers(self):
        return len(self.call("GET", f"feed/user/1/followers/?limit={FANS}")["results"])

    def reached(self):
        return sum(len(self.call("GET", f"feed/timeline/{fan}/")["results"]) for fan in range(FANS))

    def dead_letters(self, *words, code=0):
        done = subprocess.run(
            [BINARIES / "worker", "dead-letters", *words, "--keevo", self.keevo.listen, "--output", "json"],
            env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=30)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout) if done.stdout else done.stderr

    def remove(self):
        for service in (self.worker, self.api, self.keevo):
            if service:
                service.remove()
        self.postgres.remove()


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    services = Services(tmp_path_factory.mktemp("jobs"))
    yield services
    services.remove()


def lines(service, trace):
    """The log's lines that carry the trace."""
    return [line for line in map(json.loads, service.log().splitlines()) if line.get("trace") == trace]


def test_one_trace_goes_from_the_request_through_the_store_to_the_worker(services):
    trace = f"{random.getrandbits(128) | 1:032x}"
    services.worker.start().wait_ready()
    deadline = time.monotonic() + SECONDS_MAX
    # A follower whose edge comes after the add gets it by the copy of its follow, not by the fan-out.
    while services.followers() < FANS:
        assert time.monotonic() < deadline, services.worker.log()[-2000:]
        time.sleep(0.05)
    added = services.call(
        "POST", "feed/user/1/", {"actor": "a", "verb": "v", "object": "o"}, traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    deadline = time.monotonic() + SECONDS_MAX
    while services.reached() < FANS:
        assert time.monotonic() < deadline, services.worker.log()[-2000:]
        time.sleep(0.05)
    while not [line for line in lines(services.worker, trace) if line["message"] == "job run" and line["finished"] == "true"]:
        assert time.monotonic() < deadline, services.worker.log()[-2000:]
        time.sleep(0.05)
    (request,) = [line for line in lines(services.api, trace) if line["message"] == "request"]
    assert request["method"] == "POST" and request["status"] == "201"
    calls = [line["path"].rsplit("/", 1)[-1] for line in lines(services.keevo, trace)]
    assert "Write" in calls and "PutMany" in calls, calls
    # A read carries its own to the store.
    read = f"{random.getrandbits(128) | 1:032x}"
    services.call("GET", "feed/user/1/", traceparent=f"00-{read}-00f067aa0ba902b7-01")
    deadline = time.monotonic() + SECONDS_MAX
    while not (calls := [line["path"].rsplit("/", 1)[-1] for line in lines(services.keevo, read)]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert set(calls) <= {"ScanJoin", "MultiGet", "Scan", "Get"} and "ScanJoin" in calls
    assert services.worker.end() == 0
    services.call("DELETE", f"feed/user/1/{added['id']}/")


@pytest.fixture(scope="module")
def messages(tmp_path_factory):
    import keevo_messages
    return keevo_messages.make(tmp_path_factory.mktemp("proto"))


def bury(services, messages):
    """Moves every fan-out job among the dead letters, as a worker does that has tried it too often."""
    buried = 0
    with grpc.insecure_channel(services.keevo.listen) as channel:
        store = messages.KeevoStub(channel)
        client, sequence = random.getrandbits(63) | 1, 0
        for shard in store.Topology(messages.TopologyRequest()).shards:
            scope = messages.ScanRequest.ShardScope(shard=shard.id, row_class=messages.ROW_CLASS_JOBS)
            for row in store.Scan(messages.ScanRequest(shard=scope, limit=1000)).rows:
                if row.key.space != JOB or row.value[1] != 1:
                    continue
                sequence += 1
                grave = messages.RowKey(row_class=messages.ROW_CLASS_JOBS, space=DEAD, rest=row.key.rest)
                operations = [
                    messages.Operation(delete=row.key), messages.Operation(put=messages.Put(key=grave, value=row.value))]
                store.Write(messages.WriteRequest(
                    identity=messages.RequestIdentity(client_id=client, sequence=sequence, acknowledged_below=sequence),
                    batches=[messages.SubBatch(partition=row.partition, operations=operations)]))
                buried += 1
    return buried


def test_a_dead_letter_is_listed_shown_replayed_and_dropped(services, messages):
    assert services.dead_letters("list")["results"] == []
    services.call("POST", "feed/user/1/", {"actor": "a", "verb": "v", "object": "late"})
    assert services.reached() < FANS
    assert bury(services, messages) == 1
    (letter,) = services.dead_letters("list", "--kind", "fan-out")["results"]
    assert letter["app"] == services.app["app_id"] and len(letter["trace"]) == 32
    assert services.dead_letters("list", "--app", str(services.app["app_id"] + 1))["results"] == []
    shown = services.dead_letters("show", letter["name"])
    assert shown["payload"] and shown["name"] == letter["name"]
    # A worker leaves it alone until it is replayed.
    services.worker.start().wait_ready()
    time.sleep(0.5)
    assert services.reached() < FANS
    assert services.dead_letters("replay", letter["name"]) == {"replayed": 1}
    deadline = time.monotonic() + SECONDS_MAX
    while services.reached() < FANS:
        assert time.monotonic() < deadline, services.worker.log()[-2000:]
        time.sleep(0.1)
    assert services.dead_letters("list")["results"] == []
    assert services.dead_letters("replay", letter["name"], code=3)["replayed"] == 0
    # Dropped, it is never done.
    assert services.worker.end() == 0
    services.call("POST", "feed/user/1/", {"actor": "a", "verb": "v", "object": "dropped"})
    reached = services.reached()
    assert bury(services, messages) == 1
    assert services.dead_letters("drop", "--all") == {"dropped": 1}
    assert services.dead_letters("list")["results"] == []
    services.worker.start().wait_ready()
    time.sleep(0.5)
    assert services.reached() == reached < 2 * FANS
    assert services.worker.end() == 0


def test_misuse_and_an_absent_store_have_their_exit_codes(services):
    assert "write list, show, replay or drop" in services.dead_letters(code=2)
    done = subprocess.run(
        [BINARIES / "worker", "dead-letters", "list", "--keevo", "127.0.0.1:1", "--keevo-call-milliseconds", "200"],
        env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "the store did not answer in time" in done.stderr and "127.0.0.1:1" in done.stderr
