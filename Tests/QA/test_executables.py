"""The seven executables on their own: command line, settings, signals, exit codes."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

BINARIES = pathlib.Path(os.environ.get("MILLRACE_BIN", "/nonexistent"))
ALL = ["feed-api", "keevo", "realtime", "analytics", "personalization", "dashboard-api", "worker"]

pytestmark = pytest.mark.skipif(not (BINARIES / "realtime").exists(), reason="needs MILLRACE_BIN, the folder of the executables")


def run(name, *words, **environment):
    """Without the stack's own variables, which would be settings here."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MILLRACE_")}
    return subprocess.run(
        [BINARIES / name, *words], env={**clean, **environment}, capture_output=True, text=True, timeout=10, check=False)


@pytest.mark.parametrize("name", ALL)
def test_help_version_and_check(name):
    said = run(name, "--help")
    assert said.returncode == 0 and said.stdout.startswith(f"{name}: ") and "--admin-listen" in said.stdout
    said = run(name, "--version")
    assert said.returncode == 0 and said.stdout.split()[0] == name
    said = run(name, "--check")
    assert said.returncode == 0 and "log-level" in said.stdout


@pytest.mark.parametrize("name", ALL)
def test_a_wrong_setting_is_named_with_its_value_and_ends_with_two(name):
    for words, environment in ((["--check", "--log-level", "loud"], {}), (["--check"], {"MILLRACE_LOG_LEVEL": "loud"})):
        said = run(name, *words, **environment)
        assert said.returncode == 2 and said.stdout == ""
        assert "log-level" in said.stderr and '"loud"' in said.stderr and "warning" in said.stderr
    said = run(name, "--log-levle", "info")
    assert said.returncode == 2 and "--log-level" in said.stderr


@pytest.mark.parametrize("name", ALL)
def test_flags_win_over_variables_over_the_file(name, tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"log-level": "debug", "loops": 3, "drain-seconds": 4}))
    said = run(name, "--check", "--config", str(file), "--loops", "5", MILLRACE_LOOPS="4", MILLRACE_DRAIN_SECONDS="6").stdout
    values = {line.split()[0]: line.split()[1] for line in said.splitlines()[1:]}
    assert (values["log-level"], values["drain-seconds"], values["loops"]) == ("debug", "6", "5")


@pytest.mark.parametrize("name", ALL)
def test_a_broken_config_file_is_named(name, tmp_path):
    file = tmp_path / "config.json"
    for text in ("{", '{"nonsense": 1}', "[]"):
        file.write_text(text)
        said = run(name, "--check", "--config", str(file))
        assert said.returncode == 2 and str(file) in said.stderr, said.stderr


class Service:
    """`realtime` on free ports: it needs no other service."""

    def __init__(self, *words):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("MILLRACE_")}
        self.process = subprocess.Popen(
            [BINARIES / "realtime", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-format", "json", *words],
            env=clean, stderr=subprocess.PIPE, text=True)
        self.lines = []
        while not any(line["message"] == "started" for line in self.lines):
            self.lines.append(json.loads(self.process.stderr.readline()))
        self.port = int(next(line["listen"] for line in self.lines if "listen" in line).rsplit(":", 1)[1])

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), 5)
        connection.settimeout(15)
        return connection

    def __enter__(self):
        return self

    def __exit__(self, *rest):
        self.process.kill()
        self.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_idle_connections_and_ends_with_zero(number):
    with Service() as service, service.connect() as idle:
        idle.sendall(b"GET /faye HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"501" in idle.recv(4096)
        begun = time.monotonic()
        service.process.send_signal(number)
        assert service.process.wait(10) == 0
        assert time.monotonic() - begun < 5
        assert idle.recv(10) == b""


def half_a_request(service):
    connection = service.connect()
    connection.sendall(b"POST /faye HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
    time.sleep(0.2)
    return connection


def test_a_request_under_way_is_answered_before_the_end():
    with Service() as service, half_a_request(service) as connection:
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        connection.sendall(b" there")
        answer = b""
        while chunk := connection.recv(4096):
            answer += chunk
        assert b" 501 " in answer and b"close" in answer.lower()
        assert service.process.wait(10) == 0


def test_what_does_not_finish_is_cut_after_drain_seconds():
    with Service("--drain-seconds", "2") as service, half_a_request(service):
        begun = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(10) == 0
        assert time.monotonic() - begun < 3.5


def test_a_second_signal_ends_at_once():
    with Service() as service, half_a_request(service):
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        begun = time.monotonic()
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(10) == 130
        assert time.monotonic() - begun < 1


def test_a_port_in_use_is_said_and_ends_with_one():
    with Service() as service:
        said = run("realtime", "--listen", f"127.0.0.1:{service.port}", "--admin-listen", "127.0.0.1:0")
        assert said.returncode == 1 and f"127.0.0.1:{service.port} is in use" in said.stderr


def test_logs_on_a_terminal_are_plain():
    leader, follower = os.openpty()
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MILLRACE_")}
    process = subprocess.Popen(
        [BINARIES / "realtime", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"], env=clean, stderr=follower)
    try:
        text = b""
        while b"started" not in text:
            text += os.read(leader, 4096)
        assert b"INFO realtime: starting" in text and not text.startswith(b"{")
    finally:
        process.kill()
        process.wait()
        os.close(leader)
        os.close(follower)
