"""Rows of `make bench ONLY=http`: our HTTP server beside nginx, each with one loop (worker), the same 200-byte answer.

json-200B-64 counts the server's CPU time per request (user and system, from /proc), with 64 connections of wrk on the same
machine: it varies far less than requests a second, and is what a core pays. idle-connection-bytes is what the process
grows by for each of 10,000 connections that made one request and then stay silent; the kernel's memory is not in it.
"""

import os
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import tempfile
import time

from rows import row

HERE = pathlib.Path(__file__).resolve().parent
CONNECTIONS = 10_000
TICKS = os.sysconf("SC_CLK_TCK")


def build():
    command = os.environ.get("BUILD_PREFIX", "").split() + ["swift", "build", "-c", "release", "--package-path", str(HERE)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shown = subprocess.run(
        ["swift", "build", "-c", "release", "--package-path", str(HERE), "--show-bin-path"],
        check=True, capture_output=True, text=True)
    return pathlib.Path(shown.stdout.strip()) / "bench-http-server"


def raise_file_limit():
    """For this process and the servers that it starts: each holds one descriptor a connection."""
    wanted = CONNECTIONS + 500
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise RuntimeError(f"{wanted} open files are needed and {hard} allowed: raise the hard limit (ulimit -Hn)")
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Server:
    """A server process of one of the two, with its CPU time and memory."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.port = 0

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_bytes(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text).group(1)) * 1024

    def wait_ready(self):
        for _ in range(200):
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.process.args[0]} ended: {self.process.stderr.read()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"{self.process.args[0]} does not answer on port {self.port}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Ours(Server):
    name = "millrace"

    def __init__(self, binary):
        super().__init__([str(binary), "1"])
        line = self.process.stderr.readline()
        if not line.startswith("port "):
            raise RuntimeError(f"bench-http-server said {line!r} instead of its port")
        self.port = int(line.split()[1])
        self.wait_ready()

    def clean(self):
        pass


class Nginx(Server):
    name = "nginx"

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-bench-nginx-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        head = '{"results":[],"padding":"'
        body = head + "x" * (200 - len(head) - 2) + '"}'
        config = self.folder / "nginx.conf"
        config.write_text(f"""
daemon off; master_process off; worker_processes 1; pid {self.folder}/pid; error_log stderr crit;
events {{ worker_connections {CONNECTIONS + 400}; }}
http {{
  access_log off; server_tokens off; keepalive_requests 1000000000; keepalive_timeout 600s;
  client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy; fastcgi_temp_path {self.folder}/f;
  uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ default_type "application/json; charset=utf-8"; return 200 '{body}'; }}
  }}
}}
""")
        super().__init__([shutil.which("nginx") or "/usr/sbin/nginx", "-p", str(self.folder), "-c", str(config)])
        self.port = port
        self.wait_ready()

    def clean(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def cpu_per_request(server, seconds):
    """Microseconds of the server's CPU for each request, and requests a second."""
    before = server.cpu_seconds()
    report = subprocess.run(
        ["wrk", "-t1", "-c64", f"-d{seconds}s", f"http://127.0.0.1:{server.port}/a/b?x=1"],
        check=True, capture_output=True, text=True).stdout
    used = server.cpu_seconds() - before
    requests, took = re.search(r"(\d+) requests in ([\d.]+)s", report).groups()
    if "Non-2xx" in report or "Socket errors" in report:
        raise RuntimeError(f"{server.name} failed under load:\n{report}")
    return used * 1e6 / int(requests), int(requests) / float(took)


def bytes_per_idle_connection(server):
    clients = []

    def open_one():
        client = socket.create_connection(("127.0.0.1", server.port), 10)
        client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        if not client.recv(4096).startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{server.name} did not answer 200")
        clients.append(client)

    try:
        for _ in range(50):  # whatever is made once is made now
            open_one()
        time.sleep(0.5)
        before = server.resident_bytes()
        for _ in range(CONNECTIONS):
            open_one()
        time.sleep(2)
        return (server.resident_bytes() - before) / CONNECTIONS
    finally:
        for client in clients:
            client.close()


def bench(rounds=3, seconds=6, say=print):
    for tool in ["wrk", "nginx"]:
        if not (shutil.which(tool) or pathlib.Path(f"/usr/sbin/{tool}").exists()):
            raise RuntimeError(f"{tool} is missing: apt-get install {'nginx-light' if tool == 'nginx' else tool}")
    raise_file_limit()
    binary = build()
    figures = {"millrace": [], "nginx": []}
    idle = {"millrace": [], "nginx": []}
    for _ in range(rounds):
        # Fresh processes each round: the growth is that of a process that held no connection before.
        for make in [lambda: Ours(binary), Nginx]:
            server = make()
            try:
                cpu_per_request(server, 1)
                cpu, rate = cpu_per_request(server, seconds)
                say(f"{server.name}: {cpu:.2f} us of CPU a request at {rate:,.0f} requests/s")
                figures[server.name].append(cpu)
            finally:
                server.stop()
                server.clean()
            server = make()
            try:
                grown = bytes_per_idle_connection(server)
                say(f"{server.name}: {grown:,.0f} bytes a connection, {CONNECTIONS} idle")
                idle[server.name].append(grown)
            finally:
                server.stop()
                server.clean()
    return [
        row("json-200B-64", "CPU us/request", "lower", figures["millrace"], figures["nginx"], "nginx, one worker"),
        row("idle-connection-bytes", "bytes/connection", "lower", idle["millrace"], idle["nginx"], "nginx, one worker", digits=0),
    ]
