"""Apply, plan and export against a PostgreSQL of its own."""

import json
import subprocess
import time

import pytest

from control_fixtures import control, needs_own_services, postgres, redis  # noqa: F401
from private_stack import ROOT

APPLY_LOCK = 0x4D49_4C4C_0002

pytestmark = needs_own_services


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
