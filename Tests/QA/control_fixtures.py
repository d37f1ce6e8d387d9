"""What the tests of the control plane share: a PostgreSQL, a Redis and services of their own, which they may stop and freeze."""

import http.client
import json
import os
import time

import pytest

from client import token
from private_stack import BINARIES, Control, Postgres, Redis, Service

# A change reaches every service in two seconds (insight D5); a revocation in five (D26).
SPREAD_SECONDS_MAX = 5

needs_own_services = pytest.mark.skipif(
    os.environ.get("READ_ONLY") == "1" or not (BINARIES / "dashboard-api").exists(),
    reason="needs the machine's own PostgreSQL and the built services (MILLRACE_BIN)")


@pytest.fixture(scope="module")
def postgres():
    server = Postgres()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def redis():
    server = Redis()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def control(postgres, redis, tmp_path_factory):
    control = Control(postgres, tmp_path_factory.mktemp("control"), redis.address)
    control.run("migrate")
    return control


class Api:
    """feed-api with an app's credentials."""

    def __init__(self, service, app):
        self.service, self.key, self.secret, self.app_id = service, app["key"], app["secret"], app["app_id"]

    def call(self, method, path, body=None, key=None, secret=None, connection=None, timeout=10):
        """(status, code) of one request; code 0 where all is well."""
        own = connection or http.client.HTTPConnection(self.service.listen, timeout=timeout)
        try:
            headers = {"Authorization": token(secret or self.secret), "Stream-Auth-Type": "jwt"}
            if body is not None:
                headers["Content-Type"] = "application/json"
            own.request(
                method, f"/api/v1.0/{path}?api_key={key or self.key}", None if body is None else json.dumps(body), headers)
            answer = own.getresponse()
            text = answer.read()
            return answer.status, (json.loads(text).get("code", 0) if answer.status >= 400 else 0)
        finally:
            if connection is None:
                own.close()

    def read(self, **more):
        return self.call("GET", "feed/user/1/", **more)

    def until(self, expected, seconds=SPREAD_SECONDS_MAX, **more):
        began = time.monotonic()
        while (answer := self.read(**more)) != expected:
            assert time.monotonic() - began < seconds, f"after {seconds} s still {answer}, expected {expected}"
            time.sleep(0.02)
        return time.monotonic() - began


@pytest.fixture(scope="module")
def road(postgres):
    """The way by which feed-api alone finds PostgreSQL's socket: a link that a test may take away."""
    link = postgres.folder.with_name(postgres.folder.name + "-road")
    link.symlink_to(postgres.folder)
    yield link
    link.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def api(control, redis, road, tmp_path_factory):
    folder = tmp_path_factory.mktemp("services")
    shared = {"postgres": control.postgres.connection, "master_key_file": control.master_key, "redis": redis.address}
    keevo = Service("keevo", folder)
    dashboard = Service("dashboard-api", folder, **shared)
    shared["postgres"] = control.postgres.connection.replace(str(control.postgres.folder), str(road))
    services = [keevo, dashboard, Service("feed-api", folder, keevo=keevo.listen, **shared)]
    try:
        for service in services:
            service.start().wait_ready()
        made = control.json("apply", control.file("served"), "--wait")
        yield Api(services[2], made)
    finally:
        for service in reversed(services):
            service.remove()


def cut_off(control, road):
    """feed-api loses PostgreSQL; nobody else does."""
    road.unlink()
    control.postgres.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace feed-api'")


def rejoin(api, control, road):
    road.symlink_to(control.postgres.folder)
    follows_again(api, control, f"after-{time.monotonic_ns()}")


def follows_again(api, control, slug):
    """What changes after the outage arrives again."""
    control.json("apply", control.file("served", feed_groups=[{"slug": slug, "type": "flat"}]))
    began = time.monotonic()
    while api.call("GET", f"feed/{slug}/1/") != (200, 0):
        assert time.monotonic() - began < SPREAD_SECONDS_MAX
        time.sleep(0.05)
    assert api.service.metric("millrace_config_age_seconds") < SPREAD_SECONDS_MAX
