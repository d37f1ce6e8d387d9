"""Two apps that probe each other: nothing of one is seen, changed or named through the other (B7)."""

import pytest
from api import API, refusal
from conftest import required
from stream import exceptions

ACTIVITY = {"actor": "a", "verb": "v", "object": "o"}


@pytest.fixture(scope="module")
def first():
    required("BASE_URL")
    return API(required("API_KEY"), required("API_SECRET"))


@pytest.fixture(scope="module")
def second():
    required("BASE_URL")
    return API(required("APP2_KEY"), required("APP2_SECRET"))


@pytest.mark.reads
def test_a_key_with_the_other_apps_secret_is_a_wrong_signature(first, second):
    assert refusal(first.get("feed/user/1/", token=second.token())) == (403, 17)
    assert refusal(second.get("feed/user/1/", token=first.token(user_id="x"))) == (403, 17)
    assert refusal(first.get("feed/user/1/", headers={"X-Api-Key": second.key})) == (401, 2)


def test_equal_names_are_different_feeds(client, other_client, unique):
    name = unique()
    mine, theirs = client.feed("user", name), other_client.feed("user", name)
    sent = {**ACTIVITY, "foreign_id": name, "time": "2026-11-21T10:00:00"}
    one = mine.add_activity({**sent, "owner": "first"})
    assert theirs.get()["results"] == []
    other = theirs.add_activity({**sent, "owner": "second"})
    # Equal foreign id and time give equal ids in two apps, and two activities.
    assert one["id"] == other["id"]
    assert [result["owner"] for result in mine.get()["results"]] == ["first"]
    assert [result["owner"] for result in theirs.get()["results"]] == ["second"]
    assert client.get_activities(ids=[one["id"]])["results"][0]["owner"] == "first"
    theirs.remove_activity(other["id"])
    assert [result["owner"] for result in mine.get()["results"]] == ["first"]
    assert other_client.get_activities(ids=[one["id"]])["results"] == []
    theirs.remove_activity(foreign_id=name)
    assert len(mine.get()["results"]) == 1


def test_follows_stay_in_their_app(client, other_client, unique):
    name = unique()
    mine, theirs = client.feed("timeline", name), other_client.feed("timeline", name)
    client.feed("user", name).add_activity(ACTIVITY)
    theirs.follow("user", name)
    assert theirs.get()["results"] == []
    assert mine.following()["results"] == []
    assert client.feed("user", name).followers()["results"] == []
    client.feed("user", name).add_activity(ACTIVITY)
    assert theirs.get()["results"] == []
    mine.follow("user", name)
    theirs.unfollow("user", name)
    assert len(mine.get()["results"]) == 2
    assert len(mine.following()["results"]) == 1


def test_ids_of_one_app_find_nothing_in_the_other(client, other_client, unique):
    added = client.feed("user", unique()).add_activity({**ACTIVITY, "foreign_id": unique()})
    assert other_client.get_activities(ids=[added["id"]])["results"] == []
    assert other_client.get_activities(foreign_id_times=[(added["foreign_id"], added["time"])])["results"] == []


def test_groups_of_one_app_say_nothing_of_the_other(first, second, unique):
    # Both apps have the same groups here; a name neither has is refused alike, and names no app.
    answers = [api.get(f"feed/nogroup/{unique()}/") for api in (first, second)]
    assert [refusal(answer) for answer in answers] == [(400, 6), (400, 6)]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]


def test_the_sdk_of_one_app_cannot_sign_for_the_other(client, other_client, unique, base_url):
    import stream

    crossed = stream.connect(client.api_key, other_client.api_secret, base_url=base_url, timeout=20)
    name = unique()
    for call in (
        lambda: crossed.feed("user", name).add_activity(ACTIVITY), lambda: crossed.feed("user", name).get(),
        lambda: crossed.follow_many([{"source": f"timeline:{name}", "target": f"user:{name}"}]),
    ):
        with pytest.raises(exceptions.NotAllowedException):
            call()
    assert client.feed("user", name).get()["results"] == []
    assert other_client.feed("user", name).get()["results"] == []
