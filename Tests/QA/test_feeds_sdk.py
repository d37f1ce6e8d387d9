"""The feed API through stream-python 5.4.0, unmodified: adding, reading, removing, following (spec/feeds-api.md)."""

import datetime

import pytest
from stream import exceptions

UTC = datetime.timezone.utc


def activity(number=1, **members):
    return {"actor": "SU:1", "verb": "post", "object": f"note:{number}", **members}


def objects(page):
    return [result["object"] for result in page["results"]]


def add_many(feed, count, **members):
    return feed.add_activities([activity(number, **members) for number in range(count)])["activities"]


# Adding


def test_an_activity_comes_back_as_it_is_read(feed):
    user = feed()
    sent = activity(
        foreign_id="note:1", time=datetime.datetime(2026, 11, 21, 10, 0, 0, 123456), target="wall:1",
        participants=["Tommaso", "Thierry"], route={"name": "Vondelpark", "distance": 20, "rating": 0.5}, empty={}, none=None)
    added = user.add_activity(sent)
    del added["duration"]
    assert added["origin"] is None
    assert "to" not in added
    assert added["time"] == datetime.datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)
    for name in ("participants", "route", "empty", "none", "actor", "verb", "object", "target", "foreign_id"):
        assert added[name] == sent[name]
    assert list(added) == [
        "id", "actor", "verb", "object", "target", "foreign_id", "time", "origin", "participants", "route", "empty", "none"]
    page = user.get()
    assert set(page) == {"results", "next", "duration"}
    assert page["results"] == [added]
    assert page["next"] == ""


def test_numbers_in_references_become_strings(feed):
    user = feed()
    added = user.add_activity({"actor": 1, "verb": "post", "object": 2, "target": 3, "foreign_id": 4, "popularity": 5})
    assert [added[name] for name in ("actor", "object", "target", "foreign_id")] == ["1", "2", "3", "4"]
    assert added["popularity"] == 5


def test_what_was_read_can_be_sent_back(feed):
    user = feed()
    first = user.add_activity(activity(foreign_id="note:1", time="2026-11-21T10:00:00"))
    again = user.add_activity({**first, "text": "edited"})
    assert again["id"] == first["id"]
    assert again["text"] == "edited"
    assert [result["text"] for result in user.get()["results"]] == ["edited"]


def test_a_batch_reads_back_reversed(feed):
    user = feed()
    added = add_many(user, 5)
    assert [item["object"] for item in added] == [f"note:{number}" for number in range(5)]
    times = [item["time"] for item in added]
    assert times == sorted(times) and len(set(times)) == 5
    assert objects(user.get()) == [f"note:{number}" for number in reversed(range(5))]


def test_backdated_activities_sort_into_place(feed):
    user = feed()
    for day in (3, 1, 2):
        user.add_activity(activity(day, time=datetime.datetime(2020, 1, day)))
    assert objects(user.get()) == ["note:3", "note:2", "note:1"]


def test_the_same_foreign_id_and_time_is_one_activity_everywhere(feed):
    one, two = feed(), feed()
    time = "2026-11-21T10:00:00.000001"
    first = one.add_activity(activity(foreign_id=one.id, time=time, text="a"))
    second = two.add_activity(activity(foreign_id=one.id, time=time, text="b"))
    assert first["id"] == second["id"]
    assert [result["text"] for result in one.get()["results"]] == ["b"]
    one.add_activity(activity(foreign_id=one.id, time=time, text="c"))
    assert [result["text"] for result in one.get()["results"] + two.get()["results"]] == ["c", "c"]
    other = one.add_activity(activity(foreign_id=one.id, time="2026-11-21T10:00:00.000002"))
    assert other["id"] != first["id"]


def test_without_foreign_id_the_same_content_and_time_is_one_activity(feed):
    user = feed()
    sent = activity(time="2026-11-21T10:00:00", mark=user.id)
    assert user.add_activity(sent)["id"] == user.add_activity(dict(reversed(sent.items())))["id"]
    assert user.add_activity({**sent, "mark": "other"})["id"] != user.add_activity(sent)["id"]
    assert len(user.get()["results"]) == 2


@pytest.mark.parametrize(
    "missing", [{"actor": None}, {"verb": None}, {"object": None}, {"actor": ""}, {"actor": {}}, {"time": 1}, {"time": "soon"}])
def test_bad_activities_are_refused_by_field(feed, missing):
    user = feed()
    sent = {name: value for name, value in activity(**missing).items() if value is not None}
    with pytest.raises(exceptions.InputException) as error:
        user.add_activity(sent)
    assert f'Field "{next(iter(missing))}" errors' in str(error.value)
    with pytest.raises(exceptions.InputException):
        user.add_activities([activity(), sent])
    assert user.get()["results"] == []


def test_unknown_groups(client, feed, unique):
    with pytest.raises(exceptions.FeedConfigException):
        client.feed("nogroup", unique()).add_activity(activity())
    user = feed()
    with pytest.raises(exceptions.InputException):
        user.add_activity(activity(to=["nogroup:1"]))
    assert user.get()["results"] == []


# Targets and fan-out


def test_targets_get_the_activity_and_their_followers_too(feed):
    user, wall, follower, wall_follower = feed(), feed("flat"), feed("timeline"), feed("timeline")
    follower.follow("user", user.user_id)
    wall_follower.follow("flat", wall.user_id)
    added = user.add_activity(activity(to=[wall.id]))
    assert added["to"] == [wall.id]
    seen = {owner.id: owner.get()["results"] for owner in (user, wall, follower, wall_follower)}
    assert all(len(results) == 1 for results in seen.values())
    assert {owner: results[0]["origin"] for owner, results in seen.items()} == {
        user.id: None, wall.id: None, follower.id: user.id, wall_follower.id: wall.id}
    for results in seen.values():
        assert {**results[0], "origin": None} == {name: value for name, value in added.items() if name != "duration"}


def test_followers_of_followers_get_nothing(feed):
    user, first, second = feed(), feed("flat"), feed("timeline")
    first.follow("user", user.user_id)
    second.follow("flat", first.user_id)
    user.add_activity(activity())
    assert len(first.get()["results"]) == 1
    assert second.get()["results"] == []


def test_own_targets_and_repeats_are_dropped(feed):
    user, wall = feed(), feed("flat")
    assert user.add_activity(activity(to=[user.id, wall.id, wall.id]))["to"] == [wall.id]
    assert "to" not in user.add_activity(activity(2, to=[user.id]))
    assert len(user.get()["results"]) == 2


def test_adding_again_joins_the_targets(feed):
    user, wall, other = feed(), feed("flat"), feed("flat")
    sent = activity(foreign_id=user.id, time="2026-11-21T10:00:00")
    user.add_activity({**sent, "to": [wall.id]})
    assert user.add_activity({**sent, "to": [other.id]})["to"] == [wall.id, other.id]
    assert len(wall.get()["results"]) == len(other.get()["results"]) == len(user.get()["results"]) == 1


# Pages


def test_offsets_and_limits(feed):
    user = feed()
    add_many(user, 7)
    names = [f"note:{number}" for number in reversed(range(7))]
    assert objects(user.get(limit=3)) == names[:3]
    assert objects(user.get(limit=3, offset=3)) == names[3:6]
    assert objects(user.get(limit=3, offset=6)) == names[6:]
    assert objects(user.get(limit=3, offset=7)) == []
    assert objects(user.get(limit=0)) == []
    assert objects(user.get(limit=1000)) == names
    assert user.get(limit=7)["next"] == ""
    assert user.get(limit=6)["next"] != ""


def test_id_bounds(feed):
    user = feed()
    add_many(user, 5)
    results = user.get()["results"]
    ids, names = [result["id"] for result in results], objects({"results": results})
    assert objects(user.get(id_lt=ids[1])) == names[2:]
    assert objects(user.get(id_lte=ids[1])) == names[1:]
    assert objects(user.get(id_gt=ids[3])) == names[:3]
    assert objects(user.get(id_gte=ids[3])) == names[:4]
    assert objects(user.get(id_gt=ids[4], limit=2)) == names[:2]
    assert objects(user.get(id_lt=ids[0], id_gt=ids[3])) == names[1:3]
    assert objects(user.get(id_lte=ids[2], id_gte=ids[2])) == [names[2]]
    assert objects(user.get(id_lt=ids[0], offset=1, limit=2)) == names[2:4]


@pytest.mark.parametrize("options", [{"limit": "x"}, {"limit": -1}, {"offset": -1}, {"offset": 10001}, {"id_lt": "x"}])
def test_bad_bounds_are_refused(feed, options):
    with pytest.raises(exceptions.InputException) as error:
        feed().get(**options)
    assert next(iter(options)) in str(error.value)


def test_followed_feeds_page_by_id_too(feed):
    source, timeline = feed(), feed("timeline")
    timeline.follow("user", source.user_id)
    add_many(source, 30)
    read, page = [], timeline.get(limit=7)
    while page["results"]:
        read += objects(page)
        page = timeline.get(limit=7, id_lt=page["results"][-1]["id"])
    assert read == [f"note:{number}" for number in reversed(range(30))]


# Removing


def test_removal_at_the_origin_clears_all_four_places(feed):
    user, wall, follower, wall_follower = feed(), feed("flat"), feed("timeline"), feed("timeline")
    follower.follow("user", user.user_id)
    wall_follower.follow("flat", wall.user_id)
    added = user.add_activity(activity(to=[wall.id]))
    kept = user.add_activity(activity(2))
    assert user.remove_activity(added["id"])["removed"] == added["id"]
    for owner in (wall, wall_follower):
        assert owner.get()["results"] == []
    for owner in (user, follower):
        assert [result["id"] for result in owner.get()["results"]] == [kept["id"]]


def test_removal_by_foreign_id_takes_every_time(feed):
    user = feed()
    for minute in range(3):
        user.add_activity(activity(foreign_id=f"note:{user.user_id}", time=f"2026-11-21T10:0{minute}:00"))
    kept = user.add_activity(activity(foreign_id="other:1"))
    assert user.remove_activity(foreign_id=f"note:{user.user_id}")["removed"] == f"note:{user.user_id}"
    assert [result["id"] for result in user.get()["results"]] == [kept["id"]]


def test_removal_leaves_feeds_that_added_it_themselves(client, feed):
    one, two = feed(), feed()
    sent = activity(foreign_id=one.id, time="2026-11-21T10:00:00")
    added = one.add_activity(sent)
    two.add_activity(sent)
    one.remove_activity(added["id"])
    assert one.get()["results"] == []
    assert len(two.get()["results"]) == 1
    assert len(client.get_activities(ids=[added["id"]])["results"]) == 1
    two.remove_activity(added["id"])
    assert client.get_activities(ids=[added["id"]])["results"] == []


def test_removal_from_a_follower_stays_there(feed):
    user, follower = feed(), feed("timeline")
    follower.follow("user", user.user_id)
    added = user.add_activity(activity())
    follower.remove_activity(added["id"])
    assert follower.get()["results"] == []
    assert len(user.get()["results"]) == 1


def test_removing_what_is_not_there_is_no_error(feed):
    user = feed()
    gone = "9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b"
    assert user.remove_activity(gone)["removed"] == gone
    assert user.remove_activity(foreign_id="nothing:1")["removed"] == "nothing:1"
    with pytest.raises(exceptions.InputException):
        user.remove_activity("no-uuid")


# By id


def test_activities_by_id_and_by_foreign_id(client, feed):
    user = feed()
    time = datetime.datetime(2026, 11, 21, 10, 0, 0)
    first = user.add_activity(activity(1, foreign_id=user.id + "1", time=time))
    second = user.add_activity(activity(2, foreign_id=user.id + "2", time=time))
    for added in (first, second):
        del added["duration"]
    unknown = "9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b"
    found = client.get_activities(ids=[second["id"], unknown, first["id"], second["id"]])
    assert set(found) == {"results", "duration"}
    assert found["results"] == [second, first]
    found = client.get_activities(foreign_id_times=[(user.id + "1", time), (user.id + "2", time), ("x", time)])
    assert found["results"] == [first, second]
    with pytest.raises(exceptions.InputException):
        client.get_activities(ids=["x"])


# Following


def test_follow_copies_the_past_and_brings_the_future(feed):
    user, timeline = feed(), feed("timeline")
    add_many(user, 3)
    timeline.follow("user", user.user_id)
    user.add_activity(activity(3))
    page = timeline.get()
    assert objects(page) == ["note:3", "note:2", "note:1", "note:0"]
    assert {result["origin"] for result in page["results"]} == {user.id}


def test_copy_limits(feed):
    user = feed()
    add_many(user, 5)
    for limit, expected in ((0, 0), (2, 2), (1000, 5)):
        timeline = feed("timeline")
        timeline.follow("user", user.user_id, activity_copy_limit=limit)
        assert objects(timeline.get()) == [f"note:{number}" for number in reversed(range(5))][:expected]
    with pytest.raises(exceptions.InputException) as error:
        feed("timeline").follow("user", user.user_id, activity_copy_limit=1001)
    assert str(error.value) == "activity_copy_limit must be a non-negative number not greater than 1000"


def test_following_again_changes_nothing(feed):
    user, other, timeline = feed(), feed(), feed("timeline")
    timeline.follow("user", user.user_id)
    before = timeline.following()["results"]
    timeline.follow("user", other.user_id)
    timeline.follow("user", user.user_id)
    after = timeline.following()["results"]
    assert [relation["target_id"] for relation in after] == [other.id, user.id]
    assert after[1] == before[0]


def test_unfollow_takes_what_came_that_way_only(feed):
    one, two, timeline = feed(), feed(), feed("timeline")
    shared = activity(1, foreign_id=one.id, time="2026-11-21T10:00:00")
    for source in (one, two):
        source.add_activity(shared)
        source.add_activity(activity(source.id))
        timeline.follow("user", source.user_id)
    assert len(timeline.get()["results"]) == 3
    timeline.unfollow("user", one.user_id)
    results = timeline.get()["results"]
    assert sorted(result["object"] for result in results) == sorted(["note:1", f"note:{two.id}"])
    assert {result["origin"] for result in results} == {two.id}
    one.add_activity(activity(9))
    assert len(timeline.get()["results"]) == 2
    timeline.unfollow("user", one.user_id)


def test_keep_history_keeps_until_removal_at_the_origin(feed):
    user, timeline = feed(), feed("timeline")
    first, second = add_many(user, 2)
    timeline.follow("user", user.user_id)
    timeline.unfollow("user", user.user_id, keep_history=True)
    assert len(timeline.get()["results"]) == 2
    user.add_activity(activity(3))
    assert len(timeline.get()["results"]) == 2
    user.remove_activity(first["id"])
    assert [result["id"] for result in timeline.get()["results"]] == [second["id"]]


def test_follow_after_unfollow_starts_anew(feed):
    user, timeline = feed(), feed("timeline")
    add_many(user, 2)
    for _ in range(3):
        timeline.follow("user", user.user_id)
        assert len(timeline.get()["results"]) == 2
        timeline.unfollow("user", user.user_id)
        assert timeline.get()["results"] == []


def test_lists_of_follows(feed):
    user, timeline = feed(), feed("timeline")
    others = [feed() for _ in range(3)]
    for other in others:
        timeline.follow("user", other.user_id)
    followed = timeline.following()
    assert set(followed) == {"results", "duration"}
    assert [relation["target_id"] for relation in followed["results"]] == [other.id for other in reversed(others)]
    for relation in followed["results"]:
        assert list(relation) == ["feed_id", "target_id", "created_at", "updated_at"]
        assert relation["feed_id"] == timeline.id
        # With a Z (T4), and so left a string by this SDK.
        assert relation["created_at"] == relation["updated_at"]
        datetime.datetime.strptime(relation["created_at"], "%Y-%m-%dT%H:%M:%S.%fZ")
    assert [relation["target_id"] for relation in timeline.following(offset=1, limit=1)["results"]] == [others[1].id]
    assert [relation["target_id"] for relation in timeline.following(feeds=[others[0].id, user.id])["results"]] == [
        others[0].id]
    assert timeline.following(offset=3)["results"] == []
    assert [relation["feed_id"] for relation in others[0].followers()["results"]] == [timeline.id]
    assert others[0].followers(feeds=["timeline:nobody"])["results"] == []
    timeline.unfollow("user", others[0].user_id)
    assert others[0].followers()["results"] == []
    assert len(timeline.following()["results"]) == 2


def test_only_flat_feeds_can_be_followed(feed, unique):
    timeline = feed("timeline")
    for group in ("aggregated", "notification", "nogroup"):
        with pytest.raises(exceptions.InputException):
            timeline.follow(group, unique())
    with pytest.raises(exceptions.InputException):
        timeline.follow("timeline", timeline.user_id)


def test_follow_many(client, feed):
    sources, timeline = [feed() for _ in range(3)], feed("timeline")
    for source in sources:
        add_many(source, 3)
    client.follow_many(
        [{"source": timeline.id, "target": sources[0].id}, {"source": timeline.id, "target": sources[1].id, "activity_copy_limit": 0}],
        activity_copy_limit=2)
    assert {result["origin"] for result in timeline.get()["results"]} == {sources[0].id}
    assert len(timeline.get()["results"]) == 2
    # One batch: the last in the list comes first.
    assert [relation["target_id"] for relation in timeline.following()["results"]] == [sources[1].id, sources[0].id]
    client.unfollow_many([{"source": timeline.id, "target": sources[0].id}, {"source": timeline.id, "target": sources[2].id}])
    assert timeline.get()["results"] == []
    assert [relation["target_id"] for relation in timeline.following()["results"]] == [sources[1].id]


def test_a_bad_batch_does_nothing(client, feed):
    user, timeline = feed(), feed("timeline")
    good = {"source": timeline.id, "target": user.id}
    for bad in ({"source": timeline.id, "target": 42}, {"source": timeline.id, "target": "nogroup:1"}, {"source": timeline.id}):
        with pytest.raises(exceptions.InputException):
            client.follow_many([good, bad])
    with pytest.raises(exceptions.InputException) as error:
        client.follow_many([{"source": "nogroup:1", "target": "x"}], activity_copy_limit=-1)
    assert "activity_copy_limit" in str(error.value)
    assert timeline.following()["results"] == []


# Reading only: for `make qa READ_ONLY=1`


@pytest.mark.reads
def test_an_untouched_feed_is_empty(feed):
    page = feed().get()
    assert {name: value for name, value in page.items() if name != "duration"} == {"results": [], "next": ""}


@pytest.mark.reads
def test_a_wrong_secret_is_refused(client, unique, base_url):
    import stream

    wrong = stream.connect(client.api_key, "x" * 64, base_url=base_url, timeout=20)
    with pytest.raises(exceptions.NotAllowedException):
        wrong.feed("user", unique()).get()
    nobody = stream.connect("nobody", client.api_secret, base_url=base_url, timeout=20)
    with pytest.raises(exceptions.ApiKeyException):
        nobody.feed("user", unique()).get()
