"""The API's description against the running server: each operation answers as it says, status and body."""

import pathlib

import jsonschema
import pytest
import yaml
from api import API
from conftest import required
from pictures import png

DESCRIPTION = yaml.safe_load((pathlib.Path(__file__).parents[2] / "docs" / "openapi.yaml").read_text())
METHODS = ("get", "post", "put", "delete")
OPERATIONS = [
    (method, path, operation) for path, item in DESCRIPTION["paths"].items() for method, operation in item.items()
    if method in METHODS and path.startswith("/api/")]


@pytest.fixture(scope="module")
def api():
    required("BASE_URL")
    return API(required("API_KEY"), required("API_SECRET"))


def resolved(node):
    while "$ref" in node:
        name = node["$ref"]
        node = DESCRIPTION
        for part in name.removeprefix("#/").split("/"):
            node = node[part]
    return node


def check(operation, answer):
    response = operation["responses"].get(str(answer.status_code))
    assert response, f"status {answer.status_code} is not described: {answer.text}"
    content = resolved(response).get("content")
    if content is None:
        assert answer.content == b""
        return
    kind = answer.headers["Content-Type"].split(";")[0]
    schema = {**content[kind]["schema"], "components": DESCRIPTION["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer.json())


def operation(name):
    return next(found for found in OPERATIONS if found[2]["operationId"] == name)[2]


@pytest.mark.reads
@pytest.mark.parametrize("method, path, operation", OPERATIONS, ids=[item[2]["operationId"] for item in OPERATIONS])
def test_refusals_are_as_described(api, method, path, operation):
    names = {
        "slug": "user", "id": "qa-none", "activity": "x", "target": "user", "name": "qa none", "user": "qa none",
        "lookup": "user_id", "value": "x", "kind": "like"}
    url = path.removeprefix("/api/v1.0/").format(**names)
    for answer in (
        api.call(method.upper(), url, data=b"{", token="x"),
        api.call(method.upper(), url, data=b"{", token=api.token() + "x"),
        api.call(method.upper(), url, data=b"{", api_key="nobody"),
        api.call(method.upper(), url, data=b"{", token=api.token(resource="nothing", action="*")),
        api.call(method.upper(), url, data=b"{", limit="x", ids="x y", filter="x"),
    ):
        assert answer.status_code >= 400
        check(operation, answer)


def test_successes_are_as_described(api, unique):
    user, timeline = unique(), unique()
    activity = {"actor": "a", "verb": "v", "object": "o", "to": [f"flat:{user}"], "x": [1]}
    added = api.post(f"feed/user/{user}/", activity)
    check(operation("addActivities"), added)
    check(operation("addActivities"), api.post(f"feed/user/{user}/", {"activities": [activity, activity]}))
    check(operation("follow"), api.post(f"feed/timeline/{timeline}/following/", {"target": f"user:{user}"}))
    page = api.get(f"feed/timeline/{timeline}/", limit=1)
    assert page.json()["results"] and page.json()["next"]
    check(operation("readFeed"), page)
    check(
        operation("readFeed"), api.get(f"feed/timeline/{timeline}/", limit=1, headers={"If-None-Match": page.headers["ETag"]}))
    for group in ("aggregated", "notification"):
        check(operation("readFeed"), api.get(f"feed/{group}/{user}/", mark_seen="true"))
        check(operation("addActivities"), api.post(f"feed/{group}/{user}/", activity))
        check(operation("readFeed"), api.get(f"feed/{group}/{user}/", mark_read="current"))
    check(operation("readFeed"), api.get(f"feed/invalid_aggregation_format/{user}/"))
    check(operation("readActivities"), api.get("activities/", ids=added.json()["id"]))
    check(operation("listFollowing"), api.get(f"feed/timeline/{timeline}/following/"))
    check(operation("listFollowers"), api.get(f"feed/user/{user}/followers/"))
    relations = [{"source": f"timeline:{timeline}", "target": f"flat:{user}"}]
    check(operation("followMany"), api.post("follow_many/", relations))
    check(operation("unfollowMany"), api.post("unfollow_many/", relations))
    check(operation("unfollow"), api.delete(f"feed/timeline/{timeline}/following/user:{user}/"))
    check(operation("removeActivities"), api.delete(f"feed/user/{user}/{added.json()['id']}/"))


def test_updates_are_as_described(api, unique):
    user = unique()
    update = {"actor": "a", "verb": "v", "object": "o", "foreign_id": user, "time": "2026-11-21T10:00:00"}
    name = {"foreign_id": user, "time": update["time"]}
    check(operation("updateActivities"), api.post("activities/", {"activities": [update]}))
    check(operation("addToMany"), api.post("feed/add_to_many/", {"activity": update, "feeds": [f"user:{user}"]}))
    check(operation("changeActivities"), api.post("activity/", {**name, "set": {"a.b": 1}}))
    check(operation("changeActivities"), api.post("activity/", {"changes": [{**name, "unset": ["a"]}]}))
    check(operation("changeActivities"), api.post("activity/", {"foreign_id": "none", "time": update["time"]}))
    path = f"feed_targets/user/{user}/activity_to_targets/"
    check(operation("updateTargets"), api.post(path, {**name, "added_targets": [f"flat:{user}"]}))
    check(operation("updateTargets"), api.post(path, [{**name, "new_targets": []}]))


def test_users_and_collections_are_as_described(api, unique):
    name = unique()
    check(operation("addUser"), api.post("user/", {"id": name, "data": {"a": [1]}}))
    check(operation("addUser"), api.post("user/", {"id": name}, get_or_create="true"))
    check(operation("addUser"), api.post("user/", {"id": name}))
    check(operation("getUser"), api.get(f"user/{name}/"))
    check(operation("updateUser"), api.call("PUT", f"user/{name}/", {"data": None}))
    check(operation("addUsers"), api.post("users/", {"users": [{"id": name, "data": {}}], "override": True}))
    check(operation("getUsers"), api.get("users/", ids=name))
    added = api.post("collections/food/", {"data": {"a": 1}})
    check(operation("addObject"), added)
    object = added.json()["id"]
    check(operation("addObject"), api.post("collections/food/", {"id": object, "data": {"a": 1}}))
    check(operation("getObject"), api.get(f"collections/food/{object}/"))
    check(operation("updateObject"), api.call("PUT", f"collections/food/{object}/", {"data": {"b": 1}}))
    check(operation("upsertObjects"), api.post("collections/", {"data": {"food": [{"id": 1}, {}]}}))
    check(operation("selectObjects"), api.get("collections/", foreign_ids=f"food:{object},food:1"))
    wall = f"feed/user/{name}/"
    activity = api.post(wall, {"actor": f"SU:{name}", "verb": "v", "object": f"SO:food:{object}", "target": "SU:nobody"})
    share = {"actor": "SU:nobody", "verb": "v", "object": f"SA:{activity.json()['id']}"}
    check(operation("addActivities"), api.post(wall, share))
    options = {"withOwnReactions": "true", "withRecentReactions": "true", "withReactionCounts": "true"}
    page = api.get(f"enrich/{wall}", **options)
    check(operation("readEnrichedFeed"), page)
    check(operation("readEnrichedFeed"), api.get(f"enrich/{wall}", **options, headers={"If-None-Match": page.headers["ETag"]}))
    check(operation("readEnrichedActivities"), api.get("enrich/activities/", ids=activity.json()["id"], **options))
    check(operation("deleteObjects"), api.delete("collections/", collection_name="food", ids=f"{object},1"))
    check(operation("deleteObject"), api.delete(f"collections/food/{object}/"))
    check(operation("deleteUser"), api.delete(f"user/{name}/"))
    check(operation("getUser"), api.get(f"user/{name}/"))
    check(operation("deleteUsers"), api.delete("users/", ids=name))


def test_reactions_are_as_described(api, unique):
    user = unique()
    activity = api.post(f"feed/user/{user}/", {"actor": "a", "verb": "v", "object": "o"}).json()["id"]
    body = {"kind": "like", "activity_id": activity, "user_id": user, "target_feeds": [f"user:{user}"]}
    added = api.post("reaction/", body)
    check(operation("addReaction"), added)
    id = added.json()["id"]
    check(operation("addReaction"), api.post("reaction/", {"kind": "like", "parent": id, "user_id": user, "data": None}))
    check(operation("addReaction"), api.post("reaction/", {**body, "id": id}))
    check(operation("addReaction"), api.post("reaction/", {"kind": "like", "activity_id": activity}))
    check(operation("getReaction"), api.get(f"reaction/{id}/", with_own_children="true"))
    check(operation("updateReaction"), api.call("PUT", f"reaction/{id}/", {"data": {"a": 1}}))
    check(operation("getReactions"), api.get("reaction/get_many/", ids=id))
    page = api.get(f"reaction/activity_id/{activity}/", with_activity_data="true", with_own_children="true")
    assert page.json()["results"] and page.json()["activity"]
    check(operation("listReactions"), page)
    check(operation("listReactionsOfAKind"), api.get(f"reaction/reaction_id/{id}/like/"))
    check(operation("listReactions"), api.get(f"reaction/user_id/{user}/", limit=1))
    options = {"withOwnReactions": "true", "withRecentReactions": "true", "withReactionCounts": "true"}
    shown = api.get(f"enrich/feed/user/{user}/", **options)
    assert shown.json()["results"][-1]["own_reactions"]["like"]
    check(operation("readEnrichedFeed"), shown)
    check(operation("deleteReaction"), api.delete(f"reaction/{id}/", soft="true"))
    check(operation("getReaction"), api.get(f"reaction/{id}/"))
    check(operation("restoreReaction"), api.call("PUT", f"reaction/{id}/restore/"))
    check(operation("restoreReaction"), api.call("PUT", f"reaction/{id}/restore/"))
    check(operation("deleteReaction"), api.delete(f"reaction/{id}/"))


@pytest.mark.reads
def test_the_description_is_served_in_three_forms(api):
    import requests

    assert yaml.safe_load(requests.get(f"{api.base}/openapi.yaml", timeout=10).text) == DESCRIPTION
    # What our own reader of YAML makes of it is what PyYAML does.
    found = requests.get(f"{api.base}/openapi.json", timeout=10)
    assert found.headers["Content-Type"] == "application/json; charset=utf-8"
    assert found.json() == DESCRIPTION
    for path in ("/openapi", "/openapi/"):
        page = requests.get(api.base + path, timeout=10)
        assert page.status_code == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert not any(part in page.text for part in ("<script", "<link", "<img", 'href="http', "src=", "url("))
        for _, _, operation in OPERATIONS:
            assert f'id="{operation["operationId"]}"' in page.text


def test_files_and_images_are_as_described(api):
    for path, content, name in (("files", b"hello", "File"), ("images", png(4, 4), "Image")):
        added = api.upload(f"{path}/", content)
        check(operation(f"upload{name}"), added)
        check(operation(f"upload{name}"), api.upload(f"{path}/", b""))
        url = added.json()["file"]
        check(operation("processImage"), api.get("images/", url=url, w=2, h=2, resize="crop", crop="top,left"))
        check(operation(f"delete{name}"), api.delete(f"{path}/", url=url))
        check(operation(f"delete{name}"), api.delete(f"{path}/", url=url))
    check(operation("readOpenGraph"), api.get("og/", url="http://127.0.0.1/"))
    check(operation("readOpenGraph"), api.get("og/"))


def test_administration_is_as_described(api, unique):
    user = unique()
    added = api.post(f"feed/user/{user}/", {"actor": user, "verb": "v", "object": "o"})
    feed = f"user:{user}"
    check(operation("followStats"), api.get("stats/follow/", followers=feed, following=feed, followers_slugs="timeline,x"))
    check(operation("followStats"), api.get("stats/follow/", following=feed))
    check(operation("auditLogs"), api.get("audit_logs/", limit=1))
    check(operation("exportIDs"), api.get(f"data_privacy/export_ids/{user}/"))
    erased = {"activities": [{"id": added.json()["id"], "remove_from_feeds": [feed]}]}
    check(operation("deleteActivities"), api.post("data_privacy/delete_activities/", erased))
    check(operation("deleteReactions"), api.post("data_privacy/delete_reactions/", {"ids": [added.json()["id"]]}))
    flag = {"entity_type": "stream:user", "entity_id": user, "user_id": "x"}
    # Moderation is off where an app does not switch it on.
    check(operation("flag"), api.post("moderation/flag/", flag))
    check(operation("setStatus"), api.post("moderation/status/", {**flag, "moderator_id": "m", "status": "done"}))
    check(operation("setStatuses"), api.post("moderation/status/batch/", {
        "moderator_id": "m", "updates": [{"entity_type": "stream:user", "entity_id": user, "status": "done"}]}))
    check(operation("dropModerationCache"), api.delete(f"moderation/user/cache/{user}/"))
