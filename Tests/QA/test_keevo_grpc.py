"""Keevo through Google's own gRPC client: every call of keevo.proto against the real executable.

The Python classes are made from keevo.proto at test time, as a newcomer would make them in any language. Needs MILLRACE_BIN,
the folder of the executables; starts a node of its own on free ports and an empty folder.
"""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

import keevo_messages

BINARIES = pathlib.Path(os.environ.get("MILLRACE_BIN", "/nonexistent"))

grpc = pytest.importorskip("grpc")
pytest.importorskip("grpc_tools")
pytestmark = pytest.mark.skipif(not (BINARIES / "keevo").exists(), reason="needs MILLRACE_BIN, the folder of the executables")

SPACE = ord("e")


@pytest.fixture(scope="module")
def messages(tmp_path_factory):
    """The generated modules: messages and stubs in one name space."""
    return keevo_messages.make(tmp_path_factory.mktemp("proto"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Node:
    """A `keevo` process."""

    def __init__(self, folder, port, admin):
        self.folder, self.port, self.admin = folder, port, admin
        self.start()

    def start(self):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("MILLRACE_")}
        self.log = open(self.folder / "keevo.log", "a")
        self.process = subprocess.Popen(
            [BINARIES / "keevo", "--listen", f"127.0.0.1:{self.port}", "--admin-listen", f"127.0.0.1:{self.admin}",
             "--data-dir", str(self.folder / "data"), "--log-format", "json"],
            env=clean, stderr=self.log, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            assert self.process.poll() is None, (self.folder / "keevo.log").read_text()[-2000:]
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("keevo did not listen in 15 s")

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(15)
        self.log.close()
        return code


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    node = Node(tmp_path_factory.mktemp("keevo"), free_port(), free_port())
    yield node
    if node.process.poll() is None:
        node.stop()


@pytest.fixture(scope="module")
def channel(node):
    # A short wait between attempts, so that the node's restart costs the tests no second.
    options = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200), ("grpc.min_reconnect_backoff_ms", 50)]
    with grpc.insecure_channel(f"127.0.0.1:{node.port}", options=options) as channel:
        yield channel


@pytest.fixture(scope="module")
def store(messages, channel):
    return messages.KeevoStub(channel)


class Identities:
    """What a client of the store adds to each write."""

    def __init__(self, messages):
        self.messages, self.client, self.sequence = messages, int.from_bytes(os.urandom(8), "big") | 1, 0
        self.lock = threading.Lock()

    def next(self, acknowledges=True):
        """With `acknowledges`, every earlier write has its answer."""
        with self.lock:
            self.sequence += 1
            return self.messages.RequestIdentity(
                client_id=self.client, sequence=self.sequence, acknowledged_below=self.sequence if acknowledges else 1)


@pytest.fixture(scope="module")
def identities(messages):
    return Identities(messages)


@pytest.fixture
def partition(messages, request):
    """One for each test."""
    return messages.Partition(app=7, name=f"f/test:{request.node.name}".encode())


def key(messages, rest, row_class=1, space=SPACE):
    return messages.RowKey(row_class=row_class, space=space, rest=rest)


def put(messages, rest, value, **where):
    return messages.Operation(put=messages.Put(key=key(messages, rest, **where), value=value))


def write(messages, store, identities, partition, operations, conditions=(), **more):
    batch = messages.SubBatch(partition=partition, operations=operations, conditions=conditions, **more)
    return store.Write(messages.WriteRequest(identity=identities.next(), batches=[batch]), timeout=10).results[0]


def whole(messages, partition, **more):
    scope = messages.ScanRequest.PartitionScope(partition=partition, range=messages.RowRange(row_class=1, space=SPACE))
    return messages.ScanRequest(partition=scope, **{"limit": 100, **more})


def refused(call, code, name):
    """The call fails with this gRPC code, and the trailer names the store's error."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    error = caught.value
    assert error.code() == code, error
    assert dict(error.trailing_metadata())["keevo-error"].split(":")[0] == name
    assert error.details()
    return error


def test_get_reads_what_was_written_with_its_stamp(messages, store, identities, partition):
    request = messages.GetRequest(partition=partition, key=key(messages, b"a"))
    assert not store.Get(request, timeout=10).HasField("row")
    result = write(messages, store, identities, partition, [put(messages, b"a", b"\x00\xff")])
    assert not result.HasField("failed_condition") and abs(result.time_milliseconds / 1000 - time.time()) < 60
    answer = store.Get(request, timeout=10)
    assert (answer.row.value, answer.row.version) == (b"\x00\xff", result.stamp)
    assert answer.read_stamp >= result.stamp
    stale = store.Get(messages.GetRequest(partition=partition, key=key(messages, b"a"), stale_milliseconds=500), timeout=10)
    assert stale.row == answer.row


def test_multi_get_answers_in_order(messages, store, identities, partition):
    partitions = [messages.Partition(app=7, name=partition.name + b"/%d" % number) for number in range(12)]
    batches = [messages.SubBatch(partition=p, operations=[put(messages, b"k", b"%d" % i)]) for i, p in enumerate(partitions) if i % 2]
    store.Write(messages.WriteRequest(identity=identities.next(), batches=batches), timeout=10)
    items = [messages.MultiGetRequest.Item(partition=p, key=key(messages, b"k")) for p in partitions]
    rows = store.MultiGet(messages.MultiGetRequest(items=items), timeout=10).rows
    assert [row.row.value if row.HasField("row") else None for row in rows] == [b"%d" % i if i % 2 else None for i in range(12)]


def test_scan_pages_both_ways(messages, store, identities, partition):
    write(messages, store, identities, partition, [put(messages, bytes([n]), bytes([n])) for n in range(30)])
    for reverse in (False, True):
        seen, cursor = [], b""
        while True:
            page = store.Scan(whole(messages, partition, limit=7, reverse=reverse, cursor=cursor), timeout=10)
            seen += [row.value[0] for row in page.rows]
            cursor = page.next
            if not cursor:
                break
        assert seen == (list(range(29, -1, -1)) if reverse else list(range(30)))
    names = store.Scan(whole(messages, partition, keys_only=True), timeout=10)
    assert len(names.rows) == 30 and not any(row.value for row in names.rows)
    assert names.applied_index > 0 and names.read_stamp > 0
    several = store.MultiScan(messages.MultiScanRequest(
        scans=[whole(messages, partition, keys_only=True), whole(messages, partition, limit=7)]), timeout=10)
    assert [len(page.rows) for page in several.pages] == [30, 7]
    assert several.pages[0].rows == names.rows and several.pages[1].next


def test_scan_join_follows_pointers(messages, store, identities, partition):
    ids = [bytes([n]) * 16 for n in (1, 2)]
    body = messages.Partition(app=7, name=ids[0].hex().encode())
    write(messages, store, identities, body, [put(messages, b"", b"body", space=ord("a"))])
    inverted = [bytes(255 - byte for byte in one) for one in ids]
    write(messages, store, identities, partition,
          [put(messages, inverted[0] + b"1", b"x"), put(messages, inverted[0] + b"2", b"y"), put(messages, inverted[1], b"z"),
           put(messages, b"m", b"mark", space=ord("m"))])
    answer = store.ScanJoin(
        messages.ScanJoinRequest(
            partition=partition, range=messages.RowRange(row_class=1, space=SPACE), limit=10,
            join=messages.JoinRule(key_offset=0, length=16, inverted=True, space=ord("a")),
            also_get=[key(messages, b"m", space=ord("m")), key(messages, b"n", space=ord("m"))]), timeout=10)
    Outcome = messages.ScanJoinResponse
    assert [(row.row.value, row.outcome) for row in answer.rows] == [
        (b"z", Outcome.OUTCOME_ABSENT), (b"x", Outcome.OUTCOME_FOUND), (b"y", Outcome.OUTCOME_SAME)]
    assert answer.rows[1].joined.value == b"body"
    assert [row.row.value if row.HasField("row") else None for row in answer.also] == [b"mark", None]


def test_unchanged_tells_what_has_not_been_written_to(messages, store, identities, partition):
    def place(app, name):
        value = 0xFFFFFFFF
        for byte in app.to_bytes(4, "big") + name:
            value ^= byte
            for _ in range(8):
                value = value >> 1 ^ 0x82F63B78 if value & 1 else value >> 1
        return value ^ 0xFFFFFFFF

    places = [place(partition.app, partition.name)]
    moments = store.Unchanged(messages.UnchangedRequest()).moments
    question = messages.UnchangedRequest.Question
    asked = messages.UnchangedRequest(questions=[question(places=places, since=moments), question(since=moments)])
    assert list(store.Unchanged(asked).unchanged) == [True, True]
    write(messages, store, identities, partition, [put(messages, b"u", b"1")])
    answer = store.Unchanged(asked)
    assert list(answer.unchanged) == [False, True] and len(answer.moments) == len(moments)
    again = messages.UnchangedRequest(questions=[question(places=places, since=answer.moments)])
    assert list(store.Unchanged(again).unchanged) == [True]


def test_conditions_refuse_by_position(messages, store, identities, partition):
    first = write(messages, store, identities, partition, [put(messages, b"a", b"1")])
    Condition = messages.Condition
    holds = Condition(version_equals=Condition.VersionEquals(key=key(messages, b"a"), version=first.stamp))
    for fails in (
        Condition(absent=key(messages, b"a")),
        Condition(version_equals=Condition.VersionEquals(key=key(messages, b"a"), version=first.stamp + 1)),
        Condition(value_equals=Condition.ValueEquals(key=key(messages, b"a"), value=b"2")),
        Condition(range_empty=messages.RowRange(row_class=1, space=SPACE)),
        Condition(not_after=1),
    ):
        result = write(messages, store, identities, partition, [put(messages, b"b", b"")], [holds, fails])
        assert result.HasField("failed_condition") and result.failed_condition == 1, fails
    assert len(store.Scan(whole(messages, partition), timeout=10).rows) == 1
    result = write(messages, store, identities, partition, [put(messages, b"b", b"")], [holds],
                   scan_after=messages.RowRange(row_class=1, space=SPACE), scan_after_limit=10)
    assert [row.key.rest for row in result.scanned] == [b"a", b"b"]


def test_every_operation(messages, store, identities, partition):
    Operation = messages.Operation
    result = write(messages, store, identities, partition, [
        put(messages, b"a", b"1"),
        Operation(put_if_absent=messages.Put(key=key(messages, b"a"), value=b"2")),
        put(messages, b"b", b""), Operation(delete=key(messages, b"b")),
        put(messages, b"c1", b""), put(messages, b"c2", b""),
        Operation(delete_range=messages.RowRange(row_class=1, space=SPACE, start=b"c1", end=b"c2")),
        Operation(add=messages.Add(key=key(messages, b"n"), delta=-5)), Operation(add=messages.Add(key=key(messages, b"n"), delta=3)),
        Operation(put=messages.Put(key=key(messages, b"s" + bytes(8)), value=bytes(8), key_stamp_at=[1], value_stamp_at=[0])),
    ])
    rows = {row.key.rest: row.value for row in store.Scan(whole(messages, partition), timeout=10).rows}
    stamp = result.stamp.to_bytes(8, "big")
    assert rows == {b"a": b"1", b"c2": b"", b"n": (-2).to_bytes(8, "little", signed=True), b"s" + stamp: stamp}


def test_a_repeated_identity_is_answered_as_the_first_time(messages, store, identities, partition):
    request = messages.WriteRequest(
        identity=identities.next(),
        batches=[messages.SubBatch(
            partition=partition, operations=[messages.Operation(add=messages.Add(key=key(messages, b"n"), delta=1))])])
    first = store.Write(request, timeout=10)
    assert [store.Write(request, timeout=10) for _ in range(3)] == [first] * 3
    row = store.Get(messages.GetRequest(partition=partition, key=key(messages, b"n")), timeout=10).row
    assert int.from_bytes(row.value, "little") == 1


def test_put_many(messages, store, identities, partition):
    targets = [messages.PutManyRequest.Target(partition_name=partition.name + b"/%d" % n, own=n) for n in range(200)]
    request = dict(app=7, row_class=1, space=SPACE, rest_prefix=b"p", value=b"v", targets=targets)
    assert not store.PutMany(messages.PutManyRequest(identity=identities.next(), **request), timeout=10).late
    late = store.PutMany(
        messages.PutManyRequest(identity=identities.next(), not_after_milliseconds=1, **{**request, "rest_prefix": b"q"}), timeout=10)
    assert list(late.late) == list(range(200))
    for number in (0, 99, 199):
        own = messages.Partition(app=7, name=targets[number].partition_name)
        assert [row.key.rest for row in store.Scan(whole(messages, own), timeout=10).rows] == [b"p" + number.to_bytes(8, "big")]


def shard_of(messages, store, identities, partition):
    """The shard that tells of a job written there."""
    topology = store.Topology(messages.TopologyRequest(), timeout=10)
    write(messages, store, identities, partition, [put(messages, b"probe", b"", row_class=2, space=ord("j"))])
    for shard in topology.shards:
        scope = messages.ScanRequest.ShardScope(shard=shard.id, row_class=2)
        for row in store.Scan(messages.ScanRequest(shard=scope, limit=10_000), timeout=10).rows:
            if row.partition == partition:
                return shard.id
    raise AssertionError("no shard holds the job")


def test_watch_tells_every_change_in_order(messages, store, identities, partition):
    shard = shard_of(messages, store, identities, partition)
    scope = messages.ScanRequest.ShardScope(shard=shard, row_class=2)
    start = store.Scan(messages.ScanRequest(shard=scope, limit=1), timeout=10).applied_index + 1
    stream = store.Watch(messages.WatchRequest(shard=shard, row_class=2, from_index=start), timeout=30)
    for number in range(100):
        write(messages, store, identities, partition, [put(messages, b"%03d" % number, b"v", row_class=2, space=ord("j"))])
    write(messages, store, identities, partition, [messages.Operation(delete=key(messages, b"007", row_class=2, space=ord("j")))])
    seen, last = [], 0
    for event in stream:
        if event.WhichOneof("event") == "changed":
            assert event.changed.index >= last
            last = event.changed.index
            if event.changed.partition == partition:
                seen.append((event.changed.key.rest, event.changed.HasField("value")))
        if len(seen) == 101:
            stream.cancel()
            break
    assert seen == [(b"%03d" % number, True) for number in range(100)] + [(b"007", False)]


def test_topology_status_and_metrics(messages, store, channel, node):
    topology = store.Topology(messages.TopologyRequest(), timeout=10)
    ranges = sorted((shard.slot_start, shard.slot_end) for shard in topology.shards)
    assert len(ranges) == 8 and ranges[0][0] == 0 and ranges[-1][1] == 4096
    assert all(a[1] == b[0] for a, b in zip(ranges, ranges[1:]))
    admin = messages.AdminStub(channel)
    status = admin.Status(messages.StatusRequest(), timeout=10)
    assert status.node_id == 1 and len(status.shards) == 8 and {shard.role for shard in status.shards} == {"leader"}
    assert any(shard.applied_index > 0 for shard in status.shards)
    text = admin.Metrics(messages.MetricsRequest(), timeout=10).text
    assert "grpc_server_call_seconds_count" in text and "keevo_applied_index" in text


def test_errors_are_typed(messages, store, identities, partition):
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    large = messages.WriteRequest(
        identity=identities.next(),
        batches=[messages.SubBatch(partition=partition, operations=[put(messages, b"a", bytes((1 << 20) + 1))])])
    error = refused(lambda: store.Write(large, timeout=10), invalid, "invalid")
    assert "1048576" in error.details()
    refused(lambda: store.Scan(whole(messages, partition, limit=10_001), timeout=10), invalid, "invalid")
    refused(lambda: store.Scan(messages.ScanRequest(limit=1), timeout=10), invalid, "invalid")
    refused(lambda: store.Get(messages.GetRequest(partition=messages.Partition(app=1, name=b"a b"), key=key(messages, b"")), timeout=10),
            invalid, "invalid")
    refused(lambda: store.Write(messages.WriteRequest(), timeout=10), invalid, "invalid")


def test_unknown_methods_and_garbage(channel):
    call = channel.unary_unary("/millrace.keevo.v1.Keevo/Nothing")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"", timeout=10)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
    call = channel.unary_unary("/millrace.keevo.v1.Keevo/Get")
    refused(lambda: call(b"\xff\xff\xff", timeout=10), grpc.StatusCode.INVALID_ARGUMENT, "invalid")


def test_unknown_fields_are_passed_over(messages, channel, identities, store, partition):
    write(messages, store, identities, partition, [put(messages, b"a", b"1")])
    newer = messages.GetRequest(partition=partition, key=key(messages, b"a")).SerializeToString() + b"\xfa\x3f\x03new"
    call = channel.unary_unary("/millrace.keevo.v1.Keevo/Get")
    assert messages.GetResponse.FromString(call(newer, timeout=10)).row.value == b"1"


def test_many_calls_at_once(messages, store, partition):
    identities = Identities(messages)
    one = messages.SubBatch(partition=partition, operations=[messages.Operation(add=messages.Add(key=key(messages, b"n"), delta=1))])
    futures = [
        store.Write.future(messages.WriteRequest(identity=identities.next(acknowledges=False), batches=[one]), timeout=30)
        for _ in range(500)
    ]
    stamps = {future.result().results[0].stamp for future in futures}
    assert len(stamps) == 500
    row = store.Get(messages.GetRequest(partition=partition, key=key(messages, b"n")), timeout=10).row
    assert int.from_bytes(row.value, "little") == 500


def test_what_was_answered_survives_kill_and_drain(messages, store, identities, partition, node):
    for how, code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 0)):
        result = write(messages, store, identities, partition, [put(messages, str(how).encode(), b"kept")])
        assert node.stop(how) == code
        node.start()
        request = messages.GetRequest(partition=partition, key=key(messages, str(how).encode()))
        answer = store.Get(request, timeout=15, wait_for_ready=True)
        assert (answer.row.value, answer.row.version) == (b"kept", result.stamp)
