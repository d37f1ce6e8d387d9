"""`make up`, `run` and `down` on a second stack of their own: failures are said, nothing is left, data stays."""

import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

BINARIES = pathlib.Path(os.environ.get("MILLRACE_BIN", "/nonexistent"))
ROOT = pathlib.Path(__file__).resolve().parents[2]
STACK = ROOT / "Infra/local/stack"

pytestmark = pytest.mark.skipif(not (BINARIES / "realtime").exists(), reason="needs MILLRACE_BIN, the folder of the executables")


def free_port():
    for port in range(30080, 60000, 40):
        try:
            for offset in range(20):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port + offset))
            return port
        except OSError:
            continue
    pytest.fail("no free block of ports")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("stack")
    for part in (path, *path.parents):  # PostgreSQL runs as another user when we are root
        if part != pathlib.Path("/tmp") and str(part).startswith("/tmp/"):
            part.chmod(0o755)
    return path / "var"


@pytest.fixture
def stack(folder):
    """Calls the stack's verbs; ends what a failed test left."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MILLRACE_")}
    environment = {
        **clean, "MILLRACE_VAR": str(folder), "MILLRACE_BIN": str(BINARIES), "MILLRACE_PORT": str(free_port()),
        "MILLRACE_APP": str(ROOT / "Infra/local/apps/demo.json"),
    }

    def call(verb, **more):
        return subprocess.run(
            [STACK, verb], env={**environment, **more}, capture_output=True, text=True, timeout=120, check=False)

    call.environment = environment
    call.folder = folder
    yield call
    call("down")
    assert left_over(folder) == []


def left_over(folder):
    mark = f"MILLRACE_STACK={folder}".encode()
    found = []
    for process in pathlib.Path("/proc").iterdir():
        try:
            if process.name.isdigit() and mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "comm").read_text().strip())
        except OSError:
            continue
    return found


def stack_env(folder):
    return dict(line.split("=", 1) for line in (folder / "run/stack.env").read_text().splitlines())


def test_a_second_start_has_the_same_app_and_key_and_is_quick(stack):
    first = stack("up")
    assert first.returncode == 0, first.stdout + first.stderr
    before = stack_env(stack.folder)
    assert before["API_KEY"] and before["API_SECRET"] and before["APP_ID"]
    assert stack("up").stdout.startswith("already running")
    assert stack("status").returncode == 0
    assert stack("down").returncode == 0
    assert left_over(stack.folder) == [] and stack("status").returncode == 3
    begun = time.monotonic()
    assert stack("up").returncode == 0
    assert time.monotonic() - begun < 5
    after = stack_env(stack.folder)
    assert [after[n] for n in ("API_KEY", "API_SECRET", "APP_ID")] == [before[n] for n in ("API_KEY", "API_SECRET", "APP_ID")]


def test_a_lost_credentials_file_gets_a_further_key(stack):
    assert stack("up").returncode == 0
    before = stack_env(stack.folder)
    stack("down")
    (stack.folder / "keys/apps.json").unlink()
    said = stack("up")
    assert said.returncode == 0, said.stdout
    after = stack_env(stack.folder)
    assert after["APP_ID"] == before["APP_ID"] and after["API_KEY"] and after["API_SECRET"] != before["API_SECRET"]


def test_a_port_in_use_is_named_and_nothing_stays(stack):
    port = int(stack.environment["MILLRACE_PORT"])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        said = stack("up")
    assert said.returncode == 1 and f"port {port} is in use" in said.stdout
    assert left_over(stack.folder) == []


def test_an_inner_port_in_use_moves_the_block(stack):
    port = int(stack.environment["MILLRACE_PORT"])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + 1))
        taken.listen()
        assert stack("up").returncode == 0
    assert stack_env(stack.folder)["FEED_API"] == f"127.0.0.1:{port + 21}"


def test_a_dead_service_is_named_with_its_log_and_nothing_stays(stack, tmp_path):
    for file in BINARIES.iterdir():
        if file.name in ("feed-api", "keevo", "realtime", "analytics", "personalization", "dashboard-api"):
            (tmp_path / file.name).symlink_to(file)
    broken = tmp_path / "worker"
    broken.write_text("#!/bin/sh\necho no luck >&2\nexit 7\n")
    broken.chmod(0o755)
    said = stack("up", MILLRACE_BIN=str(tmp_path))
    assert said.returncode == 1
    assert f"worker ended with code 7: read {stack.folder}/log/worker.log" in said.stdout
    assert left_over(stack.folder) == []


def test_a_missing_executable_and_a_wrong_setting_are_said(stack, tmp_path):
    said = stack("up", MILLRACE_BIN=str(tmp_path))
    assert said.returncode == 1 and str(tmp_path / "feed-api") in said.stderr
    said = stack("up", MILLRACE_PORT="many")
    assert said.returncode == 1 and "MILLRACE_PORT" in said.stderr
    said = stack("up", MILLRACE_APP="/nonexistent/app.json")
    assert said.returncode == 1 and "/nonexistent/app.json" in said.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_run_ends_everything_however_it_ends(stack, number, tmp_path):
    with open(tmp_path / "out", "w+") as out:
        process = subprocess.Popen([STACK, "run"], env=stack.environment, stdout=out, stderr=out)
        try:
            deadline = time.monotonic() + 60
            while "following the logs" not in (tmp_path / "out").read_text():
                assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "out").read_text()
                time.sleep(0.05)
            url = stack_env(stack.folder)["BASE_URL"]
            assert urllib.request.urlopen(url + "/edge-health", timeout=5).status == 200
            process.send_signal(number)
            process.wait(30)
        finally:
            process.kill()
            process.wait()
    deadline = time.monotonic() + 15
    while left_over(stack.folder):
        assert time.monotonic() < deadline, left_over(stack.folder)
        time.sleep(0.05)


def test_a_killed_supervisor_takes_everything_with_it(stack):
    assert stack("up").returncode == 0
    os.kill(int((stack.folder / "run/supervisor.lock").read_text()), signal.SIGKILL)
    deadline = time.monotonic() + 15
    while left_over(stack.folder):
        assert time.monotonic() < deadline, left_over(stack.folder)
        time.sleep(0.05)
    assert stack("up").returncode == 0
