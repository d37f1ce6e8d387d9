"""Changes, rotations and revocations as a running feed-api takes them up."""

import json
import subprocess
import time

from control_fixtures import (  # noqa: F401
    SPREAD_SECONDS_MAX, api, control, cut_off, needs_own_services, postgres, redis, rejoin, road)

pytestmark = needs_own_services


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
