"""Services that outlive PostgreSQL: no request fails while it is stopped, frozen or not there yet."""

import http.client
import json
import os
import pathlib
import signal
import threading
import time

from control_fixtures import (  # noqa: F401
    api, control, follows_again, needs_own_services, postgres, redis, road)
from private_stack import Postgres, Service

OUTAGE_SECONDS = int(os.environ.get("MILLRACE_OUTAGE_SECONDS") or 10)
REQUESTS_PER_SECOND = 200
CLIENTS = 16

pytestmark = needs_own_services


class Load:
    """A steady number of requests a second over kept connections; every answer that is not 200 or 201 is kept."""

    def __init__(self, api):
        self.api, self.bad, self.sent, self.stop = api, [], 0, threading.Event()
        self.lock = threading.Lock()
        self.slowest = 0.0
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(CLIENTS)]

    def run(self, number):
        connection = http.client.HTTPConnection(self.api.service.listen, timeout=10)
        began, count = time.monotonic(), 0
        while not self.stop.is_set():
            sent = time.monotonic()
            try:
                if count % 10 == 0:
                    body = {"actor": "a", "verb": "v", "object": "o", "foreign_id": f"load:{number}-{count}"}
                    answer = self.api.call("POST", f"feed/user/load{number}/", body, connection=connection)
                else:
                    answer = self.api.call("GET", f"feed/user/load{number}/", connection=connection)
            except (OSError, http.client.HTTPException) as problem:
                answer = (0, repr(problem))
                connection.close()
            with self.lock:
                self.sent += 1
                self.slowest = max(self.slowest, time.monotonic() - sent)
                if answer[0] not in (200, 201):
                    self.bad.append(answer)
            count += 1
            self.stop.wait(max(0.0, began + count * CLIENTS / REQUESTS_PER_SECOND - time.monotonic()))
        connection.close()

    def __enter__(self):
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self.began
        self.stop.set()
        for thread in self.threads:
            thread.join()


def under_load(api, seconds, go_away, come_back):
    with Load(api) as load:
        time.sleep(1)
        go_away()
        try:
            time.sleep(seconds)
            age = api.service.metric("millrace_config_age_seconds")
        finally:
            come_back()
        time.sleep(2)
    print(f"{load.sent} requests in {load.seconds:.1f} s, {len(load.bad)} failed, slowest {load.slowest * 1000:.0f} ms")
    assert load.bad == [], f"{len(load.bad)} of {load.sent} requests failed: {load.bad[:5]}"
    assert load.sent > 0.9 * REQUESTS_PER_SECOND * load.seconds, f"only {load.sent} requests in {load.seconds:.1f} s"
    assert age > seconds - 3, f"the age of the configuration is {age} s after {seconds} s without PostgreSQL"


def test_a_stopped_postgres_costs_no_request(api, control):
    under_load(api, OUTAGE_SECONDS, control.postgres.stop, control.postgres.start)
    follows_again(api, control, "after-stop")


def test_a_frozen_postgres_costs_no_request(api, control):
    freeze = (lambda: control.postgres.send(signal.SIGSTOP)), (lambda: control.postgres.send(signal.SIGCONT))
    under_load(api, min(OUTAGE_SECONDS, 10), *freeze)
    follows_again(api, control, "after-freeze")


def test_feed_api_starts_while_postgres_is_down(api, control):
    control.postgres.stop()
    try:
        assert api.service.end() == 0
        began = time.monotonic()
        api.service.start().wait_ready(10)
        assert api.read() == (200, 0)
        assert api.call("POST", "feed/user/1/", {"actor": "a", "verb": "v", "object": "o"})[0] == 201
        assert api.read(secret="x" * 64) == (403, 17)
        print(f"started without PostgreSQL in {time.monotonic() - began:.2f} s")
    finally:
        control.postgres.start()
    follows_again(api, control, "after-start")


def test_the_copy_on_disk_holds_no_secret_in_clear(api, control):
    files = [p for p in pathlib.Path(api.service.environment["MILLRACE_DATA_DIR"]).rglob("*") if p.is_file()]
    assert files, "feed-api keeps no copy of the configuration"
    for file in files:
        data = file.read_bytes()
        assert api.secret.encode() not in data and api.key.encode() not in data
        assert file.stat().st_mode & 0o077 == 0, f"{file} can be read by others"


def test_dashboard_api_answers_501_and_waits_for_postgres(tmp_path):
    server = Postgres()
    service = Service(
        "dashboard-api", tmp_path, postgres=server.connection, master_key_file=tmp_path / "master.key")
    try:
        server.stop()
        service.start()
        connection = http.client.HTTPConnection(service.listen, timeout=5)
        began = time.monotonic()
        while True:
            try:
                connection.connect()
                break
            except OSError:
                assert time.monotonic() - began < 10, service.log()
                time.sleep(0.02)
        assert service.probe("/healthz")[0] == 200 and service.probe("/readyz")[0] == 503
        for path in ("/dashboard", "/control/v1/orgs", "/demo", "/status"):
            connection.request("GET", path)
            answer = connection.getresponse()
            error = json.loads(answer.read())
            assert answer.status == 501 and error["status_code"] == 501 and path in error["detail"]
        connection.close()
        server.start()
        service.wait_ready(10)
        assert server.sql("SELECT count(*) FROM millrace.schema_migrations").stdout.strip() != "0"
        assert service.end() == 0
    finally:
        service.remove()
        server.remove()
