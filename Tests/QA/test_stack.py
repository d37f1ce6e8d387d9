"""The stack as an operator and a client see it: routes, guards, readiness, services that die."""

import http.client
import json
import os
import pathlib
import signal
import socket
import time

import pytest

ENVIRONMENT_FILE = os.environ.get("MILLRACE_STACK_ENV")
SERVICES = ["feed-api", "keevo", "realtime", "analytics", "personalization", "dashboard-api", "worker"]
ERROR_MEMBERS = {"detail", "status_code", "code", "exception", "duration", "more_info"}
RESTART_SECONDS_MAX = 2

local = pytest.mark.skipif(not ENVIRONMENT_FILE, reason="needs the machine on which the stack runs")


def edge():
    return os.environ["BASE_URL"].split("://", 1)[1].rstrip("/")


def request(host, path, method="GET", body=None, headers=None, timeout=10):
    connection = http.client.HTTPConnection(host, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read(), {name.lower(): value for name, value in response.getheaders()}
    finally:
        connection.close()


def admin(name):
    return os.environ[name.upper().replace("-", "_") + "_ADMIN"]


@pytest.mark.parametrize(
    "path", ["/faye", "/realtime/stream", "/analytics/v1.0/engagement/", "/personalization/v1.0/x/", "/dashboard", "/control/apps"])
def test_what_is_not_served_yet_answers_501_in_the_error_shape(path):
    status, body, headers = request(edge(), path, "POST", b"{}")
    error = json.loads(body)
    assert status == 501 and error["status_code"] == 501 and set(error) == ERROR_MEMBERS
    assert error["exception"] and path.split("?")[0] in error["detail"]
    assert headers["content-type"].startswith("application/json")


def test_an_unknown_path_answers_404_in_the_error_shape():
    status, body, _ = request(edge(), "/nowhere")
    error = json.loads(body)
    assert (status, error["code"], set(error)) == (404, 16, ERROR_MEMBERS)


def test_a_content_length_of_more_than_fifteen_digits_is_not_passed_on():
    host, port = edge().split(":")
    with socket.create_connection((host, int(port)), 5) as connection:
        connection.sendall(
            b"POST /api/v1.0/x/ HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551620\r\n\r\nabcdGET /edge-health HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.settimeout(5)
        answer = b""
        try:
            while chunk := connection.recv(4096):
                answer += chunk
        except TimeoutError:
            pass
    assert b" 200 " not in answer, answer


@local
@pytest.mark.parametrize("family, host", [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_origin_listens_on_both_loopback_addresses(family, host):
    with socket.socket(family) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            pytest.skip(f"this machine has no {host}")
    with socket.create_connection((host, int(edge().split(":")[1])), 2):
        pass


@local
@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_health_readiness_and_metrics(name):
    assert request(admin(name), "/healthz")[:2] == (200, b"ok\n")
    assert request(admin(name), "/readyz")[0] == 200
    status, body, _ = request(admin(name), "/metrics")
    assert status == 200 and b"process_uptime_seconds" in body and b"# TYPE" in body
    assert request(admin(name), "/metrics", "POST")[0] == 405


@local
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_is_killed_is_there_again_within_two_seconds(name):
    pid_file = pathlib.Path(ENVIRONMENT_FILE).parent / f"{name}.pid"
    before = int(pid_file.read_text())
    os.kill(before, signal.SIGKILL)
    killed = time.monotonic()
    while int(pid_file.read_text()) == before:
        assert time.monotonic() - killed < RESTART_SECONDS_MAX, f"{name} was not started again"
        time.sleep(0.02)
    while True:
        try:
            if request(admin(name), "/readyz", timeout=1)[0] == 200:
                break
        except OSError:
            pass
        assert time.monotonic() - killed < RESTART_SECONDS_MAX + 8, f"{name} was started again, but is not ready"
        time.sleep(0.02)


@local
@pytest.mark.parametrize("name", SERVICES)
def test_sigterm_drains_and_the_log_says_so(name):
    run = pathlib.Path(ENVIRONMENT_FILE).parent
    log = run.parent / "log" / f"{name}.log"
    size = log.stat().st_size
    pid = int((run / f"{name}.pid").read_text())
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 11
    while True:
        with open(log, "rb") as file:
            file.seek(size)
            lines = [json.loads(line) for line in file.read().split(b"\n") if line.startswith(b"{") and line.endswith(b"}")]
        if any(line["message"] == "stopped" for line in lines):
            break
        assert time.monotonic() < deadline, f"{name} did not drain: {lines}"
        time.sleep(0.05)
    assert all({"time", "level", "service", "message"} <= set(line) for line in lines)
    while True:
        try:
            if request(admin(name), "/readyz", timeout=1)[0] == 200:
                return
        except OSError:
            pass
        assert time.monotonic() < deadline + 10
        time.sleep(0.05)


@local
def test_two_apps_have_credentials_of_their_own():
    assert os.environ["API_KEY"] != os.environ["APP2_KEY"]
    assert os.environ["API_SECRET"] != os.environ["APP2_SECRET"]
    assert os.environ["APP_ID"] != os.environ["APP2_ID"]
    for name in ("stack.env",):
        mode = (pathlib.Path(ENVIRONMENT_FILE).parent / name).stat().st_mode & 0o777
        assert mode == 0o600, f"{name} holds secrets and has mode {mode:o}"


@local
def test_no_secret_is_in_a_log():
    log = pathlib.Path(ENVIRONMENT_FILE).parent.parent / "log"
    keys = pathlib.Path(ENVIRONMENT_FILE).parent.parent / "keys"
    secrets = [os.environ["API_SECRET"], os.environ["APP2_SECRET"], (keys / "postgres.password").read_text().strip()]
    for file in log.glob("*.log"):
        text = file.read_bytes()
        assert not any(secret.encode() in text for secret in secrets), f"{file} holds a secret"
