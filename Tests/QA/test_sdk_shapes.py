"""The SDKs of six languages, by the shapes of their requests: what is served answers all of them alike (feeds, appendix A)."""

import http.client
import os
import urllib.parse

import pytest
import requests
from client import token
from conftest import required
from pictures import png, png_size
from sdk_shapes import SHAPES, Client


@pytest.fixture(params=SHAPES, ids=[shape.name for shape in SHAPES])
def sdk(request):
    required("BASE_URL")
    return Client(request.param)


def path(feed, rest=""):
    return f"feed/{feed.replace(':', '/')}/{rest}"


def test_activities(sdk, unique):
    shape, feed = sdk.shape, f"user:{unique()}"
    target = f"flat:{unique()}"
    to = {"python": f"{target} {sdk.scope('*', '*')}", "php": f"{target} bGVnYWN5"}.get(shape.name, target)
    sent = {
        "actor": 1, "verb": "tweet", "object": "tweet:1", "foreign_id": f"{feed}:1", "time": shape.time, "to": [to],
        "custom": {"a": [1, "2"], "empty": shape.empty_map}}
    write = sdk.scope("feed", "write", feed)
    added = sdk.good("POST", path(feed), body=sent, authorization=write)
    assert (added["actor"], added["to"], added["time"]) == ("1", [target], shape.time_read)
    assert added["custom"] == sent["custom"]
    batch = sdk.good(
        "POST", path(feed), body={"activities": [{"actor": "a", "verb": "v", "object": str(n)} for n in range(3)]})
    assert [item["object"] for item in batch["activities"]] == ["0", "1", "2"]
    page = sdk.good(
        "GET", path(feed), [("limit", "2"), ("offset", "0")] if shape.name == "php" else [("limit", "2")],
        authorization=sdk.scope("feed", "read", feed))
    assert [item["object"] for item in page["results"]] == ["2", "1"]
    assert page["next"].count("?") == 1
    follow_next(sdk, page["next"], ["0", "tweet:1"])
    ids = [added["id"], batch["activities"][0]["id"]]
    found = sdk.good("GET", "activities/", shape.list_of("ids", ids))
    assert [item["id"] for item in found["results"]] == ids
    by_foreign_id = shape.list_of("foreign_ids", [added["foreign_id"]], shape.name == "ruby") + shape.list_of(
        "timestamps", [shape.time], shape.name == "ruby")
    found = sdk.good("GET", "activities/", by_foreign_id)
    assert [item["id"] for item in found["results"]] == ids[:1]
    # One activity by two equal bounds (X2).
    one = sdk.good("GET", path(feed), [("id_lte", ids[1]), ("id_gte", ids[1]), ("limit", "1")])
    assert [item["id"] for item in one["results"]] == [ids[1]]
    body = {} if shape.name == "python" else None
    delete = sdk.scope("feed", "delete", feed)
    assert sdk.good("DELETE", path(feed, f"{ids[1]}/"), body=body, authorization=delete)["removed"] == ids[1]
    foreign_id = urllib.parse.quote(added["foreign_id"], safe="" if shape.name in ("javascript", "java") else ":")
    removed = sdk.good("DELETE", path(feed, f"{foreign_id}/"), [("foreign_id", "1")], body=body, authorization=delete)
    assert removed["removed"] == added["foreign_id"]


def follow_next(sdk, address, expected):
    """`next` as this SDK uses it: cut at its `?` (Go), fetched with a second api_key (Java), by the caller (others)."""
    address, query = address.split("?")
    pairs = urllib.parse.parse_qsl(query)
    if sdk.shape.name not in ("java", "go"):
        pairs = [pair for pair in pairs if pair[0] != "api_key"]
    page = sdk.good("GET", address.removeprefix("/api/v1.0/"), pairs)
    assert [item["object"] for item in page["results"]] == expected


def test_follows(sdk, unique):
    shape, source, target = sdk.shape, f"timeline:{unique()}", f"user:{unique()}"
    sdk.good("POST", path(target), body={"actor": "a", "verb": "v", "object": "o"})
    body = {"target": target}
    if shape.copy_limit is not None:
        body["activity_copy_limit"] = shape.copy_limit
    if shape.name in ("python", "php", "java"):
        body["target_token"] = sdk.scope("feed", "read", target)
    follower = sdk.scope("follower", "*", source)
    assert list(sdk.good("POST", path(source, f"{shape.follow_path}/"), body=body, authorization=follower)) == ["duration"]
    query = list(shape.list_query.items())
    following = sdk.good("GET", path(source, f"{shape.follow_path}/"), query, authorization=follower)["results"]
    assert [(item["feed_id"], item["target_id"]) for item in following] == [(source, target)]
    followers = sdk.good("GET", path(target, "followers/"), query)["results"]
    assert [item["feed_id"] for item in followers] == [source]
    chosen = sdk.good("GET", path(source, f"{shape.follow_path}/"), [("filter", f"{target},user:other")])["results"]
    assert len(chosen) == 1
    sdk.good(
        "DELETE", path(source, f"{shape.follow_path}/{target}/"), [("keep_history", shape.keep_history)], authorization=follower)
    assert len(sdk.good("GET", path(source))["results"]) == 1
    assert sdk.good("GET", path(source, f"{shape.follow_path}/"), query)["results"] == []
    relations = [{"source": source, "target": target}]
    # PHP's SDK signs its batch requests (A11).
    signed = shape.name == "php"
    sdk.good(
        "POST", "follow_many/", [("activity_copy_limit", "10")], relations, sdk.scope("follower", "write"), signed=signed)
    keep = {"java": "NO", "go": False}.get(shape.name)
    sdk.good(
        "POST", "unfollow_many/", body=[{**relations[0], **({} if keep is None else {"keep_history": keep})}], signed=signed)
    assert sdk.good("GET", path(source, f"{shape.follow_path}/"), query)["results"] == []


def test_users(sdk, unique):
    shape, name = sdk.shape, unique()
    users = sdk.scope("users", "*", **({"user_id": "*"} if shape.name in ("ruby", "php") else {}))
    body = {"id": name}
    if shape.name not in ("php", "go"):
        body["data"] = None if shape.nulls else {}
    added = sdk.good("POST", "user/", [("get_or_create", shape.false)], body, users)
    assert (added["id"], added["data"]) == (name, {})
    assert sdk.send("POST", "user/", [("get_or_create", shape.false)], body, users).status == 409
    again = sdk.good("POST", "user/", [("get_or_create", shape.true)], {"id": name, "data": {"n": 1}}, users)
    assert again["data"] == {}
    assert sdk.good("PUT", f"user/{name}/", body={"data": {"n": 2}}, authorization=users)["data"] == {"n": 2}
    assert sdk.good("GET", f"user/{name}/", authorization=users)["data"] == {"n": 2}
    assert sdk.good("PUT", f"user/{name}/", body={"data": shape.empty_map}, authorization=users)["data"] == {}
    assert list(sdk.good("DELETE", f"user/{name}/", body={} if shape.name == "python" else None, authorization=users)) == ["duration"]
    gone = sdk.send("GET", f"user/{name}/", authorization=users)
    # What SDKs map to their classes: status, code, exception.
    assert (gone.status, gone.body["code"], gone.body["exception"]) == (404, 16, "DoesNotExistException")


def test_collections(sdk, unique):
    shape, name = sdk.shape, unique()
    scope = sdk.scope("collections", "*", **({"user_id": "*"} if shape.name not in ("go", "java") else {}))
    body = {"data": {"n": 1}}
    if shape.nulls or shape.name == "php":
        body |= {"id": None, "user_id": None}
    if shape.name == "go":
        body["id"] = ""
    added = sdk.good("POST", "collections/food/", body=body, authorization=scope)
    assert len(added["id"]) == 36 and added["data"] == {"n": 1}
    assert sdk.send("POST", "collections/food/", body={"id": added["id"], "data": {"n": 1}}, authorization=scope).body["code"] == 4
    assert sdk.send("POST", "collections/food/", body={"id": name, "data": shape.empty_map}, authorization=scope).body["code"] == 4
    assert sdk.good("PUT", f"collections/food/{added['id']}/", body={"data": {"n": 2}}, authorization=scope)["data"] == {"n": 2}
    assert sdk.good("GET", f"collections/food/{added['id']}/", authorization=scope)["data"] == {"n": 2}
    items = [{"id": f"{name}-{number}", "n": number} for number in range(2)]
    echoed = sdk.good("POST", shape.object_batch_path, body={"data": {"food": items}}, authorization=scope)
    assert echoed["data"] == {"food": items}
    found = sdk.good(
        "GET", shape.object_batch_path, shape.list_of("foreign_ids", [f"food:{item['id']}" for item in items]), authorization=scope)
    # Java's reader looks for `response.data` wherever it first occurs (X5).
    assert next(iter(found)) == "response" and [item["data"] for item in found["response"]["data"]] == items
    ids = shape.list_of("ids", [item["id"] for item in items], repeated=shape.name == "python")
    sdk.good(
        "DELETE", "collections/", [("collection_name", "food"), *ids], {} if shape.name == "python" else None, scope)
    assert sdk.send("GET", f"collections/food/{items[0]['id']}/", authorization=scope).status == 404


def test_reactions(sdk, unique):
    shape, name = sdk.shape, unique()
    feed, target = f"user:{name}", f"notification:{unique()}"
    activity = sdk.good("POST", path(feed), body={"actor": "a", "verb": "v", "object": "o"})["id"]
    scope = sdk.scope("reactions", "*", **({"user_id": "*"} if shape.name in ("ruby", "php") else {}))
    nothing = {"target_feeds": [], "data": {}} if shape.name == "javascript" else {}
    if shape.nulls:
        nothing = {"data": None, "target_feeds": None, "target_feeds_extra_data": None, "parent": None}
        if shape.name == "python":
            nothing["moderation_template"] = None
    plain = sdk.good("POST", "reaction/", body={**nothing, "kind": "like", "activity_id": activity, "user_id": name}, authorization=scope)
    assert (plain["kind"], plain["data"], plain["parent"], plain["user_id"]) == ("like", {}, "", name)
    assert "target_feeds" not in plain
    named = {"python": f"{target} {sdk.scope('*', '*')}", "php": f"{target} bGVnYWN5"}.get(shape.name, target)
    sent = {
        **nothing, "kind": "comment", "activity_id": activity, "user_id": name, "data": {"text": "x", "empty": shape.empty_map},
        "target_feeds": [named], "target_feeds_extra_data": {"mood": "good"}}
    if shape.name == "java":
        sent["moderation_template"] = "none"
    comment = sdk.good("POST", "reaction/", body=sent, authorization=scope)
    assert comment["target_feeds"] == [target] and comment["data"] == sent["data"]
    noticed = sdk.good("GET", path(target))["results"][0]["activities"]
    assert [(item["reaction"], item["mood"]) for item in noticed] == [(f"SR:{comment['id']}", "good")]
    child = sdk.good(
        "POST", "reaction/", body={**nothing, "kind": "clap", "parent": comment["id"], "user_id": name}, authorization=scope)
    assert (child["parent"], child["activity_id"]) == (comment["id"], activity)
    got = sdk.good("GET", f"reaction/{comment['id']}/", authorization=scope)
    assert got["children_counts"] == {"clap": 1} and got["data"] == sent["data"]

    def listed(lookup, value, kind=None, more=()):
        """Java leaves no slash behind a kind; Python and Ruby say again in the query what the path says."""
        address = f"reaction/{lookup}/{value}/" + (f"{kind}/" if kind else "")
        query = [("limit", "10")] if shape.name == "javascript" else []
        if shape.name in ("python", "ruby") and kind:
            query += [("kind", kind)]
        if shape.name == "python":
            query += [(lookup, value)]
        if shape.name == "java":
            query += [("with_activity_data", shape.false), ("withOwnChildren", shape.false), ("filter_user_id", ""), ("limit", "10")]
        return [item["id"] for item in sdk.good("GET", address, [*query, *more], authorization=scope)["results"]]

    assert listed("activity_id", activity) == [comment["id"], plain["id"]]
    assert listed("activity_id", activity, "like") == [plain["id"]]
    assert listed("reaction_id", comment["id"]) == [child["id"]]
    assert listed("user_id", name, "clap") == [child["id"]]
    assert listed("activity_id", activity, None, [("id_lt", comment["id"])]) == [plain["id"]]
    # What an update sends of target feeds when none are given keeps them, or clears them (R10).
    none = {"javascript": {"target_feeds": []}, "java": {"target_feeds": []}}.get(shape.name, {"target_feeds": None} if shape.nulls else {})
    changed = sdk.good("PUT", f"reaction/{comment['id']}/", body={"data": {"text": "y"}, **none}, authorization=scope)
    assert changed["data"] == {"text": "y"}
    assert ("target_feeds" in changed) == (none.get("target_feeds", None) is None)
    if shape.empty_map == []:
        assert sdk.good("PUT", f"reaction/{comment['id']}/", body={"data": []}, authorization=scope)["data"] == {}
    soft = {"python": [("soft", "True")], "php": [("soft", "true")]}.get(shape.name, [("soft", "true")])
    if shape.name == "go":
        soft.append(("user_id", name))
    body = {} if shape.name == "python" else None
    assert list(sdk.good("DELETE", f"reaction/{comment['id']}/", soft, body, scope)) == ["duration"]
    assert listed("activity_id", activity) == [plain["id"]]
    restored = sdk.good("PUT", f"reaction/{comment['id']}/restore/", body=[] if shape.empty_map == [] else body, authorization=scope)
    assert restored["id"] == comment["id"] and "deleted_at" not in restored
    hard = {"python": [("soft", "False")], "php": [("soft", "false")]}.get(shape.name, [])
    assert list(sdk.good("DELETE", f"reaction/{comment['id']}/", hard, body, scope)) == ["duration"]
    gone = sdk.send("GET", f"reaction/{comment['id']}/", authorization=scope)
    assert (gone.status, gone.body["code"], gone.body["exception"]) == (404, 16, "DoesNotExistException")


def test_enriched_reads(sdk, unique):
    shape, name = sdk.shape, unique()
    feed = f"user:{name}"
    sdk.good("POST", "user/", body={"id": name, "data": {"n": 1}})
    sdk.good("POST", path(feed), body={"actor": f"SU:{name}", "verb": "v", "object": "o"})
    options = [(shape.own, shape.true), (shape.recent, shape.true), (shape.counts, shape.true), ("limit", "5")]
    kinds = {"javascript": [("reactionKindsFilter[]", "like"), ("reactionKindsFilter[]", "clap")],
             "java": [("reaction_kinds_filter", "like,clap")]}.get(shape.name, [("reactionKindsFilter", "like,clap")])
    result = sdk.good("GET", f"enrich/{path(feed)}", options + kinds)["results"][0]
    assert result["actor"]["data"] == {"n": 1}
    assert [result[member] for member in ("own_reactions", "latest_reactions", "reaction_counts")] == [{}, {}, {}]
    off = sdk.good("GET", f"enrich/{path(feed)}", [(shape.own, shape.false)])["results"][0]
    assert "own_reactions" not in off


def fetched(url):
    """What anyone gets at an address: no token, no key."""
    return requests.get(url, timeout=30)


def test_files(sdk, unique):
    shape, name = sdk.shape, unique()
    write, delete = sdk.scope("files", "write"), sdk.scope("files", "delete")
    uploaded = sdk.upload("files/", b"hello\n", authorization=write)
    # Java's reader takes `file` wherever it first occurs (X5).
    assert uploaded.status == 201 and list(uploaded.body) == ["file", "duration"]
    url = uploaded.body["file"]
    assert "helloworld.txt?" in url
    file = fetched(url)
    assert (file.status_code, file.content) == (200, b"hello\n")
    # A type of the sender's own is kept; where it says nothing in particular, the name tells.
    assert file.headers["Content-Type"] == (shape.part_type if shape.name == "javascript" else "text/plain")
    nameless = sdk.upload("files/", b"x", name=None, authorization=write)
    assert nameless.status == 201 and "/file" in nameless.body["file"]
    body = {} if shape.name == "python" else None
    gone = sdk.good("DELETE", "files/", [("url", url)], body, delete)
    assert list(gone) == ["duration"] and fetched(url).status_code == 404
    again = sdk.send("DELETE", "files/", [("url", url)], body, delete)
    assert (again.status, again.body["code"], again.body["exception"]) == (404, 16, "DoesNotExistException")
    alice, bob = (token(sdk.secret, user_id=user) for user in (f"{name}-alice", f"{name}-bob"))
    hers = sdk.upload("files/", b"x", authorization=alice).body["file"]
    assert sdk.send("DELETE", "files/", [("url", hers)], body, bob).status == 403
    assert sdk.send("DELETE", "files/", [("url", hers)], body, alice).status == 200
    assert sdk.upload("files/", b"", authorization=write).body["code"] == 4


def test_images(sdk):
    shape = sdk.shape
    files = sdk.scope("files", "*")
    uploaded = sdk.upload("images/", png(40, 30), name="helloworld.png", authorization=files)
    assert uploaded.status == 201 and list(uploaded.body) == ["file", "duration"]
    url = uploaded.body["file"]
    assert "helloworld.png?" in url and fetched(url).headers["Content-Type"] == "image/png"
    for options, size in (
            ([("w", "20")], (20, 15)), ([("w", "10"), ("h", "10"), ("resize", "clip")], (10, 8)),
            ([("crop", "bottom,right"), ("h", "12"), ("resize", "crop"), ("w", "10")], (10, 12)),
            ([("w", "7"), ("h", "9"), ("resize", "scale")], (7, 9)), ([("w", "50"), ("h", "50"), ("resize", "fill")], (50, 50))):
        made = sdk.good("GET", "images/", [("url", url), *options], authorization=files)
        assert list(made) == ["file", "duration"]
        assert made["file"].split("?")[0] != url.split("?")[0] and png_size(fetched(made["file"]).content) == size
    for wrong in ([("w", "0")], [("resize", "bad"), ("w", "5")], [("crop", "bad"), ("w", "5")]):
        assert sdk.send("GET", "images/", [("url", url), *wrong], authorization=files).body["code"] == 4
    body = {} if shape.name == "python" else None
    assert list(sdk.good("DELETE", "images/", [("url", url)], body, files)) == ["duration"]
    assert sdk.send("GET", "images/", [("url", url), ("w", "20")], authorization=files).status == 404
    # What the content is decides, whatever name and type say; clients compare the text.
    refused = sdk.upload("images/", b"no picture", name="a.png", authorization=files)
    assert (refused.status, refused.body["code"]) == (400, 4)
    assert refused.body["detail"] == "File type application/octet-stream is not supported"


# A browser


def test_a_page_of_another_origin_may_use_the_api(unique):
    """What a browser asks before a page's request, and the request then, made with a user token as JavaScript's SDK makes it."""
    host = required("BASE_URL").split("://", 1)[1].rstrip("/")
    key, user = os.environ["API_KEY"], unique()
    connection = http.client.HTTPConnection(host, timeout=30)
    address = f"/api/v1.0/feed/user/{user}/?api_key={key}&location=unspecified"
    wanted = "authorization,content-type,stream-auth-type,x-stream-client"
    for method, asked in (("POST", address), ("GET", address), ("PUT", f"/api/v1.0/user/{user}/?api_key={key}"),
                          ("DELETE", f"/api/v1.0/collections/food/{user}/?api_key={key}")):
        connection.request("OPTIONS", asked, headers={
            "Origin": "https://app.example", "Access-Control-Request-Method": method, "Access-Control-Request-Headers": wanted})
        answer = connection.getresponse()
        answer.read()
        assert answer.status in (200, 204)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert method in answer.headers["Access-Control-Allow-Methods"].split(", ")
        allowed = answer.headers["Access-Control-Allow-Headers"].split(", ")
        assert set(wanted.split(",")) <= set(allowed)
        assert int(answer.headers["Access-Control-Max-Age"]) > 0
    javascript = Client(next(shape for shape in SHAPES if shape.name == "javascript"))
    alice = token(javascript.secret, user_id=user)
    added = javascript.send(
        "POST", f"feed/user/{user}/", body={"verb": "v", "object": "o", "actor": f"SU:{user}"}, authorization=alice,
        headers=[("Origin", "https://app.example")])
    assert added.status == 201 and added.headers["Access-Control-Allow-Origin"] == "*"
    refused = javascript.send("GET", "feed/timeline/somebody/", authorization=alice, headers=[("Origin", "https://app.example")])
    assert refused.status == 403 and refused.headers["Access-Control-Allow-Origin"] == "*"
    assert "X-RateLimit-Remaining" in refused.headers["Access-Control-Expose-Headers"]
