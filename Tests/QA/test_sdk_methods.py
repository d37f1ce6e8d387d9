"""Every method of the official Python SDK, synchronous and asynchronous: none is forgotten, because the list is the SDK's own."""

import asyncio
import datetime
import inspect

import jwt
import pytest
import stream
from conftest import required
from stream import exceptions

PARTS = ("collections", "users", "reactions", "personalization")

# Their endpoints come with later services: whatever these answer, it is JSON of the API, a result or an error the SDK knows.
LATER = {
    "client.og", "client.track_engagements", "client.track_impressions", "personalization.get", "personalization.post",
    "personalization.delete"}

# How the SDK speaks with any server; used by all others.
PLUMBING = {
    "client.get", "client.post", "client.put", "client.delete", "client.raise_exception", "client.get_default_header",
    "client.get_default_params", "client.get_full_url", "client.get_user_agent", "feed.create_scope_token"}


def methods(client):
    """The SDK's public methods, by what they are called on."""
    objects = {"client": client, "feed": client.feed("user", "1"), **{part: getattr(client, part) for part in PARTS}}
    return {
        f"{name}.{method}" for name, found in objects.items() for method, _ in inspect.getmembers(type(found), callable)
        if not method.startswith("_")}


class Recorder:
    """Calls methods of one of the SDK's objects, awaits what has to be awaited, and notes the names."""

    def __init__(self, name, found, called):
        self.name, self.found, self.called = name, found, called

    def __getattr__(self, method):
        async def call(*arguments, **options):
            self.called.add(f"{self.name}.{method}")
            result = getattr(self.found, method)(*arguments, **options)
            return await result if inspect.isawaitable(result) else result

        return call


async def scenario(sdk, unique):
    called = set()
    client = Recorder("client", sdk, called)
    collections, users, reactions, personalization = (Recorder(part, getattr(sdk, part), called) for part in PARTS)
    name, other = unique(), unique()
    assert (await client.feed("user", name)).id == f"user:{name}"
    user, timeline = (Recorder("feed", sdk.feed(group, name), called) for group in ("user", "timeline"))

    # Users and objects
    assert (await users.add(name, {"name": "Bob"}))["data"] == {"name": "Bob"}
    assert (await users.get(name))["data"] == {"name": "Bob"}
    assert (await users.update(name, {"name": "Rob"}))["data"] == {"name": "Rob"}
    assert await users.create_reference(name) == f"SU:{name}"
    added = await collections.add("food", {"n": 1}, id=name, user_id=name)
    assert added["foreign_id"] == f"food:{name}"
    assert (await collections.get("food", name))["data"] == {"n": 1}
    assert (await collections.update("food", name, data={"n": 2}))["data"] == {"n": 2}
    assert await collections.create_reference("food", name) == f"SO:food:{name}"
    await collections.upsert("food", [{"id": other, "n": 3}])
    assert [item["id"] for item in (await collections.select("food", [name, other]))["response"]["data"]] == [name, other]
    await collections.delete("food", name)
    await collections.delete_many("food", [other])
    assert (await collections.select("food", [name, other]))["response"]["data"] == []

    # Feeds and follows
    time = datetime.datetime(2026, 11, 21, 10, 0, 0, 123456, datetime.timezone.utc)
    one = await user.add_activity(
        {"actor": f"SU:{name}", "verb": "v", "object": "1", "foreign_id": f"f:{name}", "time": time})
    assert one["time"] == time
    await user.add_activities([{"actor": "a", "verb": "v", "object": str(number)} for number in (2, 3)])
    assert [item["object"] for item in (await user.get(limit=2))["results"]] == ["3", "2"]
    assert [item.split(" ")[0] for item in await user.add_to_signature([f"user:{other}"])] == [f"user:{other}"]
    await timeline.follow("user", name, activity_copy_limit=2)
    assert len((await timeline.get())["results"]) == 2
    assert [item["target_id"] for item in (await timeline.following())["results"]] == [f"user:{name}"]
    assert [item["feed_id"] for item in (await user.followers())["results"]] == [f"timeline:{name}"]
    counts = (await client.follow_stats(f"user:{name}"))["results"]
    assert counts["followers"]["count"] == 1 and counts["following"]["count"] == 0
    await timeline.unfollow("user", name, keep_history=True)
    assert len((await timeline.get())["results"]) == 2
    relations = [{"source": f"flat:{name}", "target": f"user:{name}"}]
    await client.follow_many(relations, activity_copy_limit=1)
    assert len((await user.followers())["results"]) == 1
    await client.unfollow_many(relations)
    assert (await user.followers())["results"] == []
    changed = await user.update_activity_to_targets(f"f:{name}", time, new_targets=[f"flat:{other}"])
    assert changed["added"] == [f"flat:{other}"]

    # Activities
    await client.add_to_many({"actor": "a", "verb": "v", "object": "many"}, [f"flat:{name}", f"flat:{other}"])
    assert [item["object"] for item in sdk_page(await Recorder("feed", sdk.feed("flat", other), called).get())] == ["many", "1"]
    await client.update_activity({**stored(one), "n": 1})
    await client.update_activities([{**stored(one), "n": 2}])
    assert (await client.get_activities(ids=[one["id"]]))["results"][0]["n"] == 2
    single = await client.activity_partial_update(id=one["id"], set={"n": 3}, unset=["gone"])
    assert [item["n"] for item in single["activities"]] == [3]
    many = await client.activities_partial_update([{"foreign_id": f"f:{name}", "time": time, "set": {"n": 4}}])
    assert [item["n"] for item in many["activities"]] == [4]
    found = await client.get_activities(foreign_id_times=[(f"f:{name}", time)], enrich=True)
    assert found["results"][0]["actor"]["data"] == {"name": "Rob"}

    # Reactions
    like = await reactions.add("like", one["id"], name, data={"a": 1}, target_feeds=[f"notification:{name}"])
    child = await reactions.add_child("clap", like["id"], name)
    assert child["parent"] == like["id"]
    assert (await reactions.get(like["id"]))["children_counts"] == {"clap": 1}
    assert (await reactions.update(like["id"], data={"a": 2}))["data"] == {"a": 2}
    assert [item["id"] for item in (await reactions.filter(activity_id=one["id"]))["results"]] == [like["id"]]
    await reactions.delete(like["id"], soft=True)
    assert (await reactions.filter(activity_id=one["id"]))["results"] == []
    await reactions.restore(like["id"])
    assert len((await reactions.filter(activity_id=one["id"]))["results"]) == 1
    await reactions.delete(like["id"])
    with pytest.raises(exceptions.DoesNotExistException):
        await reactions.get(like["id"])

    # Tokens and addresses
    secret = required("API_SECRET")
    assert jwt.decode(await client.create_user_token(name), secret, algorithms=["HS256"]) == {"user_id": name}
    scope = jwt.decode(await client.create_jwt_token("feed", "read", feed_id="*"), secret, algorithms=["HS256"])
    assert (scope["resource"], scope["action"]) == ("feed", "read")
    readonly = jwt.decode(await user.get_readonly_token(), secret, algorithms=["HS256"])
    assert (readonly["action"], readonly["feed_id"]) == ("read", f"user{name}")
    assert "analytics/redirect" in await client.create_redirect_url("https://example.org/x", name, [])

    # Removal
    assert (await user.remove_activity(one["id"]))["removed"] == one["id"]
    assert (await client.get_activities(ids=[one["id"]]))["results"] == []
    await users.delete(name)
    with pytest.raises(exceptions.DoesNotExistException):
        await users.get(name)

    for call in (
        lambda: client.og("https://example.org/"), lambda: client.track_engagements([]), lambda: client.track_impressions([]),
        lambda: personalization.get("follow_recommendations", user_id=name),
        # The asynchronous one puts `data` into the query too, where only a text can stand.
        lambda: personalization.post("follow_recommendations", data=""),
        lambda: personalization.delete("follow_recommendations", user_id=name),
    ):
        try:
            await call()
        except exceptions.StreamApiException as error:
            assert error.status_code in (400, 403, 404, 501), error
    return called


def sdk_page(page):
    return page["results"]


def stored(activity):
    """An activity as its adder sends it again."""
    return {name: activity[name] for name in ("actor", "verb", "object", "foreign_id", "time")}


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_every_method_is_answered(is_async, unique):
    sdk = stream.connect(
        required("API_KEY"), required("API_SECRET"), base_url=required("BASE_URL"), timeout=20, use_async=is_async)
    called = asyncio.run(scenario(sdk, unique))
    assert LATER <= called
    assert methods(sdk) == called | PLUMBING, "the SDK has methods that no test calls, or has lost some"
