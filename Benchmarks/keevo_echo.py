"""Rows of `make bench ONLY=keevo`, the RPC layer alone.

grpc-echo-N: unary calls a second on one connection with N of them under way, 100 bytes each way, a deadline on every call.
Ours is our server called by our client, the peer is Google's C++ gRPC called by its own client (both asynchronous, one
thread a side, all four on one machine). `same-client` calls both servers with our client, which is the cheaper one: what the
servers alone differ by. `server-cpu` is the server's processor time per call at 64 under way: it varies least.

The peer is built from grpc_peer/ with Debian's libgrpc++-dev and protobuf-compiler-grpc; without them there are no peer's
figures, and the rows say so.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile

from rows import row

HERE = pathlib.Path(__file__).resolve().parent
TICKS = os.sysconf("SC_CLK_TCK")
PEER = "libgrpc++ (C-core)"


def build_ours():
    command = os.environ.get("BUILD_PREFIX", "").split() + [
        "swift", "build", "-c", "release", "--package-path", str(HERE), "--product", "bench-grpc"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shown = subprocess.run(
        ["swift", "build", "-c", "release", "--package-path", str(HERE), "--show-bin-path"],
        check=True, capture_output=True, text=True)
    return pathlib.Path(shown.stdout.strip()) / "bench-grpc"


def build_peer(folder, say):
    """The peer's program; None where the machine has no libgrpc++."""
    plugin = shutil.which("grpc_cpp_plugin")
    if not plugin or subprocess.run(["pkg-config", "--exists", "grpc++"], check=False).returncode:
        say("no libgrpc++-dev or protobuf-compiler-grpc: no figures of the peer (apt-get install both)")
        return None
    source = HERE / "grpc_peer"
    subprocess.run(
        ["protoc", f"-I{source}", f"--cpp_out={folder}", f"--grpc_out={folder}", f"--plugin=protoc-gen-grpc={plugin}",
         str(source / "echo.proto")], check=True)
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "grpc++", "protobuf"], check=True, capture_output=True, text=True).stdout.split()
    program = folder / "echo"
    subprocess.run(
        ["g++", "-O2", "-DNDEBUG", "-std=c++17", f"-I{folder}", "-o", str(program), str(source / "echo.cc"),
         str(folder / "echo.pb.cc"), str(folder / "echo.grpc.pb.cc"), *flags], check=True)
    return program


class Server:
    """An echo server of one of the two, with its processor time."""

    def __init__(self, program):
        self.process = subprocess.Popen([program, "server"], stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        if len(words) != 2 or words[0] != "port":
            raise RuntimeError(f"{program} server said {words}")
        self.port = int(words[1])

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def stop(self):
        self.process.kill()
        self.process.wait()


def measure(server, client, in_flight, seconds):
    """Calls a second, and the server's processor microseconds per call."""
    before = server.cpu_seconds()
    words = subprocess.run(
        [client, "client", str(server.port), str(in_flight), str(seconds)], check=True, capture_output=True, text=True,
        timeout=seconds + 30).stdout.split()
    calls, elapsed = int(words[1]), float(words[3])
    # The half second before the count has its share of the processor time, at the same rate.
    cpu = (server.cpu_seconds() - before) * elapsed / (elapsed + 0.5)
    return calls / elapsed, cpu / calls * 1e6


def bench(rounds, seconds, say):
    ours = build_ours()
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as folder:
        peer = build_peer(pathlib.Path(folder), say)
        servers = {"ours": Server(ours)}
        if peer:
            servers["peer"] = Server(peer)
        figures = {}
        try:
            for _ in range(rounds):
                for in_flight in (1, 16, 64):
                    for side, server in servers.items():
                        own = ours if side == "ours" else peer
                        rate, cpu = measure(server, own, in_flight, seconds)
                        figures.setdefault(("own", in_flight, side), []).append(rate)
                        if side == "ours":
                            same = (rate, cpu)
                        else:
                            same = measure(server, ours, in_flight, seconds)
                        figures.setdefault(("same", in_flight, side), []).append(same[0])
                        figures.setdefault(("cpu", in_flight, side), []).append(same[1])
        finally:
            for server in servers.values():
                server.stop()

    def result(name, unit, better, kind, in_flight):
        theirs = figures.get((kind, in_flight, "peer"))
        return row(name, unit, better, figures[(kind, in_flight, "ours")], theirs, PEER if theirs else None)

    rows = [result(f"grpc-echo-{n}", "calls/s", "higher", "own", n) for n in (1, 16, 64)]
    rows += [result(f"grpc-echo-{n}-same-client", "calls/s", "higher", "same", n) for n in (1, 16, 64)]
    rows.append(result("grpc-echo-64-server-cpu", "us/call", "lower", "cpu", 64))
    return rows
