"""The feed API over plain HTTP: exact bodies, headers, order of checks, user tokens (spec/feeds-api.md C, A, P, L)."""

import json
import threading
import time

import pytest
import requests
from api import API, POLICY_REFUSAL, refusal, without_duration
from conftest import required


@pytest.fixture(scope="module")
def api():
    required("BASE_URL")
    return API(required("API_KEY"), required("API_SECRET"))


ACTIVITY = {"actor": "a", "verb": "v", "object": "o"}


def bare_activity(**members):
    return {"verb": "v", "object": "o", **members}


# Form of answers


@pytest.mark.reads
def test_an_error_body_is_exact(api):
    answer = api.get("feed/user/1/", limit="x")
    body = without_duration(answer)
    assert answer.status_code == 400
    assert body == {
        "detail": "limit must be a non-negative integer", "status_code": 400, "code": 4, "exception": "InputException",
        "more_info": "https://getstream.io/docs/api_error_responses"}


@pytest.mark.reads
def test_preflights_need_no_key(api):
    for path in ("feed/user/1/", "follow_many/", "activities"):
        answer = requests.options(f"{api.base}/api/v1.0/{path}", timeout=10)
        assert answer.status_code in (200, 204)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, PUT, PATCH, DELETE, OPTIONS"
        allowed = answer.headers["Access-Control-Allow-Headers"].split(", ")
        assert {"authorization", "content-type", "stream-auth-type", "x-stream-client", "x-api-key"} <= set(allowed)
        assert answer.headers["Access-Control-Max-Age"] == "86400"


@pytest.mark.reads
@pytest.mark.parametrize("path", ["feed/user/qa-none/", "feed/user/qa-none", "feed//user//qa-none//", "feed/us%65r/qa-none/"])
def test_slashes_make_no_difference(api, path):
    answer = api.get(path)
    assert answer.status_code == 200
    assert not answer.history
    assert without_duration(answer) == {"results": [], "next": ""}


def test_member_order_and_values_are_kept(api, unique):
    sent = (
        '{"z":1,"actor":"a","a":{"y":[],"x":{},"n":null},"verb":"v","object":"o","big":123456789012345678901234567890,'
        '"half":0.50,"exponent":1E400,"text":"\\u00e9\\ud83d\\ude00\\/","date":"2026-11-21T10:00:00Z","A":true}')
    name = unique()
    added = api.post(f"feed/user/{name}/", data=sent.encode())
    assert added.status_code == 201
    custom = (
        '"z":1,"a":{"y":[],"x":{},"n":null},"big":123456789012345678901234567890,"half":0.50,"exponent":1E400,'
        '"text":"\\u00e9\\ud83d\\ude00\\/","date":"2026-11-21T10:00:00Z","A":true')
    page = api.get(f"feed/user/{name}/")
    by_id = api.get("activities/", ids=added.json()["id"])
    for answer in (added, page, by_id):
        assert custom in answer.text


def test_identical_reads_are_identical_but_for_duration(api, unique):
    name = unique()
    for number in range(3):
        api.post(f"feed/user/{name}/", {**ACTIVITY, "n": number})
    first, second = api.get(f"feed/user/{name}/"), api.get(f"feed/user/{name}/")
    assert list(first.json()) == list(second.json()) == ["results", "next", "duration"]
    assert json.dumps(without_duration(first)) == json.dumps(without_duration(second))


def test_an_unchanged_page_is_304(api, unique):
    name = unique()
    api.post(f"feed/user/{name}/", ACTIVITY)
    first = api.get(f"feed/user/{name}/")
    tag = first.headers["ETag"]
    assert tag.startswith('W/"')
    again = api.get(f"feed/user/{name}/", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    api.post(f"feed/user/{name}/", ACTIVITY)
    assert api.get(f"feed/user/{name}/", headers={"If-None-Match": tag}).status_code == 200


def test_next_leads_through_the_feed(api, unique):
    name = unique()
    api.post(f"feed/user/{name}/", {"activities": [{**ACTIVITY, "n": number} for number in range(23)]})
    for options in ({"limit": 5}, {"limit": 5, "offset": 3}, {"limit": 100}, {"limit": 7, "location": "a b"}):
        page = api.get(f"feed/user/{name}/", **options)
        read = page.json()["results"]
        while page.json()["next"]:
            page = api.next(page)
            read += page.json()["results"]
        assert [result["n"] for result in read] == list(reversed(range(23)))[options.get("offset", 0):]


@pytest.mark.parametrize(
    "ending, kind", [("as2", "application/activity+json"), ("atom", "application/atom+xml"), ("jsonfeed", "application/feed+json")])
def test_other_formats_of_a_page(api, unique, ending, kind):
    name = unique()
    api.post(f"feed/user/{name}/", {**ACTIVITY, "object": "<&>"})
    token = {"Authorization": api.token(), "Stream-Auth-Type": "jwt"}
    url = f"{api.base}/api/v1.0/feed/user/{name}"
    for answer in (
        requests.get(f"{url}.{ending}/?api_key={api.key}", headers=token, timeout=10),
        requests.get(f"{url}/?api_key={api.key}", headers={**token, "Accept": kind}, timeout=10),
    ):
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
        if ending == "atom":
            import xml.etree.ElementTree as tree

            entries = tree.fromstring(answer.content).findall("{http://www.w3.org/2005/Atom}entry")
            assert [entry.find("{http://www.w3.org/2005/Atom}title").text for entry in entries] == ["a v <&>"]
        else:
            assert len(answer.json()["orderedItems" if ending == "as2" else "items"]) == 1


def test_an_idempotency_key_adds_once(api, unique):
    name, key = unique(), {"Idempotency-Key": unique()}
    path = f"feed/user/{name}/"
    first, second = (api.post(path, ACTIVITY, headers=key) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert without_duration(first) == without_duration(second)
    assert len(api.get(path).json()["results"]) == 1
    assert refusal(api.post(path, {**ACTIVITY, "x": 1}, headers=key)) == (409, 22)


def test_parallel_requests_with_one_idempotency_key_add_once(api, unique):
    name, key = unique(), {"Idempotency-Key": unique()}
    path = f"feed/user/{name}/"
    ids = []

    def add():
        ids.append(API(api.key, api.secret).post(path, ACTIVITY, headers=key).json()["id"])

    threads = [threading.Thread(target=add) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 20 and len(set(ids)) == 1
    assert len(api.get(path).json()["results"]) == 1


@pytest.mark.reads
def test_head_has_no_body(api):
    answer = api.call("HEAD", "feed/user/qa-none/")
    assert answer.status_code == 200
    assert answer.content == b""


@pytest.mark.reads
def test_the_description_is_served(api):
    answer = requests.get(f"{api.base}/openapi.yaml", timeout=10)
    assert answer.status_code == 200
    assert answer.text.startswith("openapi: 3.1")


# Order of checks and authentication


@pytest.mark.reads
def test_checks_come_in_order(api):
    large = b"{" + b" " * (2 << 20) + b"}"
    bad = b'{"actor":'
    assert refusal(api.post("nothing/", data=large, token="x", api_key="nobody")) == (404, 16)
    assert refusal(api.call("PATCH", "feed/nogroup/1/", data=bad, token="x", api_key="nobody")) == (405, 17)
    assert refusal(api.post("feed/nogroup/1/", data=large, token="x", api_key="nobody")) == (401, 2)
    assert refusal(api.post("feed/nogroup/1/", data=large, token="x")) == (401, 3)
    reader = api.token(resource="*", action="read")
    assert refusal(api.post("feed/nogroup/1/", data=large, token=reader)) == (403, 17)
    assert refusal(api.post("feed/nogroup/1/", data=large, user="bob")) == (413, 18)
    assert refusal(api.post("feed/nogroup/1/", data=bad, user="bob")) == (400, 4)
    assert refusal(api.post("feed/nogroup/1/", {}, user="bob")) == (400, 6)
    assert refusal(api.post("feed/user/1/", {}, user="bob")) == (400, 4)
    assert refusal(api.post("feed/user/1/", ACTIVITY, user="bob")) == (403, 17)


@pytest.mark.reads
def test_tokens(api):
    now = int(time.time())

    def status(token, **options):
        answer = api.get("feed/user/qa-none/", token=token, **options)
        return answer.status_code if answer.status_code == 200 else refusal(answer)

    assert status(api.token(user_id="x")) == 200
    assert status("Bearer " + api.token(user_id="x")) == 200
    assert status("", headers={"Authorization": ""}) == (401, 3)
    assert status("no-jwt") == (401, 3)
    assert status(api.token(user_id="x", exp=now + 100)) == 200
    assert status(api.token(user_id="x", exp=now - 30)) == 200
    assert status(api.token(user_id="x", exp=now - 100)) == (401, 3)
    assert status(api.token(user_id="x", nbf=now + 100)) == (401, 3)
    assert status(api.token(user_id="x", iat=now + 100)) == (401, 3)
    assert status(api.token(user_id="*")) == (401, 3)
    assert status(api.token(user_id="x")[:-4] + "AAAA") == (403, 17)
    assert status(api.token(user_id="x"), headers={"X-Api-Key": api.key}) == 200
    assert status(api.token(user_id="x"), headers={"X-Api-Key": "other"}) == (401, 2)
    assert status(api.token(user_id="x"), api_key=None) == (401, 2)
    assert status(api.token(user_id="x"), api_key=None, headers={"X-Api-Key": api.key}) == 200


@pytest.mark.reads
def test_scopes_of_server_tokens(api, unique):
    name = unique()

    def status(path, method="GET", body=None, **claims):
        return api.call(method, path, body, token=api.token(**{"resource": "*", "action": "*", **claims})).status_code

    path = f"feed/user/{name}/"
    assert status(path, resource="feed", action="read", feed_id=f"user{name}") == 200
    assert status(path, resource="feed,follower", action="read,write", feed_id=f"flat1,user{name}") == 200
    assert status(path, resource="feed", action="*", feed_id="*", user_id="*") == 200
    assert status(path, resource="follower") == 403
    assert status(path, action="write") == 403
    assert status(path, feed_id=f"user:{name}") == 403
    assert status(path, feed_id="userx") == 403
    read_only = {"resource": "*", "action": "read", "feed_id": f"user{name}"}
    for allowed in (path, path + "followers/", path + "following/"):
        assert status(allowed, **read_only) == 200
    assert status(path, "POST", ACTIVITY, **read_only) == 403
    assert status(f"feed/user/{unique()}/", **read_only) == 403
    assert status("activities/?ids=", **read_only) == 403


# Permissions of users


def test_users_and_their_feeds(api, unique):
    alice, bob = unique("alice"), unique("bob")

    def add(feed, as_user=alice, **members):
        return api.post(f"feed/{feed.replace(':', '/')}/", bare_activity(**members), user=as_user)

    assert add(f"user:{alice}").json()["actor"] == f"SU:{alice}"
    assert add(f"timeline:{alice}", actor=alice).status_code == 201
    assert add(f"open:{bob}").status_code == 201
    assert add(f"user:{alice}", to=[f"inbox:{bob}", f"open:{bob}", f"timeline:{alice}"]).status_code == 201
    before = api.get(f"feed/user/{alice}/").json()["results"]
    for refused in (
        add(f"user:{alice}", actor=bob), add(f"user:{alice}", actor=f"SU:{bob}"), add(f"user:{bob}"),
        add(f"inbox:{bob}"), add(f"user:{alice}", to=[f"user:{bob}"]), add(f"user:{alice}", to=[f"timeline:{bob}"]),
        add(f"user:{alice}", to=[f"inbox:{bob}", f"user:{bob}"]),
    ):
        assert refusal(refused) == (403, 17)
        assert refused.json()["detail"] == POLICY_REFUSAL
    assert api.get(f"feed/user/{alice}/").json()["results"] == before
    assert api.get(f"feed/user/{bob}/").json()["results"] == []

    def read(path):
        return api.get(path, user=alice).status_code

    assert read(f"feed/user/{bob}/") == read(f"feed/open/{bob}/") == read(f"feed/timeline/{alice}/") == 200
    assert read(f"feed/timeline/{bob}/") == read(f"feed/inbox/{bob}/") == 403
    assert read(f"feed/user/{alice}/followers/") == read(f"feed/user/{alice}/following/") == 200
    assert read(f"feed/user/{bob}/followers/") == read(f"feed/user/{bob}/follows/") == 403
    assert read("activities/?ids=" + before[0]["id"]) == 200


def test_users_follow_and_remove_only_from_their_own(api, unique):
    alice, bob = unique("alice"), unique("bob")
    target = {"target": f"timeline:{bob}"}
    assert api.post(f"feed/timeline/{alice}/follows/", target, user=alice).status_code == 201
    assert api.delete(f"feed/timeline/{alice}/follows/timeline:{bob}/", user=alice).status_code == 200
    assert refusal(api.post(f"feed/user/{bob}/follows/", target, user=alice)) == (403, 17)
    assert refusal(api.delete(f"feed/user/{bob}/following/user:{alice}/", user=alice)) == (403, 17)
    added = api.post(f"feed/user/{bob}/", bare_activity(), user=bob).json()["id"]
    assert refusal(api.delete(f"feed/user/{bob}/{added}/", user=alice)) == (403, 17)
    assert api.delete(f"feed/user/{bob}/{added}/", user=bob).status_code == 200
    for path in ("follow_many/", "unfollow_many/"):
        assert refusal(api.post(path, [{"source": f"user:{alice}", "target": f"user:{bob}"}], user=alice)) == (403, 17)
        assert refusal(api.post(path, {}, user=alice)) == (400, 4)


# Limits and the smaller rules


def test_limits_of_an_activity(api, unique):
    path = f"feed/user/{unique()}/"
    for member, characters in (("actor", 255), ("object", 255), ("target", 255), ("foreign_id", 255), ("verb", 50)):
        assert api.post(path, {**ACTIVITY, member: "é" * characters}).status_code == 201
        refused = api.post(path, {**ACTIVITY, member: "é" * (characters + 1)})
        assert refusal(refused) == (400, 4)
        assert list(refused.json()["exception_fields"]) == [member]
    assert refusal(api.post(path, {**ACTIVITY, "x": "x" * 10240})) == (400, 4)
    assert refusal(api.post(path, {"activities": [ACTIVITY] * 101})) == (400, 4)
    assert refusal(api.post(path, {"activities": []})) == (400, 4)
    assert refusal(api.post(path, {**ACTIVITY, "to": [f"user:{n}" for n in range(101)]})) == (400, 4)
    assert refusal(api.get("activities/", ids=",".join(["9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b"] * 101))) == (400, 4)
    nested = {"x": "y"}
    for _ in range(70):
        nested = {"x": nested}
    assert refusal(api.post(path, {**ACTIVITY, "x": nested})) == (400, 4)


def test_the_same_member_twice_is_refused(api, unique):
    refused = api.post(f"feed/user/{unique()}/", data=b'{"actor":"a","verb":"v","object":"o","\\u0061ctor":"b"}')
    assert refusal(refused) == (400, 4)


@pytest.mark.parametrize(
    "sent, stored",
    [
        ("2026-11-21T10:00:00.123456789", "2026-11-21T10:00:00.123456"), ("2026-11-21 10:00:00Z", "2026-11-21T10:00:00.000000"),
        ("2026-11-21T10:00:00.5+02:00", "2026-11-21T08:00:00.500000"), ("2026-11-21T10:00:00+1200", "2026-11-20T22:00:00.000000"),
        ("2026-11-21", "2026-11-21T00:00:00.000000"),
    ])
def test_forms_of_time(api, unique, sent, stored):
    name = unique()
    added = api.post(f"feed/user/{name}/", {**ACTIVITY, "time": sent, "foreign_id": name}).json()
    assert added["time"] == stored
    found = api.get("activities/", foreign_ids=name, timestamps=sent)
    assert [result["id"] for result in found.json()["results"]] == [added["id"]]


def test_ids_carry_the_time_and_order_of_foreign_ids(api, unique):
    name = unique()
    stamp = "2026-11-21T10:00:00.000001"
    batch = [{**ACTIVITY, "time": stamp, "foreign_id": f"{name}:{number}"} for number in range(1, 11)]
    ids = [item["id"] for item in api.post(f"feed/user/{name}/", {"activities": batch}).json()["activities"]]
    page = api.get(f"feed/user/{name}/").json()["results"]
    assert [result["foreign_id"] for result in page] == [f"{name}:{number}" for number in range(10, 0, -1)]
    assert all(identifier[14] == "1" and identifier[19] in "89ab" for identifier in ids)
    assert len({identifier[:18] for identifier in ids}) == 1


def test_foreign_ids_with_slashes_and_escapes(api, unique):
    name = unique()
    for foreign in ("tweet:10", "a/b/c", "ü+ü %"):
        api.post(f"feed/user/{name}/", {**ACTIVITY, "foreign_id": foreign})
    for path, removed in (("tweet%3A10", "tweet:10"), ("a/b/c", "a/b/c"), ("%C3%BC+%C3%BC%20%25", "ü+ü %")):
        answer = api.delete(f"feed/user/{name}/{path}/", foreign_id="1")
        assert (answer.status_code, without_duration(answer)) == (200, {"removed": removed})
    assert api.get(f"feed/user/{name}/").json()["results"] == []


def test_both_spellings_of_following(api, unique):
    name, target = unique(), f"user:{unique()}"
    for spelling in ("following", "follows"):
        followed = api.post(f"feed/timeline/{name}/{spelling}/", {"target": target, "target_token": "x"})
        assert (followed.status_code, without_duration(followed)) == (201, {})
        listed = api.get(f"feed/timeline/{name}/{spelling}", filter="")
        assert [relation["target_id"] for relation in listed.json()["results"]] == [target]
        gone = api.delete(f"feed/timeline/{name}/{spelling}/{target}/", keep_history="True")
        assert (gone.status_code, without_duration(gone)) == (200, {})


@pytest.mark.reads
@pytest.mark.parametrize("body", ["{}", "", '"x"', '[{"source":"user:1","target":42}]', "[1]"])
def test_batches_of_wrong_shape(api, body):
    for path in ("follow_many/", "unfollow_many/"):
        refused = api.post(path, data=body.encode())
        assert refusal(refused) == (400, 4)
        assert refused.json()["detail"] == "invalid request payload"


@pytest.mark.reads
@pytest.mark.parametrize(
    "method, path",
    [("GET", "realtime/presence/"), ("POST", "devices/"), ("POST", "push/")])
def test_endpoints_to_come_say_so(api, method, path):
    answer = api.call(method, path)
    assert refusal(answer) == (501, -1)
    assert "not served yet" in answer.json()["detail"]


def test_a_chunked_body_is_taken(api, unique):
    def pieces():
        yield b'{"actor":"a","ve'
        yield b'rb":"v","object":"o"}'

    assert api.post(f"feed/user/{unique()}/", data=pieces()).status_code == 201


def test_a_hundred_parallel_requests_all_pass(api, unique):
    name = unique()
    path = f"feed/user/{name}/"
    answers = []

    def add(number):
        own = API(api.key, api.secret)
        answers.append(own.post(path, {**ACTIVITY, "n": number}).status_code)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [201] * 100
    page = api.get(path, limit=100).json()
    assert sorted(result["n"] for result in page["results"]) == list(range(100))
    times = [result["time"] for result in page["results"]]
    assert times == sorted(times, reverse=True) and len(set(times)) == 100
