"""The control plane against a PostgreSQL of its own: apply, keys, migrations, secrets, and services that outlive it."""

import http.client
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

import pytest

from client import token
from private_stack import BINARIES, Control, Postgres, Redis, ROOT, Service

OUTAGE_SECONDS = int(os.environ.get("MILLRACE_OUTAGE_SECONDS") or 10)
REQUESTS_PER_SECOND = 200
CLIENTS = 16
# A change reaches every service in two seconds (insight D5); a revocation in five (D26).
SPREAD_SECONDS_MAX = 5
APPLY_LOCK = 0x4D49_4C4C_0002

pytestmark = pytest.mark.skipif(
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


# Apply


def test_a_second_apply_changes_nothing_and_an_export_has_an_empty_plan(control):
    file = control.file(
        "twice",
        feed_groups=[
            {"slug": "source", "type": "flat", "policy": "public_read", "rankings": {"hot": {"score": "popularity"}}},
            {"slug": "bell", "type": "notification", "aggregation_format": "{{ verb }}", "notification": {"max_groups": 9}},
        ],
        analytics={"redirect_hosts": ["example.org"], "archive_retention": None},
        personalization={"resources": {"r": {"base": "similar", "params": {"n": 1.50, "é": "ü"}}}},
        webhook={"url": "https://example.org/hook", "signing_key": {"from_env": "HOOK_KEY"}},
        push=[{"name": "p", "type": "fcm", "options": {"a": [1, {"b": None}]}}],
        members=[{"email": "ada@example.org", "role": "admin"}])
    first = control.json("apply", file, HOOK_KEY="a-signing-key")
    assert first["created"] and len(first["key"]) == 12 and len(first["secret"]) == 64
    second = control.json("apply", file, HOOK_KEY="a-signing-key")
    assert second["changes"] == 0 and {item["action"] for item in second["plan"]} == {"noop"}
    assert second["revision"] == first["revision"] and second["app_id"] == first["app_id"] and "secret" not in second
    exported, _ = control.run("export", "--app", first["app_id"])
    assert "a-signing-key" not in exported and first["secret"] not in exported
    copy = control.folder / "export.json"
    copy.write_text(exported)
    third = control.json("apply", copy, HOOK_KEY="a-signing-key")
    assert third["changes"] == 0 and {item["action"] for item in third["plan"]} == {"noop"}
    changed = control.json("apply", file, HOOK_KEY="another-signing-key")
    assert [item["path"] for item in changed["plan"] if item["action"] != "noop"] == ["/webhook/signing_key"]
    assert "another-signing-key" not in json.dumps(changed)


def test_a_dry_run_writes_nothing(control):
    before = control.postgres.sql("SELECT revision FROM millrace.config_revision").stdout
    plan = control.json("apply", control.file("dry"), "--dry-run")
    assert plan["dry_run"] and plan["changes"] == 9 and plan["app_id"] is None and "key" not in plan
    assert "dry" not in control.run("apps", "list")[0]
    assert control.postgres.sql("SELECT revision FROM millrace.config_revision").stdout == before


def test_every_problem_is_reported_with_pointer_line_and_advice(control):
    path = control.folder / "bad.json"
    path.write_text('{"version": 1,\n "app": {"nam": "x"},\n "feed_groups": [\n  {"slug": "a", "type": "flatt"}]}')
    answer = control.json("apply", path, code=2)
    found = {(problem["pointer"], problem["line"]) for problem in answer["problems"]}
    assert found == {("/app", 2), ("/app/nam", 2), ("/feed_groups/0/type", 4)}
    assert all(problem["advice"] and problem["message"] for problem in answer["problems"])
    _, err = control.run("apply", path, code=2)
    assert f'{path}:4:25: /feed_groups/0/type: "flatt" is not allowed here. Write "flat", "aggregated" or' in err
    path.write_text('{"version":1,"app":{"name":"x"},"webhook":{"url":"https://x","signing_key":{"from_env":"NOT_SET"}}}')
    assert control.json("apply", path, code=2)["problems"][0]["pointer"] == "/webhook/signing_key"


def test_exit_codes_tell_refusal_conflict_and_connection_apart(control):
    file = control.file("codes")
    app = control.json("apply", file)["app_id"]
    production = control.folder / "production.json"
    production.write_text(json.dumps({"version": 1, "app": {"name": "codes", "environment": "production"}}))
    refused = control.json("apply", production, code=3)
    assert [item["action"] for item in refused["plan"]] == ["update", "refuse"]
    control.json("apply", production, "--yes")
    control.run("apply", file, "--app", "4711", code=3)
    control.run("apply", file, "--org", "nobody", code=3)
    control.run("apply", file, code=5, MILLRACE_POSTGRES="host=/nonexistent dbname=x")
    # In use: the type is fixed, and prune leaves the group alone.
    control.postgres.sql(f"UPDATE millrace.feed_groups SET in_use = true WHERE app_id = {app} AND slug = 'user'")
    typed = control.file("codes", feed_groups=[{"slug": "user", "type": "aggregated"}])
    assert [i["path"] for i in control.json("apply", typed, "--yes", code=3)["plan"] if i["action"] == "refuse"] == [
        "/feed_groups/user/type"]
    other = control.file("codes", feed_groups=[{"slug": "timeline", "type": "flat"}])
    assert [i["path"] for i in control.json("apply", other, "--yes", "--prune", code=3)["plan"] if i["action"] == "refuse"] == [
        "/feed_groups/user"]


def test_a_change_made_since_the_plan_is_a_conflict(control):
    file = control.file("raced")
    app = control.json("apply", file)["app_id"]
    raced = control.file("raced", moderation={"enabled": True})
    # Somebody else holds the lock of changes, and changes the app while apply waits with its plan.
    other = subprocess.Popen(
        ["psql", "-X", "-q", "-A", "-t", "-h", str(control.postgres.folder), "-p", str(control.postgres.port), "-U", "millrace",
         "-d", "millrace"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    other.stdin.write(f"BEGIN; SELECT 'locked' FROM (SELECT pg_advisory_xact_lock({APPLY_LOCK})) x;\n")
    other.stdin.flush()
    assert other.stdout.readline().strip() == "locked"
    waiting = control.popen("apply", raced, "--output", "json")
    deadline = time.monotonic() + 10
    while "1" not in control.postgres.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").stdout:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    other.communicate(
        "SET LOCAL session_replication_role = replica;"
        f" UPDATE millrace.apps SET version = version + 1 WHERE id = {app}; COMMIT;\n", timeout=20)
    out, _ = waiting.communicate(timeout=20)
    assert waiting.returncode == 4 and json.loads(out)["error"] == "conflict"
    assert control.json("apply", raced)["changes"] == 1


def test_many_applies_at_once_make_one_app(control):
    file = control.file("crowd")
    processes = [control.popen("apply", file, "--output", "json") for _ in range(6)]
    answers = [(process.communicate(timeout=60)[0], process.returncode) for process in processes]
    assert {code for _, code in answers} <= {0, 4}
    assert sum(json.loads(out).get("created", False) for out, code in answers if code == 0) == 1
    listed = [app for app in control.json("apps", "list")["results"] if app["name"] == "crowd"]
    assert len(listed) == 1 and listed[0]["live_keys"] == 1


@pytest.mark.parametrize("name", sorted(p.name for p in (ROOT / "Infra/local/apps").glob("*.json")))
def test_the_local_apps_apply(control, name):
    file = ROOT / "Infra/local/apps" / name
    assert control.json("apply", file)["app_id"] > 0
    assert control.json("apply", file)["changes"] == 0


# Secrets, migrations, audit


def test_no_secret_lies_in_the_database_in_clear(control):
    made = control.json("apply", control.file("sealed"))
    rotated = control.json("keys", "rotate", made["key"], "--app", made["app_id"])
    master = control.master_key.read_text().split()[-1]
    dump = subprocess.run(
        ["pg_dump", "-h", str(control.postgres.folder), "-p", str(control.postgres.port), "-U", "millrace", "millrace"],
        check=True, capture_output=True, text=True).stdout
    assert made["key"] in dump
    for secret in (made["secret"], rotated["secret"], master):
        assert secret not in dump and secret.encode().hex() not in dump
    assert control.master_key.stat().st_mode & 0o777 == 0o600
    listed = control.run("keys", "list", "--app", made["app_id"])[0]
    assert made["key"] in listed and rotated["secret"] not in listed


def test_a_master_key_that_others_can_read_is_refused(control, tmp_path):
    path = tmp_path / "master.key"
    path.write_text(control.master_key.read_text())
    path.chmod(0o640)
    _, err = control.run("apps", "list", code=1, MILLRACE_MASTER_KEY_FILE=str(path))
    assert f"chmod 600 {path}" in err


def test_migrations_run_once_whoever_comes_first():
    server = Postgres()
    try:
        control = Control(server, server.folder)
        processes = [control.popen("migrate", "--output", "json") for _ in range(5)]
        answers = [(process.communicate(timeout=60), process.returncode) for process in processes]
        assert [code for _, code in answers] == [0] * 5, answers
        applied = [json.loads(out)["applied"] for (out, _), _ in answers]
        assert sorted(map(len, applied))[:4] == [0] * 4 and max(applied)[0] == 1
        server.sql("UPDATE millrace.schema_migrations SET checksum = 'edited' WHERE version = 1")
        assert "was changed after it ran" in control.run("migrate", code=3)[1]
        server.sql("INSERT INTO millrace.schema_migrations VALUES (99, 'from the future', 'x')")
        server.sql("DELETE FROM millrace.schema_migrations WHERE version = 1")
        assert "use the newer one" in control.run("migrate", code=3)[1]
    finally:
        server.remove()


def test_no_change_without_its_audit_row_and_no_audit_row_changes(control):
    app = control.json("apply", control.file("audited"))["app_id"]
    for statement in (
        f"UPDATE millrace.apps SET name = 'x' WHERE id = {app}",
        f"INSERT INTO millrace.api_keys (key, app_id) VALUES ('aaaaaaaaaaaa', {app})",
        f"DELETE FROM millrace.feed_groups WHERE app_id = {app}",
        f"DELETE FROM millrace.apps WHERE id = {app}",
        "UPDATE millrace.audit_log SET actor = 'nobody'",
        "DELETE FROM millrace.audit_log",
        "TRUNCATE millrace.audit_log",
    ):
        result = control.postgres.sql(statement, check=False)
        assert result.returncode != 0 and "audit" in result.stderr, (statement, result.stderr)
    rows = control.json("audit", "verify")
    assert rows["first_break"] is None and rows["rows"] > 0
    # Whoever gets past the triggers is found out.
    last = rows["rows"]
    tamper = "SET session_replication_role = replica; UPDATE millrace.audit_log SET actor = {} WHERE id = " + str(last)
    before = control.postgres.sql(f"SELECT actor FROM millrace.audit_log WHERE id = {last}").stdout.strip()
    control.postgres.sql(tamper.format("'eve'"))
    assert control.json("audit", "verify", code=3)["first_break"] == last
    control.postgres.sql(tamper.format(f"'{before}'"))
    assert control.json("audit", "verify")["first_break"] is None


# Services


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


def test_apply_with_wait_returns_when_feed_api_has_it(api, control):
    for number in range(5):
        slug = f"fresh{number}"
        assert api.call("GET", f"feed/{slug}/1/") == (400, 6)
        began = time.monotonic()
        applied = control.json("apply", control.file("served", feed_groups=[{"slug": slug, "type": "flat"}]), "--wait")
        assert api.call("GET", f"feed/{slug}/1/") == (200, 0)
        assert time.monotonic() - began < SPREAD_SECONDS_MAX
        assert api.service.metric("millrace_config_revision") == applied["revision"]


def test_a_secret_rotates_with_overlap(api, control):
    old = api.secret
    new = control.json("keys", "rotate", api.key, "--app", api.app_id, "--overlap", "1h", "--wait")
    assert new["key"] == api.key and new["secret"] != old
    assert api.read(secret=old) == (200, 0) and api.read(secret=new["secret"]) == (200, 0)
    assert api.read(secret="x" * 64) == (403, 17)
    # The overlap is short: the old one is a wrong signature afterwards, and the oldest one is at once.
    newest = control.json("keys", "rotate", api.key, "--app", api.app_id, "--overlap", "2s", "--wait")
    assert api.read(secret=newest["secret"]) == (200, 0)
    assert api.read(secret=old) == (403, 17)
    api.until((403, 17), secret=new["secret"])
    assert api.read(secret=newest["secret"]) == (200, 0)
    api.secret = newest["secret"]


def test_a_pair_rotates_with_overlap(api, control):
    old = (api.key, api.secret)
    new = control.json("keys", "rotate", api.key, "--app", api.app_id, "--mode", "pair", "--overlap", "2s", "--wait")
    assert new["key"] != old[0]
    assert api.read(key=new["key"], secret=new["secret"]) == (200, 0)
    api.until((401, 2), key=old[0], secret=old[1])
    assert api.read(key=new["key"], secret=new["secret"]) == (200, 0)
    api.key, api.secret = new["key"], new["secret"]


def test_a_revoked_key_ends_within_five_seconds(api, control):
    extra = control.json("keys", "create", "--app", api.app_id, "--note", "extra", "--wait")
    assert api.read(key=extra["key"], secret=extra["secret"]) == (200, 0)
    control.run("keys", "revoke", extra["key"], "--app", api.app_id)
    api.until((401, 2), key=extra["key"], secret=extra["secret"])
    assert api.read() == (200, 0)


def cut_off(control, road):
    """feed-api loses PostgreSQL; nobody else does."""
    road.unlink()
    control.postgres.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace feed-api'")


def rejoin(api, control, road):
    road.symlink_to(control.postgres.folder)
    follows_again(api, control, f"after-{time.monotonic_ns()}")


def test_redis_ends_a_revoked_key_at_once_while_postgres_cannot_be_heard(api, control, road):
    extra = control.json("keys", "create", "--app", api.app_id, "--wait")
    assert api.read(key=extra["key"], secret=extra["secret"]) == (200, 0)
    counted = api.service.metric("millrace_config_revocations_total")
    cut_off(control, road)
    try:
        held = api.service.metric("millrace_config_revision")
        revoked = control.json("keys", "revoke", extra["key"], "--app", api.app_id)
        took = api.until((401, 2), seconds=1, key=extra["key"], secret=extra["secret"])
        print(f"refused {took * 1000:.0f} ms after the command had ended")
        # It was Redis: of PostgreSQL's change nothing is known yet.
        assert api.service.metric("millrace_config_revision") == held < revoked["revision"]
        assert api.service.metric("millrace_config_revocations_total") == counted + 1
        assert api.read() == (200, 0)
        # A new process that finds neither has the stricter copy.
        assert api.service.end() == 0
        api.service.start().wait_ready(10)
        assert api.service.metric("millrace_config_revision") == held
        assert api.read(key=extra["key"], secret=extra["secret"]) == (401, 2)
        assert api.read() == (200, 0)
    finally:
        rejoin(api, control, road)
    assert api.read(key=extra["key"], secret=extra["secret"]) == (401, 2)
    assert api.read() == (200, 0)


def test_redis_ends_the_secret_before_the_last_while_postgres_cannot_be_heard(api, control, road):
    extra = control.json("keys", "create", "--app", api.app_id, "--wait")
    cut_off(control, road)
    try:
        new = control.json("keys", "rotate", extra["key"], "--app", api.app_id, "--overlap", "0s")
        api.until((403, 17), seconds=1, key=extra["key"], secret=extra["secret"])
    finally:
        rejoin(api, control, road)
    assert api.read(key=extra["key"], secret=new["secret"]) == (200, 0)
    assert api.read(key=extra["key"], secret=extra["secret"]) == (403, 17)


def test_redis_suspends_an_app_at_once_while_postgres_cannot_be_heard(api, control, road):
    name = "to-be-suspended"
    other = control.json("apply", control.file(name), "--wait")
    assert api.read(key=other["key"], secret=other["secret"]) == (200, 0)
    cut_off(control, road)
    try:
        path = control.folder / "suspended.json"
        path.write_text(json.dumps({"version": 1, "app": {"name": name, "suspended": True}}))
        control.json("apply", path, "--yes")
        api.until((401, 7), seconds=1, key=other["key"], secret=other["secret"])
        assert api.read() == (200, 0)
    finally:
        rejoin(api, control, road)
    assert api.read(key=other["key"], secret=other["secret"]) == (401, 7)


def test_without_redis_revocations_come_with_the_configuration(api, control, redis):
    redis.stop()
    try:
        extra = control.json("keys", "create", "--app", api.app_id, "--wait")
        assert api.read(key=extra["key"], secret=extra["secret"]) == (200, 0)
        _, said = control.run("keys", "revoke", extra["key"], "--app", api.app_id)
        assert redis.address in said and "within two seconds" in said
        api.until((401, 2), key=extra["key"], secret=extra["secret"])
        assert api.read() == (200, 0) and api.service.probe("/readyz")[0] == 200
        counted = api.service.metric("millrace_config_revocations_total")
    finally:
        redis.start()
    # Back, it is listened to again.
    began = time.monotonic()
    while api.service.metric("millrace_config_revocations_unreadable_total") == 0:
        assert time.monotonic() - began < 10, "feed-api does not listen to the Redis that came back"
        subprocess.run(
            ["redis-cli", "-p", str(redis.port), "publish", "millrace:revocations", "rubbish"], check=True,
            capture_output=True)
        time.sleep(0.05)
    assert api.service.metric("millrace_config_revocations_total") == counted


def test_a_forged_revocation_is_undone_by_postgres(api, redis):
    forged = {"format": 1, "app": api.app_id, "revision": 1 << 40, "ends": "key", "key": api.key, "at": 0}
    counted = api.service.metric("millrace_config_revocations_total")
    subprocess.run(
        ["redis-cli", "-p", str(redis.port), "publish", "millrace:revocations", json.dumps(forged)], check=True,
        capture_output=True)
    began = time.monotonic()
    while api.service.metric("millrace_config_revocations_total") == counted:
        assert time.monotonic() - began < 5
        time.sleep(0.01)
    api.until((200, 0))
    assert "PostgreSQL does not know" in api.service.log()


def test_keys_tell_when_they_were_last_used(api, control):
    def used(key):
        return next(k["last_used_at"] for k in control.json("keys", "list", "--app", api.app_id)["results"] if k["key"] == key)

    extra = control.json("keys", "create", "--app", api.app_id, "--wait")
    assert api.read(key=extra["key"], secret="x" * 64) == (403, 17)
    time.sleep(2.5)
    assert used(extra["key"]) is None, "a refused request counted as a use"
    assert api.read(key=extra["key"], secret=extra["secret"]) == (200, 0)
    began = time.monotonic()
    while (first := used(extra["key"])) is None:
        assert time.monotonic() - began < SPREAD_SECONDS_MAX
        time.sleep(0.1)
    # Within the minute it is not written again.
    assert api.read(key=extra["key"], secret=extra["secret"]) == (200, 0)
    time.sleep(2.5)
    assert used(extra["key"]) == first


def test_a_group_that_holds_data_keeps_its_type(api, control):
    assert api.call("POST", "feed/topic/1/", {"actor": "a", "verb": "v", "object": "o"})[0] == 201
    file = control.file("served", feed_groups=[{"slug": "topic", "type": "aggregated"}])
    began = time.monotonic()
    while control.postgres.sql(
        f"SELECT in_use FROM millrace.feed_groups WHERE app_id = {api.app_id} AND slug = 'topic'").stdout.strip() != "t":
        assert time.monotonic() - began < SPREAD_SECONDS_MAX
        time.sleep(0.05)
    refused = control.json("apply", file, code=3)
    assert [i["path"] for i in refused["plan"] if i["action"] == "refuse"] == ["/feed_groups/topic/type"]


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


def follows_again(api, control, slug):
    """What changes after the outage arrives again."""
    control.json("apply", control.file("served", feed_groups=[{"slug": slug, "type": "flat"}]))
    began = time.monotonic()
    while api.call("GET", f"feed/{slug}/1/") != (200, 0):
        assert time.monotonic() - began < SPREAD_SECONDS_MAX
        time.sleep(0.05)
    assert api.service.metric("millrace_config_age_seconds") < SPREAD_SECONDS_MAX


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
