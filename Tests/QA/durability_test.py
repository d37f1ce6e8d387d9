"""kill -9 of keevo under load: nothing that was acknowledged is lost, nothing is applied twice.

Writers send batches of two rows and a counter, each with its client id and sequence. The process is killed at a random
moment and started again; what had no answer is sent again with the same identity. After each start every acknowledged
batch must be there whole, and every counter must equal the number of batches that took effect.

MILLRACE_KILLS (default 5; the evidence uses 50), MILLRACE_SEED, MILLRACE_KEEVO_BINARY.
"""

import http.client
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("MILLRACE_KILLS", "5"))
SEED = int(os.environ.get("MILLRACE_SEED", str(random.SystemRandom().randrange(1 << 32))))
WRITERS = 8
SPACE_ROW, SPACE_TWIN, SPACE_COUNT = 0x61, 0x62, 0x63


def binary():
    named = os.environ.get("MILLRACE_KEEVO_BINARY")
    for path in [named] if named else [ROOT / ".build/release/keevo", ROOT / ".build/debug/keevo"]:
        if pathlib.Path(path).exists():
            return str(path)
    pytest.fail("keevo is not built: run make build, or set MILLRACE_KEEVO_BINARY")


@pytest.fixture(scope="module")
def stubs():
    """Messages and stubs of keevo.proto, made by grpcio-tools."""
    from grpc_tools import protoc

    folder = tempfile.mkdtemp(prefix="keevo-proto-")
    proto = ROOT / "Shared/KeevoClient"
    code = protoc.main(
        ["protoc", f"-I{proto}", f"--python_out={folder}", f"--grpc_python_out={folder}", str(proto / "keevo.proto")])
    assert code == 0
    sys.path.insert(0, folder)
    import keevo_pb2
    import keevo_pb2_grpc

    return keevo_pb2, keevo_pb2_grpc


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Node:
    """One keevo process on a folder and ports of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.port, self.admin = free_port(), free_port()
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [binary(), "--listen", f"127.0.0.1:{self.port}", "--admin-listen", f"127.0.0.1:{self.admin}",
             "--data-dir", f"{self.folder}/data", "--log-format", "plain"],
            stdout=subprocess.DEVNULL, stderr=open(f"{self.folder}/keevo.log", "ab"))
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"keevo ended with {self.process.returncode}: {self.folder}/keevo.log"
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=1)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"keevo is not ready after 30 s: {self.folder}/keevo.log")

    def kill(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        return self.process.wait(timeout=20)


class Writer:
    """One client: its identity, what it sent, and what was acknowledged."""

    def __init__(self, number, pb2):
        self.pb2 = pb2
        self.client = random.Random(SEED + number).randrange(1, 1 << 63)
        self.partition = pb2.Partition(app=1 + number % 2, name=f"w{number}".encode())
        self.sent = 0
        self.stamps = {}  # sequence -> stamp acknowledged
        self.open = []

    def request(self, sequence):
        pb2 = self.pb2
        rest = sequence.to_bytes(8, "big")
        row = pb2.RowKey(row_class=pb2.ROW_CLASS_DATA, space=SPACE_ROW, rest=rest)
        twin = pb2.RowKey(row_class=pb2.ROW_CLASS_JOBS, space=SPACE_TWIN, rest=rest)
        count = pb2.RowKey(row_class=pb2.ROW_CLASS_DATA, space=SPACE_COUNT)
        value = random.Random(sequence).randbytes(20 + sequence % 400)
        return pb2.WriteRequest(
            identity=pb2.RequestIdentity(
                client_id=self.client, sequence=sequence, acknowledged_below=min(self.open, default=sequence)),
            batches=[pb2.SubBatch(partition=self.partition, operations=[
                pb2.Operation(put=pb2.Put(key=row, value=value)),
                pb2.Operation(put=pb2.Put(key=twin, value=value)),
                pb2.Operation(add=pb2.Add(key=count, delta=1))])])

    def send(self, stub, sequence, timeout=5):
        if sequence not in self.open:
            self.open.append(sequence)
        result = stub.Write(self.request(sequence), timeout=timeout).results[0]
        assert not result.HasField("failed_condition")
        before = self.stamps.setdefault(sequence, result.stamp)
        assert before == result.stamp, f"sequence {sequence} was answered {before} first and {result.stamp} later"
        self.open.remove(sequence)

    def run(self, port, grpc, pb2_grpc, stop):
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = pb2_grpc.KeevoStub(channel)
            while not stop.is_set():
                sequence = self.sent + 1
                self.sent = sequence
                try:
                    self.send(stub, sequence)
                except grpc.RpcError:
                    return  # killed: whether it took effect is not known

    def check(self, stub):
        pb2 = self.pb2

        def rows(row_class, space):
            found, cursor = {}, b""
            while True:
                page = stub.Scan(pb2.ScanRequest(
                    partition=pb2.ScanRequest.PartitionScope(
                        partition=self.partition, range=pb2.RowRange(row_class=row_class, space=space)),
                    limit=1000, cursor=cursor), timeout=10)
                for row in page.rows:
                    found[int.from_bytes(row.key.rest, "big")] = (row.version, row.value)
                cursor = page.next
                if not cursor:
                    return found

        data, twins = rows(pb2.ROW_CLASS_DATA, SPACE_ROW), rows(pb2.ROW_CLASS_JOBS, SPACE_TWIN)
        assert data == twins, "half a batch"
        lost = [sequence for sequence, stamp in self.stamps.items() if data.get(sequence, (None,))[0] != stamp]
        assert not lost, f"acknowledged and lost: {lost[:5]} of {self.partition.name}"
        count = stub.Get(pb2.GetRequest(
            partition=self.partition, key=pb2.RowKey(row_class=pb2.ROW_CLASS_DATA, space=SPACE_COUNT)), timeout=10)
        total = int.from_bytes(count.row.value, "little") if count.HasField("row") else 0
        assert total == len(data), f"{total} counted, {len(data)} rows: applied twice or in part"
        return len(data)


def test_kill_under_load_loses_and_doubles_nothing(stubs):
    grpc = pytest.importorskip("grpc")
    pb2, pb2_grpc = stubs
    chance = random.Random(SEED)
    print(f"seed={SEED} kills={KILLS}")
    with tempfile.TemporaryDirectory(prefix="keevo-durability-") as folder:
        node = Node(folder)
        writers = [Writer(number, pb2) for number in range(WRITERS)]
        try:
            for _ in range(KILLS):
                node.start()
                stop = threading.Event()
                threads = [threading.Thread(target=w.run, args=(node.port, grpc, pb2_grpc, stop)) for w in writers]
                for thread in threads:
                    thread.start()
                time.sleep(0.2 + chance.random() * 0.8)
                node.kill()
                stop.set()
                for thread in threads:
                    thread.join()
                node.start()
                with grpc.insecure_channel(f"127.0.0.1:{node.port}") as channel:
                    stub = pb2_grpc.KeevoStub(channel)
                    for writer in writers:
                        writer.check(stub)
                        for sequence in list(writer.open):
                            writer.send(stub, sequence)
                        assert writer.check(stub) == writer.sent
                node.kill(chance.choice([signal.SIGKILL, signal.SIGTERM]))
            acknowledged = sum(len(writer.stamps) for writer in writers)
            print(f"durability: seed={SEED} kills={KILLS} acknowledged={acknowledged} lost=0 doubled=0")
            assert acknowledged > 20 * KILLS, "too little was written to show anything"
        finally:
            if node.process and node.process.poll() is None:
                node.kill()
