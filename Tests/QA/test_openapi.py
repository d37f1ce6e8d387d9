"""The API's description against the running server: each operation answers as it says, status and body."""

import pathlib

import jsonschema
import pytest
import yaml
from api import API
from conftest import required

DESCRIPTION = yaml.safe_load((pathlib.Path(__file__).parents[2] / "docs" / "openapi.yaml").read_text())
METHODS = ("get", "post", "delete")
OPERATIONS = [
    (method, path, operation) for path, item in DESCRIPTION["paths"].items() for method, operation in item.items()
    if method in METHODS and path != "/openapi.yaml"]


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
    names = {"slug": "user", "id": "qa-none", "activity": "x", "target": "user"}
    url = path.removeprefix("/api/v1.0/").format(**names)
    for answer in (
        api.call(method.upper(), url, data=b"{", token="x"),
        api.call(method.upper(), url, data=b"{", token=api.token() + "x"),
        api.call(method.upper(), url, data=b"{", api_key="nobody"),
        api.call(method.upper(), url, data=b"{", token=api.token(resource="nothing", action="*")),
        api.call(method.upper(), url, data=b"{", limit="x", ids="x", filter="x"),
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
    check(operation("readActivities"), api.get("activities/", ids=added.json()["id"]))
    check(operation("listFollowing"), api.get(f"feed/timeline/{timeline}/following/"))
    check(operation("listFollowers"), api.get(f"feed/user/{user}/followers/"))
    relations = [{"source": f"timeline:{timeline}", "target": f"flat:{user}"}]
    check(operation("followMany"), api.post("follow_many/", relations))
    check(operation("unfollowMany"), api.post("unfollow_many/", relations))
    check(operation("unfollow"), api.delete(f"feed/timeline/{timeline}/following/user:{user}/"))
    check(operation("removeActivities"), api.delete(f"feed/user/{user}/{added.json()['id']}/"))
