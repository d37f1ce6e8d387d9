"""A PostgreSQL, a store and services of a test's own, which it may stop and freeze without harming the stack of QA."""

import http.client
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("MILLRACE_BIN") or ROOT / ".build/release")
POSTGRES_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
READY_SECONDS_MAX = 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    """A cluster of its own on a socket only: /tmp, since a socket's path has at most 107 bytes."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-pg-", dir="/tmp"))
        self.owner = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            shutil.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self.owner = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self.port = free_port()
        self.connection = f"host={self.folder} port={self.port} user=millrace dbname=millrace"
        self.control("initdb", "-D", self.data, "-U", "millrace", "-A", "trust", "--no-sync", "-E", "UTF8")
        with open(self.data / "postgresql.conf", "a") as file:
            file.write(f"listen_addresses=''\nunix_socket_directories='{self.folder}'\nport={self.port}\nfsync=off\n")
        self.start()
        self.control("createdb", "-h", self.folder, "-p", self.port, "-U", "millrace", "millrace")

    @property
    def data(self):
        return self.folder / "data"

    def control(self, program, *words):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
        with open(self.folder / "tool.log", "ab") as log:
            subprocess.run(
                [str(POSTGRES_BIN / program), *map(str, words)], check=True, env=environment, stdout=log, stderr=log,
                cwd=self.folder, timeout=60, **self.owner)

    def start(self):
        self.control("pg_ctl", "-D", self.data, "-l", self.folder / "postgres.log", "-w", "-t", "20", "start")

    def stop(self):
        self.control("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")

    def processes(self):
        parent = int((self.data / "postmaster.pid").read_text().split()[0])
        children = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [parent, *map(int, children)]

    def send(self, number):
        for pid in self.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass  # a backend that has just ended

    def sql(self, text, check=True):
        return subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-p", str(self.port), "-U",
             "millrace", "-d", "millrace", "-c", text],
            check=check, capture_output=True, text=True, timeout=60)

    def remove(self):
        if (self.data / "postmaster.pid").exists():
            self.send(signal.SIGCONT)
            self.control("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis:
    """A Redis without a file."""

    def __init__(self):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"],
            cwd="/tmp", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < deadline and self.process.poll() is None, "redis-server did not start"
                time.sleep(0.02)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Control:
    """dashboard-api's commands against a PostgreSQL and a master key."""

    def __init__(self, postgres, folder, redis="127.0.0.1:1"):
        self.postgres, self.folder = postgres, pathlib.Path(folder)
        self.master_key = self.folder / "master.key"
        self.environment = {
            "PATH": os.environ["PATH"], "MILLRACE_POSTGRES": postgres.connection,
            "MILLRACE_MASTER_KEY_FILE": str(self.master_key), "MILLRACE_REDIS": redis,
        }

    def popen(self, *words, **more):
        return subprocess.Popen(
            [str(BINARIES / "dashboard-api"), *map(str, words)], env={**self.environment, **more}, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

    def run(self, *words, code=0, **more):
        """The completed command; its exit code must be `code`."""
        process = self.popen(*words, **more)
        out, err = process.communicate(timeout=60)
        assert process.returncode == code, f"exit code {process.returncode}, expected {code}\n{out}\n{err}"
        return out, err

    def json(self, *words, code=0, **more):
        out, _ = self.run(*words, "--output", "json", code=code, **more)
        return json.loads(out)

    def file(self, name, **members):
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps({"version": 1, "app": {"name": name}, **members}))
        return path


class Service:
    """One of the seven as a process of its own."""

    def __init__(self, name, folder, **settings):
        self.name, self.folder = name, pathlib.Path(folder)
        self.listen, self.admin = (f"127.0.0.1:{free_port()}" for _ in range(2))
        data = self.folder / name
        data.mkdir(exist_ok=True)
        self.environment = {
            "PATH": os.environ["PATH"], "MILLRACE_LISTEN": self.listen, "MILLRACE_ADMIN_LISTEN": self.admin,
            "MILLRACE_DATA_DIR": str(data), "MILLRACE_LOG_FORMAT": "json",
            **{f"MILLRACE_{key.upper()}": str(value) for key, value in settings.items()},
        }
        self.process = None

    def start(self):
        with open(self.folder / f"{self.name}.log", "ab") as log:
            self.process = subprocess.Popen(
                [str(BINARIES / self.name)], env=self.environment, stdout=log, stderr=log, cwd=self.folder)
        return self

    def log(self):
        return (self.folder / f"{self.name}.log").read_text()

    def probe(self, path):
        connection = http.client.HTTPConnection(self.admin, timeout=2)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError as problem:
            return 0, str(problem)
        finally:
            connection.close()

    def wait_ready(self, seconds=READY_SECONDS_MAX):
        began = time.monotonic()
        while (answer := self.probe("/readyz"))[0] != 200:
            assert self.process.poll() is None, f"{self.name} ended: {self.log()[-2000:]}"
            assert time.monotonic() - began < seconds, f"{self.name} is not ready after {seconds} s: {answer}"
            time.sleep(0.02)
        return self

    def metric(self, name):
        for line in self.probe("/metrics")[1].splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[1])
        raise AssertionError(f"{self.name} exports no {name}")

    def end(self):
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()

    def remove(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
