"""Reactions through stream-python 5.4.0, unmodified (spec/feeds-api.md, 2.9, 3.8, 3.9)."""

import concurrent.futures
import uuid

import pytest
from stream import exceptions

UNKNOWN = "00000000-0000-1000-8000-000000000000"


@pytest.fixture
def user(client, unique):
    """Makes a user that exists."""

    def make(name="Bob"):
        found = client.users.add(unique("u"), {"name": name})
        del found["duration"]
        return found

    return make


@pytest.fixture
def activity(feed):
    """An activity in a feed nobody else uses."""
    return feed().add_activity({"actor": "1", "verb": "eat", "object": "burger"})


def plain(answer):
    return {name: value for name, value in answer.items() if name != "duration"}


def ids(page):
    return [reaction["id"] for reaction in page["results"]]


def test_add_get_filter_and_enrichment_show_the_same(client, feed, user):
    """R2, trap 21: to the last member, in the same order."""
    bob, wall, notified = user(), feed(), feed()
    post = wall.add_activity({"actor": "1", "verb": "eat", "object": "burger"})
    added = client.reactions.add(
        "like", post["id"], bob["id"], data={"z": 1, "a": {"deep": [0.5, None]}}, target_feeds=[notified.id],
        target_feeds_extra_data={"mood": "good"})
    assert list(added) == [
        "id", "kind", "activity_id", "user_id", "user", "data", "parent", "target_feeds", "latest_children",
        "children_counts", "created_at", "updated_at", "duration"]
    assert list(added["data"]) == ["z", "a"]
    assert added["user"] == bob
    added = plain(added)
    got = plain(client.reactions.get(added["id"]))
    assert got == added and list(got) == list(added)
    for page in (
        client.reactions.filter(activity_id=post["id"]), client.reactions.filter(activity_id=post["id"], kind="like"),
        client.reactions.filter(user_id=bob["id"]), client.reactions.filter(user_id=bob["id"], kind="like"),
    ):
        assert page["results"] == [added] and list(page["results"][0]) == list(added)
        assert page["next"] == "" and set(page) == {"results", "next", "duration"}
    enriched = wall.get(reactions={"own": True, "recent": True, "counts": True}, user_id=bob["id"])["results"][0]
    assert enriched["own_reactions"] == {"like": [added]}
    assert enriched["latest_reactions"] == {"like": [added]}
    assert enriched["latest_reactions_extra"] == {"like": {"next": ""}}
    assert enriched["reaction_counts"] == {"like": 1}
    assert list(enriched["own_reactions"]["like"][0]) == list(added)


def test_target_feeds_get_an_activity_that_names_the_reaction(client, feed, user, unique):
    """R8, trap 5."""
    bob, notified, follower = user(), feed(), feed("timeline")
    follower.follow("user", notified.user_id)
    post = feed().add_activity({"actor": "1", "verb": "eat", "object": "burger"})
    added = client.reactions.add(
        "comment", post["id"], bob["id"], target_feeds=[notified.id], target_feeds_extra_data={"mood": "good"})
    notice = notified.get()["results"][0]
    assert notice["actor"] == f"SU:{bob['id']}" and notice["verb"] == "comment"
    assert notice["object"] == f"SA:{post['id']}" and notice["reaction"] == f"SR:{added['id']}"
    assert notice["foreign_id"] == f"reaction:{added['id']}" and notice["mood"] == "good"
    assert notice["origin"] is None and notice["target"] == "" and "to" not in notice
    assert notice["time"].strftime("%Y-%m-%dT%H:%M:%S.%fZ") == (
        added["created_at"] if isinstance(added["created_at"], str)
        else added["created_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    followed = follower.get()["results"][0]
    assert plain({**followed, "origin": None}) == notice and followed["origin"] == notified.id
    enriched = notified.get(enrich=True)["results"][0]
    assert enriched["actor"] == bob and enriched["reaction"] == plain(added)
    assert enriched["object"]["id"] == post["id"]
    client.reactions.update(added["id"], target_feeds=[])
    assert notified.get()["results"] == [] and follower.get()["results"] == []


def test_children_and_their_counts(client, activity, user):
    """R5, R6, trap 17."""
    bob = user()
    top = client.reactions.add("comment", activity["id"], bob["id"])
    for _ in range(4):
        for kind in ("clap", "like", "unlike"):
            last = client.reactions.add_child(kind, top["id"], bob["id"])
    assert last["parent"] == top["id"] and last["activity_id"] == activity["id"]
    got = client.reactions.get(top["id"])
    assert {kind: len(items) for kind, items in got["latest_children"].items()} == {"clap": 3, "like": 3, "unlike": 4}
    assert got["children_counts"] == {"clap": 4, "like": 4, "unlike": 4}
    grandchild = client.reactions.add_child("like", last["id"], bob["id"])
    with pytest.raises(exceptions.InputException):
        client.reactions.add_child("like", grandchild["id"], bob["id"])
    with pytest.raises(exceptions.InputException):
        client.reactions.add_child("like", UNKNOWN, bob["id"])
    children = client.reactions.filter(reaction_id=top["id"], limit=25)
    assert len(children["results"]) == 12
    assert children["results"][0] == plain(client.reactions.get(last["id"]))
    assert ids(client.reactions.filter(activity_id=activity["id"])) == [top["id"]]
    client.reactions.delete(top["id"])
    for reaction in (top, last, grandchild):
        with pytest.raises(exceptions.DoesNotExistException):
            client.reactions.get(reaction["id"])


def test_pages(client, activity, user):
    """L12, R14, R15, trap 20."""
    bob = user()
    made = [client.reactions.add("like", activity["id"], bob["id"])["id"] for _ in range(12)]
    assert made == sorted(made, key=lambda text: uuid.UUID(text).time)
    newest = made[::-1]
    first = client.reactions.filter(activity_id=activity["id"])
    assert ids(first) == newest[:10]
    assert first["next"].startswith("http") and first["next"].count("?") == 1 and "api_key" not in first["next"]
    assert f"id_lt={newest[9]}" in first["next"]
    rest = client.reactions.filter(activity_id=activity["id"], id_lt=newest[9])
    assert ids(rest) == newest[10:] and rest["next"] == ""
    up = client.reactions.filter(activity_id=activity["id"], id_gt=made[2], limit=3)
    assert ids(up) == made[3:6] and f"id_gt={made[5]}" in up["next"]
    assert ids(client.reactions.filter(activity_id=activity["id"], id_gte=made[2], id_lte=made[4])) == made[2:5][::-1]
    data = client.reactions.filter(activity_id=activity["id"], with_activity_data=True)
    assert data["activity"]["id"] == activity["id"] and data["activity"]["reaction_counts"] == {"like": 12}
    assert len(data["activity"]["latest_reactions"]["like"]) == 5
    extra = data["activity"]["latest_reactions_extra"]["like"]["next"]
    assert extra.endswith(
        f"/api/v1.0/reaction/activity_id/{activity['id']}/like/?id_lt={newest[4]}&limit=5&withOwnChildren=false")


def test_update_soft_delete_and_restore(client, activity, user):
    """R10–R12, trap 16."""
    bob = user()
    added = client.reactions.add("like", activity["id"], bob["id"], data={"a": 1})
    updated = client.reactions.update(added["id"], data={"b": 2})
    assert updated["data"] == {"b": 2} and updated["created_at"] == added["created_at"]
    assert updated["updated_at"] != added["updated_at"]
    with pytest.raises(exceptions.DoesNotExistException):
        client.reactions.restore(added["id"])
    client.reactions.delete(added["id"], soft=True)
    deleted = client.reactions.get(added["id"])
    assert "deleted_at" in deleted and plain(deleted)["data"] == {"b": 2}
    assert client.reactions.filter(activity_id=activity["id"])["results"] == []
    with pytest.raises(exceptions.DoesNotExistException):
        client.reactions.update(added["id"], data={})
    client.reactions.restore(added["id"])
    assert plain(client.reactions.get(added["id"])) == plain(updated)
    client.reactions.delete(added["id"])
    for call in (client.reactions.get, client.reactions.delete, client.reactions.restore):
        with pytest.raises(exceptions.DoesNotExistException):
            call(added["id"])


def test_a_hundred_parallel_requests_are_counted_exactly(client, feed, user, unique):
    """R9, trap 37."""
    bob, wall = user(), feed()
    post = wall.add_activity({"actor": "1", "verb": "eat", "object": "burger"})
    top = client.reactions.add("comment", post["id"], bob["id"])
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        likes = list(pool.map(lambda number: client.reactions.add("like", post["id"], f"u{number}"), range(100)))
        claps = list(pool.map(lambda number: client.reactions.add_child("clap", top["id"], f"u{number}"), range(100)))
    assert len({item["id"] for item in likes + claps}) == 200
    assert wall.get(reactions={"counts": True})["results"][0]["reaction_counts"] == {"comment": 1, "like": 100}
    assert client.reactions.get(top["id"])["children_counts"] == {"clap": 100}
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda item: client.reactions.delete(item["id"]), likes + claps))
    assert wall.get(reactions={"counts": True})["results"][0]["reaction_counts"] == {"comment": 1, "like": 0}
    assert client.reactions.get(top["id"])["children_counts"] == {"clap": 0}


def test_own_reactions_are_the_named_users_or_everybodys(client, feed, user):
    """H6, H9, trap 19."""
    bob, eve, wall = user(), user("Eve"), feed()
    post = wall.add_activity({"actor": "1", "verb": "eat", "object": "burger"})
    mine = client.reactions.add("like", post["id"], bob["id"])
    theirs = client.reactions.add("like", post["id"], eve["id"])
    child = client.reactions.add_child("like", theirs["id"], bob["id"])

    def own(**params):
        found = wall.get(reactions={"own": True}, **params)["results"][0]["own_reactions"]
        return {kind: [item["id"] for item in items] for kind, items in found.items()}

    assert own(user_id=bob["id"]) == {"like": [mine["id"]]}
    assert own() == {"like": [theirs["id"], mine["id"]]}
    assert own(user_id="nobody") == {}
    shown = wall.get(reactions={"recent": True}, withOwnChildren=True, user_id=bob["id"])["results"][0]
    first = shown["latest_reactions"]["like"][0]
    assert [item["id"] for item in first["own_children"]["like"]] == [child["id"]]
    assert shown["latest_reactions"]["like"][1]["own_children"] == {}


def test_another_app_does_not_see_them(client, other_client, activity, user):
    added = client.reactions.add("like", activity["id"], user()["id"])
    for call in (other_client.reactions.get, other_client.reactions.delete, other_client.reactions.restore):
        with pytest.raises(exceptions.DoesNotExistException):
            call(added["id"])
    with pytest.raises(exceptions.InputException):
        other_client.reactions.add_child("like", added["id"], "bob")
    assert other_client.reactions.filter(activity_id=activity["id"])["results"] == []
    assert ids(client.reactions.filter(activity_id=activity["id"])) == [added["id"]]


def test_a_user_changes_only_their_own(client, feed, unique):
    """P10, P25, P27, P30 through user tokens."""
    from stream.reactions import Reactions

    bob, eve = unique("bob"), unique("eve")
    post = feed().add_activity({"actor": "1", "verb": "eat", "object": "burger"})

    def acting(name):
        return Reactions(client, client.create_user_token(name))

    added = acting(bob).add("like", post["id"], bob)
    with pytest.raises(exceptions.StreamApiException):
        acting(eve).add("like", post["id"], bob)
    for attempt in (
        lambda: acting(eve).update(added["id"], data={}), lambda: acting(eve).delete(added["id"]),
    ):
        with pytest.raises(exceptions.NotAllowedException):
            attempt()
    with pytest.raises(exceptions.DoesNotExistException):
        acting(eve).delete(UNKNOWN)
    with pytest.raises(exceptions.NotAllowedException):
        acting(bob).add("like", post["id"], bob, target_feeds=[f"timeline:{eve}"])
    assert acting(eve).get(added["id"])["user_id"] == bob
    acting(bob).delete(added["id"])
    assert acting(bob).filter(user_id=bob)["results"] == []
