"""Users, collections and enrichment through stream-python 5.4.0, unmodified, sync and async (feeds 2.10, 2.11, 3.8)."""

import asyncio

import pytest
from conftest import required
from stream import exceptions

USER = ["id", "data", "created_at", "updated_at"]
OBJECT = ["id", "collection", "foreign_id", "data", "created_at", "updated_at"]


def bare(answer):
    return {name: value for name, value in answer.items() if name != "duration"}


def missing(reference):
    kind, _, rest = reference.partition(":")
    names = {"SU": "user", "SO": "object", "SA": "activity", "SR": "reaction"}
    found = {"error": "ReferenceNotFound", "reference": reference, "reference_type": names[kind], "id": rest}
    if kind == "SO":
        found["collection"], found["id"] = rest.split(":")
    return found


# Users


def test_a_user_through_its_life(client, unique):
    name = unique()
    data = {"name": "Alice", "z": 1, "a": 0.5, "list": [], "none": None, "nested": {"b": 1, "a": [1, "2"]}}
    added = client.users.add(name, data)
    assert list(bare(added)) == USER
    assert added["data"] == data and list(added["data"]) == list(data)
    assert added["created_at"] == added["updated_at"]
    assert bare(client.users.get(name)) == bare(added)
    with pytest.raises(exceptions.StreamApiException) as error:
        client.users.add(name, {"other": 1})
    assert error.value.status_code == 409 and type(error.value) is exceptions.StreamApiException  # it knows no code 22
    assert bare(client.users.add(name, {"other": 1}, get_or_create=True)) == bare(added)
    updated = client.users.update(name, {"b": 1})
    assert updated["data"] == {"b": 1}
    assert updated["created_at"] == added["created_at"] and updated["updated_at"] > added["updated_at"]
    assert bare(client.users.get(name)) == bare(updated)
    assert list(client.users.delete(name)) == ["duration"]
    for call in (client.users.get, client.users.delete, client.users.update):
        with pytest.raises(exceptions.DoesNotExistException):
            call(name)
    assert client.users.add(name)["data"] == {}


# Collections


def test_an_object_through_its_life(client, unique):
    name = unique()
    added = client.collections.add("food", {"name": "Burger", "rating": 4.5}, id=name)
    assert list(bare(added)) == OBJECT
    assert (added["collection"], added["foreign_id"]) == ("food", f"food:{name}")
    assert bare(client.collections.get("food", name)) == bare(added)
    with pytest.raises(exceptions.StreamApiException) as error:
        client.collections.add("food", {"a": 1}, id=name)
    assert (error.value.status_code, error.value.code) == (409, 4)
    with pytest.raises(exceptions.InputException):
        client.collections.add("food", {}, id=name)
    updated = client.collections.update("food", name, data={"name": "Pizza"})
    assert updated["data"] == {"name": "Pizza"} and updated["updated_at"] > added["updated_at"]
    assert list(client.collections.delete("food", name)) == ["duration"]
    with pytest.raises(exceptions.DoesNotExistException):
        client.collections.get("food", name)
    made = client.collections.add("food", {"a": 1})
    assert len(made["id"]) == 36
    assert bare(client.collections.get("food", made["id"])) == bare(made)
    with pytest.raises(exceptions.InputException):
        client.collections.add("food", {"a": 1}, id="!abcdee!")


def test_upsert_select_and_delete_many(client, unique):
    one, two = unique(), unique()
    items = [{"id": one, "name": "juniper", "data": {"k": [1]}}, {"id": two, "x": None}]
    answer = client.collections.upsert("animals", items)
    assert answer["data"] == {"animals": items}
    found = client.collections.select("animals", [two, unique(), one])["response"]["data"]
    assert [item["data"] for item in found] == [items[1], items[0]]
    assert list(found[0]) == OBJECT
    client.collections.upsert("animals", {"id": one, "name": "changed"})
    assert client.collections.get("animals", one)["data"] == {"id": one, "name": "changed"}
    client.collections.delete_many("animals", [one, two, unique()])
    assert client.collections.select("animals", [one, two])["response"]["data"] == []


# Enrichment


def test_references_of_a_page_are_resolved(client, feed, unique):
    user, food = unique(), unique()
    client.users.add(user, {"name": "Bob"})
    client.collections.add("food", {"name": "Burger"}, id=food)
    someone, nothing = unique(), "00000000-0000-0000-0000-000000000000"
    wall = feed()
    first = wall.add_activity(
        {"actor": client.users.create_reference(user), "verb": "eat",
         "object": client.collections.create_reference("food", food), "target": f"SU:{someone}",
         "foreign_id": f"SU:{user}", "with": [f"SU:{user}", "Tom", f"SU:{someone}"], "nested": {"who": f"SU:{user}"},
         "gone": f"SA:{nothing}", "lost": f"SR:{nothing}", "odd": "SO:food"})
    second = wall.add_activity({"actor": f"SU:{user}", "verb": "share", "object": f"SA:{first['id']}"})
    share, eat = wall.get(enrich=True)["results"]
    alice, burger = bare(client.users.get(user)), bare(client.collections.get("food", food))
    assert (eat["actor"], eat["object"], eat["target"]) == (alice, burger, missing(f"SU:{someone}"))
    assert eat["foreign_id"] == f"SU:{user}" and eat["verb"] == "eat"
    assert eat["with"] == [alice, "Tom", missing(f"SU:{someone}")]
    assert eat["nested"] == {"who": f"SU:{user}"} and eat["odd"] == "SO:food"
    assert eat["gone"] == missing(f"SA:{nothing}") and eat["lost"] == missing(f"SR:{nothing}")
    assert list(eat["actor"]) == USER and list(eat["object"]) == OBJECT
    assert list(eat) == [name for name in first if name != "duration"]
    assert share["actor"] == alice and share["object"] == eat
    assert [result["actor"] for result in wall.get()["results"]] == [f"SU:{user}"] * 2
    by_id = client.get_activities(ids=[second["id"], first["id"]], enrich=True)
    assert set(by_id) == {"results", "duration"} and by_id["results"] == [share, eat]


def test_changes_and_deletions_show_at_once(client, feed, unique):
    user, wall = unique(), feed()
    wall.add_activity({"actor": f"SU:{user}", "verb": "v", "object": "o"})

    def actor():
        return wall.get(enrich=True)["results"][0]["actor"]

    assert actor() == missing(f"SU:{user}")
    client.users.add(user, {"n": 1})
    assert actor()["data"] == {"n": 1}
    client.users.update(user, {"n": 2})
    assert actor()["data"] == {"n": 2}
    client.users.delete(user)
    assert actor() == missing(f"SU:{user}")


def test_followers_see_the_same_with_their_origin(client, feed, unique):
    user, wall, timeline = unique(), feed(), feed("timeline")
    client.users.add(user)
    timeline.follow("user", wall.user_id)
    wall.add_activity({"actor": f"SU:{user}", "verb": "v", "object": "o"})
    mine, theirs = wall.get(enrich=True)["results"][0], timeline.get(enrich=True)["results"][0]
    assert theirs.pop("origin") == wall.id and mine.pop("origin") is None
    assert mine == theirs


def test_reaction_options_add_their_members_even_if_empty(feed):
    wall = feed()
    wall.add_activity({"actor": "a", "verb": "v", "object": "o"})
    result = wall.get(reactions={"own": True, "recent": True, "counts": True})["results"][0]
    members = ["own_reactions", "latest_reactions", "latest_reactions_extra", "reaction_counts"]
    assert [result[name] for name in members] == [{}] * 4
    assert not set(members) & set(wall.get(enrich=True)["results"][0])


# Two apps


def test_apps_have_users_and_objects_of_their_own(client, other_client, feed, unique):
    name = unique()
    client.users.add(name, {"of": "first"})
    client.collections.add("food", {"of": "first"}, id=name)
    for call in (lambda: other_client.users.get(name), lambda: other_client.collections.get("food", name)):
        with pytest.raises(exceptions.DoesNotExistException):
            call()
    theirs = other_client.feed("user", name)
    theirs.add_activity({"actor": f"SU:{name}", "verb": "v", "object": f"SO:food:{name}"})
    result = theirs.get(enrich=True)["results"][0]
    assert (result["actor"], result["object"]) == (missing(f"SU:{name}"), missing(f"SO:food:{name}"))
    other_client.collections.delete_many("food", [name])
    other_client.users.add(name, {"of": "second"})
    other_client.users.delete(name)
    assert client.users.get(name)["data"] == client.collections.get("food", name)["data"] == {"of": "first"}


# The asynchronous client


def test_the_async_client_does_the_same(unique):
    import stream

    name = unique()

    async def scenario():
        client = stream.connect(
            required("API_KEY"), required("API_SECRET"), base_url=required("BASE_URL"), timeout=20, use_async=True)
        added = await client.users.add(name, {"n": 1})
        assert bare(await client.users.get(name)) == bare(added)
        assert bare(await client.users.add(name, get_or_create=True)) == bare(added)
        await client.collections.upsert("food", [{"id": name, "n": 1}])
        assert len((await client.collections.select("food", [name]))["response"]["data"]) == 1
        wall = client.feed("user", name)
        await wall.add_activity({"actor": f"SU:{name}", "verb": "v", "object": f"SO:food:{name}"})
        result = (await wall.get(enrich=True))["results"][0]
        assert result["actor"] == bare(added) and result["object"]["data"] == {"id": name, "n": 1}
        await client.collections.delete("food", name)
        await client.users.delete(name)
        with pytest.raises(exceptions.DoesNotExistException):
            await client.users.get(name)

    asyncio.run(scenario())
