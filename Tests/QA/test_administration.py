"""Follow counts, batches, audit logs, data privacy and HTTP signatures (feeds 2.7, 2.14-2.17, A11): by stream-python 5.4.0 where it
has them, else by plain HTTP."""

import base64
import email.utils
import hashlib
import hmac
import json
import os
import time

import pytest
import requests
from api import API
from conftest import required
from pictures import png


@pytest.fixture(scope="module")
def api():
    required("BASE_URL")
    return API(required("API_KEY"), required("API_SECRET"))


@pytest.fixture(scope="module")
def other_api():
    return API(required("APP2_KEY"), required("APP2_SECRET"))


# Counts and batches


def test_follow_counts_are_exact_at_once(client, feed):
    user, fans, friends = feed(), [feed("timeline") for _ in range(3)], [feed("flat"), feed("topic")]
    client.follow_many(
        [{"source": fan.id, "target": user.id} for fan in fans] + [{"source": user.id, "target": other.id} for other in friends])
    assert client.follow_stats(user.id)["results"] == {
        "followers": {"feed": user.id, "count": 3}, "following": {"feed": user.id, "count": 2}}
    stats = client.follow_stats(user.id, followers_slugs=["timeline"], following_slugs=["topic", "user"])["results"]
    assert (stats["followers"]["count"], stats["following"]["count"]) == (3, 1)
    fans[0].unfollow(user.slug, user.user_id)
    fans[0].unfollow(user.slug, user.user_id)
    assert client.follow_stats(user.id, followers_slugs=["timeline"])["results"]["followers"]["count"] == 2


def test_unfollow_many_keeps_history_where_it_is_asked_to(client, feed):
    users, fan = [feed(), feed()], feed("timeline")
    for user in users:
        user.add_activity({"actor": "a", "verb": "v", "object": user.id})
        fan.follow(user.slug, user.user_id)
    client.unfollow_many([
        {"source": fan.id, "target": users[0].id, "keep_history": True},
        {"source": fan.id, "target": users[1].id, "keep_history": False},
        {"source": fan.id, "target": "user:never-followed"}])
    assert fan.following()["results"] == []
    assert [item["object"] for item in fan.get()["results"]] == [users[0].id]
    client.follow_many([{"source": fan.id, "target": users[1].id}], activity_copy_limit=0)
    assert len(fan.get()["results"]) == 1


# Audit logs


def test_the_audit_log_has_every_change_at_once(api, unique):
    user, author = unique(), unique("author")
    added = api.post(f"feed/user/{user}/", {"actor": f"SU:{author}", "verb": "v", "object": "o"}).json()
    api.post("activity/", {"id": added["id"], "set": {"a": 1}})
    api.delete(f"feed/user/{user}/{added['id']}/", user_id="moderator")
    answer = api.get("audit_logs/", entity_type="activity", entity_id=added["id"])
    assert set(answer.json()) == {"audit_logs", "next", "prev", "duration"}
    logs = answer.json()["audit_logs"]
    assert [(log["action"], log["user_id"]) for log in logs] == [
        ("delete", "moderator"), ("update", author), ("create", author)]
    assert all(log["created_at"].endswith("Z") and log["custom"] == {} for log in logs)
    assert len(api.get("audit_logs/", user_id=author).json()["audit_logs"]) == 2


def test_audit_pages_end_with_an_empty_next(api, unique):
    user = unique()
    for number in range(5):
        api.post(f"feed/user/{user}/", {"actor": user, "verb": "v", "object": str(number)})
    found, options = [], {}
    while True:
        page = api.get("audit_logs/", user_id=user, limit=2, **options).json()
        assert page["audit_logs"], "a cursor leads to entries"
        found += page["audit_logs"]
        if not page["next"]:
            break
        options = {"next": page["next"]}
    assert len(found) == 5 and found == sorted(found, key=lambda log: log["created_at"], reverse=True)
    before = api.get("audit_logs/", user_id=user, limit=2, prev=page["prev"]).json()
    assert before["audit_logs"] == found[2:4]


def test_another_app_sees_no_log(api, other_api, unique):
    user = unique()
    added = api.post(f"feed/user/{user}/", {"actor": user, "verb": "v", "object": "o"}).json()
    assert other_api.get("audit_logs/", user_id=user).json()["audit_logs"] == []
    other_api.post("data_privacy/delete_activities/", {"activities": [{"id": added["id"]}]})
    assert other_api.get(f"data_privacy/export_ids/{user}/").json()["export"]["activity_ids"] == []
    assert len(api.get(f"feed/user/{user}/").json()["results"]) == 1


# Data privacy


def test_a_users_activities_are_exported_and_deleted_everywhere(api, unique):
    user, fan = unique(), unique()
    api.post(f"feed/timeline/{fan}/follows/", {"target": f"user:{user}"})
    ids = [
        api.post(f"feed/user/{user}/", {"actor": actor, "verb": "v", "object": "o", "to": [f"flat:{fan}"]}).json()["id"]
        for actor in (user, f"SU:{user}")]
    assert api.get(f"data_privacy/export_ids/{user}/").json()["export"] == {
        "user_id": user, "activity_count": 2, "activity_ids": ids, "reaction_count": 0, "reaction_ids": []}
    deleted = api.post("data_privacy/delete_activities/", {"activities": [{"id": id} for id in ids]})
    assert deleted.status_code == 201 and set(deleted.json()) == {"duration"}
    for feed in (f"user/{user}", f"flat/{fan}", f"timeline/{fan}"):
        assert api.get(f"feed/{feed}/").json()["results"] == []
    assert api.get("activities/", ids=",".join(ids)).json()["results"] == []
    assert api.get(f"data_privacy/export_ids/{user}/").json()["export"]["activity_count"] == 0


def test_a_users_uploads_are_exported_and_deleted_on_request(api, other_api, unique):
    user = unique()
    made = [api.upload("files/", b"x", user=user), api.upload("images/", png(4, 4), name="a.png", user=user)]
    urls = [answer.json()["file"] for answer in made]
    urls.append(api.get("images/", url=urls[1], w=2, user=user).json()["file"])
    plain = api.get(f"data_privacy/export_ids/{user}/").json()["export"]
    assert set(plain) == {"user_id", "activity_count", "activity_ids", "reaction_count", "reaction_ids"}
    export = api.get(f"data_privacy/export_ids/{user}/", with_uploads="true").json()["export"]
    assert export["upload_count"] == 3 and set(export["upload_urls"]) == set(urls)
    assert requests.get(export["upload_urls"][0], timeout=30).status_code == 200
    assert other_api.get(f"data_privacy/export_ids/{user}/", with_uploads="true").json()["export"]["upload_count"] == 0
    assert other_api.post("data_privacy/delete_uploads/", {"urls": urls}).status_code == 201
    assert all(requests.get(url, timeout=30).status_code == 200 for url in urls)
    deleted = api.post("data_privacy/delete_uploads/", {"urls": [*urls, urls[0], "nonsense"]})
    assert deleted.status_code == 201 and set(deleted.json()) == {"duration"}
    assert all(requests.get(url, timeout=30).status_code == 404 for url in urls)
    assert api.get(f"data_privacy/export_ids/{user}/", with_uploads="true").json()["export"]["upload_urls"] == []


# HTTP signatures


def signed(method, path, body=None, date=None, secret=None):
    """As the PHP SDK signs its batches."""
    key = required("API_KEY")
    target = f"/api/v1.0/{path}?api_key={key}"
    date = date or email.utils.formatdate(time.time(), usegmt=True)
    text = f"(request-target): {method.lower()} {target}\ndate: {date}"
    code = hmac.new((secret or required("API_SECRET")).encode(), text.encode(), hashlib.sha256).digest()
    header = (
        f'Signature keyId="{key}",algorithm="hmac-sha256",headers="(request-target) date",'
        f'signature="{base64.b64encode(code).decode()}"')
    return requests.request(
        method, os.environ["BASE_URL"].rstrip("/") + target, data=None if body is None else json.dumps(body), timeout=20,
        headers={"Date": date, "X-Api-Key": key, "Authorization": header, "Content-Type": "application/json"})


@pytest.mark.parametrize("method, status", [("GET", 200), ("POST", 201), ("PUT", 201), ("DELETE", 200)])
def test_a_signature_is_checked_by_every_method(method, status):
    answer = signed(method, "test/auth/digest/")
    assert answer.status_code == status and set(answer.json()) == {"duration"}
    wrong = signed(method, "test/auth/digest/", secret="another-secret-of-thirty-two-characters")
    assert wrong.status_code == 403 and wrong.json()["code"] == 17
    late = signed(method, "test/auth/digest/", date=email.utils.formatdate(time.time() - 1_000, usegmt=True))
    assert late.status_code == 401 and late.json()["code"] == 3


def test_signed_batches_do_what_they_say(api, unique):
    user, fan = unique(), unique()
    assert signed("POST", "follow_many/", [{"source": f"timeline:{fan}", "target": f"user:{user}"}]).status_code == 201
    assert len(api.get(f"feed/user/{user}/followers/").json()["results"]) == 1
    many = {"activity": {"actor": "a", "verb": "v", "object": "o"}, "feeds": [f"user:{user}", f"flat:{fan}"]}
    assert signed("POST", "feed/add_to_many/", many).status_code == 201
    assert len(api.get(f"feed/flat/{fan}/").json()["results"]) == 1
