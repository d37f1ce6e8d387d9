"""What an app uses, its limits, and the warning before them, with services of its own (insight D52, D53, D80)."""

import json
import time

import pytest
import requests

from client import token
from control_fixtures import SPREAD_SECONDS_MAX, control, needs_own_services, postgres, redis  # noqa: F401
from private_stack import Service

pytestmark = needs_own_services

LIMITS = {"feed_updates_per_month": 10, "storage_bytes": 1000}


class Served:
    """keevo and feed-api with an app that has limits."""

    def __init__(self, control, redis, folder):
        self.control = control
        self.storage = folder / "objects"
        self.keevo = Service("keevo", folder)
        self.api = Service(
            "feed-api", folder, keevo=self.keevo.listen, postgres=control.postgres.connection,
            master_key_file=control.master_key, redis=redis.address, storage_dir=self.storage, usage_milliseconds=100)
        self.keevo.start().wait_ready()
        self.api.start().wait_ready()
        self.app = control.json("apply", control.file("limited", limits=LIMITS), "--wait")
        self.number = self.app["app_id"]

    def call(self, method, path, body=None, **more):
        return requests.request(
            method, f"http://{self.api.listen}/api/v1.0/{path}", params={"api_key": self.app["key"], **more.pop("params", {})},
            headers={"Authorization": token(self.app["secret"]), "Stream-Auth-Type": "jwt"}, json=body, timeout=30, **more)

    def upload(self, size, name="a.bin"):
        return self.call("POST", "files/", files={"file": (name, bytes(size))})

    def usage(self):
        return self.control.json("usage", "--app", self.number, MILLRACE_KEEVO=self.keevo.listen)

    def warnings(self):
        return [warning["limit"] for warning in self.usage()["warnings"]]

    def audit_rows(self):
        rows = self.control.postgres.sql(
            "SELECT actor_kind, entity_id, after->>'used', after->>'limit' FROM millrace.audit_log"
            f" WHERE action = 'usage.warn' AND app_id = {self.number} ORDER BY id").stdout.split()
        return [row.split("|") for row in rows]

    def remove(self):
        self.api.remove()
        self.keevo.remove()


@pytest.fixture(scope="module")
def served(control, redis, tmp_path_factory):
    served = Served(control, redis, tmp_path_factory.mktemp("usage"))
    try:
        yield served
    finally:
        served.remove()


def until(question, answer):
    began = time.monotonic()
    while (found := question()) != answer:
        assert time.monotonic() - began < SPREAD_SECONDS_MAX, f"still {found}, expected {answer}"
        time.sleep(0.1)


def test_uploads_count_until_they_are_deleted_and_never_pass_the_limit(served):
    first = served.upload(700)
    assert first.status_code == 201, first.text
    assert served.usage()["storage_bytes"] == 700
    assert served.warnings() == [] and served.audit_rows() == []
    second = served.upload(150)
    assert second.status_code == 201 and served.usage()["storage_bytes"] == 850
    refused = served.upload(151)
    assert (refused.status_code, refused.json()["code"]) == (429, 9)
    assert int(refused.headers["Retry-After"]) > 0 and "storage_bytes (1000)" in refused.json()["detail"]
    assert served.usage()["storage_bytes"] == 850
    assert len([path for path in served.storage.rglob("*") if path.is_file()]) == 2
    # Told once, wherever one looks.
    until(served.warnings, ["storage_bytes"])
    until(served.audit_rows, [["system", "storage_bytes", "850", "1000"]])
    lines = [json.loads(line) for line in served.api.log().splitlines() if '"an app has used 80 % of a limit"' in line]
    assert [(line["limit"], line["used"], line["most"]) for line in lines] == [("storage_bytes", "850", "1000")]
    assert served.api.metric("usage_warnings_total") == 1
    assert served.control.json("audit", "verify")["first_break"] is None
    for upload in (first, second):
        assert served.call("DELETE", "files/", params={"url": upload.json()["file"]}).status_code == 200
    assert served.usage()["storage_bytes"] == 0
    assert served.upload(1000).status_code == 201


def test_feed_updates_are_warned_of_and_then_refused(served):
    for number in range(10):
        added = served.call("POST", "feed/user/1/", {"actor": "a", "verb": "v", "object": str(number)})
        assert added.status_code == 201, added.text
    refused = served.call("POST", "feed/user/1/", {"actor": "a", "verb": "v", "object": "one more"})
    assert (refused.status_code, refused.json()["code"]) == (429, 9)
    until(served.warnings, ["storage_bytes", "feed_updates_per_month"])
    until(lambda: [row[1] for row in served.audit_rows()], ["storage_bytes", "feed_updates_per_month"])
    until(lambda: sum(row["feed_updates"] for row in served.usage()["results"]), 10)
    text, _ = served.control.run("usage", "--app", served.number, MILLRACE_KEEVO=served.keevo.listen)
    assert "80 % of storage_bytes were used: 850 of 1000" in text and "its uploads have 1000 bytes now" in text
