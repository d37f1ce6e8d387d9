"""Updates of activities and of where they are, through stream-python 5.4.0, unmodified (feeds 2.6-2.8, F14-F21)."""

import datetime

import pytest
from stream import exceptions

TIME = datetime.datetime(2026, 11, 21, 10, 0, 0, 123456)


def activity(foreign_id="note:1", **members):
    return {"actor": "SU:1", "verb": "post", "object": "note", "foreign_id": foreign_id, "time": TIME, **members}


def results(feed, **options):
    return feed.get(**options)["results"]


def name(feed):
    return feed.id


def without_duration(answer):
    return {member: value for member, value in answer.items() if member != "duration"}


def test_an_update_shows_in_every_feed_at_once(client, feed):
    user, target, fan = feed(), feed("flat"), feed("timeline")
    fan.follow(user.slug, user.user_id)
    added = user.add_activity(activity(to=[name(target)], popularity=1))
    client.update_activities([activity(popularity=2, product={"price": 19.99})])
    for place, origin in ((user, None), (target, None), (fan, name(user))):
        found, = results(place)
        assert found["id"] == added["id"] and found["popularity"] == 2 and found["product"] == {"price": 19.99}
        assert found["to"] == [name(target)] and found["origin"] == origin
    client.update_activity(activity())
    assert "popularity" not in results(fan)[0]


def test_an_update_creates_what_is_missing_in_no_feed(client, unique):
    foreign_id = unique("note")
    client.update_activity(activity(foreign_id, text="new"))
    found, = client.get_activities(foreign_id_times=[(foreign_id, TIME)])["results"]
    assert found["text"] == "new" and found["origin"] is None and "to" not in found
    assert client.get_activities(ids=[found["id"]])["results"] == [found]


@pytest.mark.parametrize("by_id", [True, False])
def test_a_partial_update_sets_and_removes(client, feed, unique, by_id):
    user, foreign_id = feed(), unique("note")
    added = user.add_activity(activity(foreign_id, product={"name": "shoes", "price": 9.99, "color": "blue"}, z=1))
    identity = {"id": added["id"]} if by_id else {"foreign_id": foreign_id, "time": TIME}
    answer = client.activity_partial_update(
        set={"product.name": "boots", "product.price": 7.99, "popularity": 1000, "foo": {"bar": {"baz": "qux"}}},
        unset=["product.color"], **identity)
    changed, = answer["activities"]
    assert list(changed)[8:] == ["product", "z", "popularity", "foo"]
    assert changed["product"] == {"name": "boots", "price": 7.99}
    assert results(user) == [changed]
    with pytest.raises(exceptions.InputException):
        client.activity_partial_update(set={"z.deep": 1}, **identity)
    with pytest.raises(exceptions.InputException):
        client.activity_partial_update(set={"time": 1}, **identity)
    assert results(user) == [changed]


def test_a_batch_of_partial_updates_is_whole_or_not_at_all(client, feed, unique):
    user, foreign_id = feed(), unique("note")
    user.add_activity(activity(foreign_id, n=1))
    changes = [
        {"foreign_id": foreign_id, "time": TIME, "set": {"n": 2}},
        {"foreign_id": unique("none"), "time": TIME, "set": {"n": 2}}]
    with pytest.raises(exceptions.StreamApiException):
        client.activities_partial_update(changes)
    assert results(user)[0]["n"] == 1


def test_add_to_many_reaches_the_feeds_and_not_their_followers(client, feed, unique):
    feeds = [feed() for _ in range(3)]
    fan = feed("timeline")
    fan.follow(feeds[0].slug, feeds[0].user_id)
    client.add_to_many(activity(unique("note")), [name(place) for place in feeds])
    found = [results(place) for place in feeds]
    assert found[0] == found[1] == found[2] and len(found[0]) == 1 and found[0][0]["origin"] is None
    assert results(fan) == []
    feeds[0].remove_activity(found[0][0]["id"])
    assert [len(results(place)) for place in feeds] == [0, 1, 1]


def test_a_thousand_feeds_hold_one_activity(client, unique):
    prefix = unique("many")
    client.add_to_many(activity(prefix), [f"user:{prefix}-{number}" for number in range(1_000)])
    for number in (0, 255, 256, 257, 999):
        assert len(results(client.feed("user", f"{prefix}-{number}"))) == 1
    client.update_activity(activity(prefix, text="edited"))
    assert results(client.feed("user", f"{prefix}-999"))[0]["text"] == "edited"


def test_targets_change_with_their_followers(client, feed, unique):
    user, old, new, fan = feed(), feed("flat"), feed("flat"), feed("timeline")
    fan.follow(old.slug, old.user_id)
    foreign_id = unique("note")
    user.add_activity(activity(foreign_id, to=[name(old)]))
    assert len(results(fan)) == 1
    answer = user.update_activity_to_targets(
        foreign_id, TIME, added_targets=[name(new)], removed_targets=[name(old)])
    assert answer["activity"]["to"] == [name(new)] and answer["added"] == [name(new)] and answer["removed"] == [name(old)]
    assert results(new) == [without_duration(answer["activity"])]
    assert results(old) == results(fan) == []
    answer = user.update_activity_to_targets(foreign_id, TIME, new_targets=[name(old)])
    assert answer["added"] == [name(old)] and answer["removed"] == [name(new)]
    assert results(fan)[0]["origin"] == name(old)
    with pytest.raises(exceptions.InputException):
        user.update_activity_to_targets(foreign_id, TIME, new_targets=[name(old)], added_targets=[name(new)])


def test_another_app_changes_nothing(client, other_client, feed, unique):
    user, foreign_id = feed(), unique("note")
    added = user.add_activity(activity(foreign_id, n=1))
    with pytest.raises(exceptions.StreamApiException):
        other_client.activity_partial_update(id=added["id"], set={"n": 2})
    other_client.update_activity(activity(foreign_id, n=3))
    with pytest.raises(exceptions.StreamApiException):
        other_client.feed(user.slug, user.user_id).update_activity_to_targets(foreign_id, TIME, new_targets=["user:x"])
    assert results(user) == [without_duration(added)]
