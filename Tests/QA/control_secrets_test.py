"""Secrets, migrations and the audit log against a PostgreSQL of their own."""

import json
import subprocess

from control_fixtures import control, needs_own_services, postgres, redis  # noqa: F401
from private_stack import Control, Postgres

pytestmark = needs_own_services


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


def test_another_master_key_than_the_secrets_were_sealed_with_is_refused(control, tmp_path):
    control.json("apply", control.file("sealed-elsewhere"))
    path = tmp_path / "another.key"
    _, err = control.run("apply", control.file("not-applied"), code=1, MILLRACE_MASTER_KEY_FILE=str(path))
    assert f"which {path} does not hold" in err and "--master-key-file" in err
    assert not path.exists()
    path.write_text("ab12cd34 " + "5" * 64 + "\n")
    path.chmod(0o600)
    _, err = control.run("keys", "list", "--app", "1", code=1, MILLRACE_MASTER_KEY_FILE=str(path))
    assert f"which {path} does not hold" in err


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
