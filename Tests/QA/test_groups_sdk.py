"""Aggregated and notification feeds through stream-python 5.4.0, unmodified (spec/feeds-api.md 3.4, 3.5, 3.6)."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from stream import exceptions

UTC = datetime.timezone.utc
DAY = datetime.datetime(2026, 11, 21, 10, 0, 0, 1)


def activity(number=1, **members):
    return {"actor": "SU:1", "verb": "post", "object": f"note:{number}", **members}


def groups(page):
    """Each group as (key, activities, actors, objects)."""
    return [
        (group["group"], group["activity_count"], group["actor_count"], [item["object"] for item in group["activities"]])
        for group in page["results"]]


def marks(page):
    return [(group["is_seen"], group["is_read"]) for group in page["results"]]


def test_activities_of_a_verb_and_day_form_a_group(feed):
    bell = feed("notification")
    first = bell.add_activity(activity(1, time=DAY))
    bell.add_activity(activity(2, time=DAY + datetime.timedelta(hours=1), actor="SU:2"))
    bell.add_activity(activity(3, time=DAY + datetime.timedelta(days=1)))
    bell.add_activity(activity(4, time=DAY, verb="like"))
    page = bell.get()
    assert set(page) == {"results", "next", "unseen", "unread", "duration"}
    assert groups(page) == [
        ("post_2026-11-22", 1, 1, ["note:3"]), ("post_2026-11-21", 2, 2, ["note:2", "note:1"]),
        ("like_2026-11-21", 1, 1, ["note:4"])]
    group = page["results"][1]
    assert list(group) == [
        "id", "group", "verb", "activity_count", "actor_count", "is_seen", "is_read", "created_at", "updated_at", "activities"]
    assert group["verb"] == "post"
    assert group["created_at"] == DAY.replace(tzinfo=UTC)
    assert group["updated_at"] == (DAY + datetime.timedelta(hours=1)).replace(tzinfo=UTC)
    assert "," not in group["id"]
    del first["duration"]
    assert group["activities"][1] == first
    assert (page["unseen"], page["unread"], page["next"]) == (3, 3, "")


def test_an_aggregated_page_has_no_marks(feed):
    feed = feed("aggregated")
    later = DAY + datetime.timedelta(seconds=1)
    feed.add_activities([activity(1, time=DAY), activity(2, time=later, actor="SU:2"), activity(3, time=DAY)])
    page = feed.get(mark_seen=True)
    assert set(page) == {"results", "next", "duration"}
    assert list(page["results"][0]) == [
        "id", "group", "verb", "activity_count", "actor_count", "created_at", "updated_at", "activities"]
    assert [group[:3] for group in groups(page)] == [("SU:2_post_2026-11-21", 1, 1), ("SU:1_post_2026-11-21", 2, 1)]


def test_followers_and_targets_group_what_they_get(client, feed, unique):
    user, bell, page = feed(), feed("notification"), feed("aggregated")
    user.add_activity(activity(1, time=DAY))
    bell.follow("user", user.user_id)
    user.add_activity(activity(2, time=DAY, to=[page.id]))
    assert groups(bell.get()) in (
        [("post_2026-11-21", 2, 1, ["note:2", "note:1"])], [("post_2026-11-21", 2, 1, ["note:1", "note:2"])])
    assert {item["origin"] for item in bell.get()["results"][0]["activities"]} == {user.id}
    assert [item["origin"] for item in page.get()["results"][0]["activities"]] == [None]
    bell.unfollow("user", user.user_id)
    assert bell.get()["results"] == []
    assert len(page.get()["results"]) == 1


def test_a_removal_recounts_and_empties(feed):
    user, bell = feed(), feed("notification")
    bell.follow("user", user.user_id, activity_copy_limit=0)
    one = user.add_activity(activity(1, time=DAY, foreign_id="note:1"))
    user.add_activity(activity(2, time=DAY, actor="SU:2", foreign_id="note:2"))
    assert [group[1:3] for group in groups(bell.get())] == [(2, 2)]
    user.remove_activity(foreign_id="note:2")
    assert groups(bell.get()) == [("post_2026-11-21", 1, 1, ["note:1"])]
    user.remove_activity(one["id"])
    page = bell.get()
    assert (page["results"], page["unseen"], page["unread"]) == ([], 0, 0)


def test_removing_from_a_notification_feed_leaves_the_origin(feed):
    user, bell = feed(), feed("notification")
    bell.follow("user", user.user_id)
    added = user.add_activity(activity(1))
    bell.remove_activity(added["id"])
    assert bell.get()["results"] == []
    assert len(user.get()["results"]) == 1


def test_marks_show_in_the_next_read_and_are_independent(feed):
    bell = feed("notification")
    for verb in ("like", "post"):
        bell.add_activity(activity(verb=verb))
    assert (marks(bell.get(mark_seen=True)), bell.get()["unseen"]) == ([(False, False)] * 2, 0)
    page = bell.get(mark_read=True)
    assert marks(page) == [(True, False)] * 2
    assert (page["unseen"], page["unread"]) == (0, 2)
    page = bell.get()
    assert marks(page) == [(True, True)] * 2
    assert (page["unseen"], page["unread"]) == (0, 0)
    # A new activity sets its group back.
    bell.add_activity(activity(3, verb="like"))
    page = bell.get()
    assert [(group["verb"], *mark) for group, mark in zip(page["results"], marks(page))] == [
        ("like", False, False), ("post", True, True)]
    assert (page["unseen"], page["unread"]) == (1, 1)


def test_marks_by_list_and_current(feed):
    bell = feed("notification")
    added = [bell.add_activity(activity(verb=f"verb{number}")) for number in range(4)]
    ids = [group["id"] for group in bell.get()["results"]]
    bell.get(mark_read=[ids[0], ids[1]], mark_seen=[ids[2], "unknown"])
    assert marks(bell.get()) == [(False, True), (False, True), (True, False), (False, False)]
    # The id of an activity marks the group that holds it.
    bell.get(mark_seen=[added[0]["id"]])
    assert marks(bell.get()) == [(False, True), (False, True), (True, False), (True, False)]
    bell.get(limit=1, mark_seen="current")
    page = bell.get()
    assert marks(page) == [(True, True), (False, True), (True, False), (True, False)]
    assert (page["unseen"], page["unread"]) == (1, 2)


def test_pages_of_groups(feed):
    feed = feed("aggregated")
    feed.add_activities([activity(number, actor=f"SU:{number}") for number in range(30)])
    first = feed.get(limit=20)
    assert [group[0].split("_")[0] for group in groups(first)] == [f"SU:{number}" for number in reversed(range(10, 30))]
    assert f"id_lt={first['results'][-1]['id']}" in first["next"] and first["next"].count("?") == 1
    rest = feed.get(limit=20, id_lt=first["results"][-1]["id"])
    assert len(rest["results"]) == 10 and rest["next"] == ""
    assert feed.get(limit=5, offset=28)["results"] == rest["results"][8:]
    bounds = {"id_lte": first["results"][3]["id"], "id_gte": first["results"][5]["id"]}
    assert feed.get(**bounds)["results"] == first["results"][3:6]


def test_a_group_shows_fifteen_and_counts_all(feed):
    bell = feed("notification")
    bell.add_activities([activity(number, actor=f"SU:{number % 7}") for number in range(40)])
    group = bell.get()["results"][0]
    assert (group["activity_count"], group["actor_count"]) == (40, 7)
    assert [item["object"] for item in group["activities"]] == [f"note:{number}" for number in reversed(range(25, 40))]


def test_adding_again_renews_content_and_actor_without_regrouping(feed):
    user, bell = feed(), feed("notification")
    bell.follow("user", user.user_id)
    for number, actor in ((1, "SU:1"), (2, "SU:1")):
        user.add_activity(activity(number, foreign_id=f"note:{number}", time=DAY, actor=actor))
    bell.get(mark_seen=True, mark_read=True)
    user.add_activity(activity(1, foreign_id="note:1", time=DAY, actor="SU:2", verb="like", text="new"))
    page = bell.get()
    assert [group[:3] for group in groups(page)] == [("post_2026-11-21", 2, 2)]
    assert {item.get("text") for item in page["results"][0]["activities"]} == {None, "new"}
    assert (page["unseen"], page["unread"]) == (0, 0)


def test_a_format_with_syntax_errors_stops_reads_only(client, unique):
    broken = client.feed("invalid_aggregation_format", unique())
    assert broken.add_activity(activity())["id"]
    # The SDK knows the code by an older name.
    with pytest.raises(exceptions.StreamApiException) as error:
        broken.get()
    assert error.value.status_code == 400
    assert "the format contains syntax errors" in str(error.value)


def test_batches_and_unfollows_of_many(client, feed):
    sources, bell = [feed() for _ in range(3)], feed("notification")
    for source in sources:
        source.add_activities([activity(number, actor=source.id) for number in range(4)])
    client.follow_many([{"source": bell.id, "target": source.id} for source in sources], activity_copy_limit=3)
    assert [group[1:3] for group in groups(bell.get())] == [(9, 3)]
    client.unfollow_many([{"source": bell.id, "target": source.id} for source in sources[:2]])
    assert [group[1:3] for group in groups(bell.get())] == [(3, 1)]


def test_an_unfollow_that_keeps_history(feed):
    user, bell = feed(), feed("notification")
    bell.follow("user", user.user_id)
    added = user.add_activity(activity(1))
    bell.unfollow("user", user.user_id, keep_history=True)
    user.add_activity(activity(2))
    assert [item["object"] for group in bell.get()["results"] for item in group["activities"]] == ["note:1"]
    user.remove_activity(added["id"])
    assert bell.get()["results"] == []


def test_two_apps_do_not_meet(client, other_client, unique):
    name = unique()
    bell, other = client.feed("notification", name), other_client.feed("notification", name)
    bell.add_activity(activity(foreign_id="note:1", time=DAY))
    other.add_activity(activity(foreign_id="note:1", time=DAY, actor="SU:9"))
    other.add_activity(activity(2, time=DAY))
    ids = [group["id"] for group in bell.get()["results"]]
    other.get(mark_seen=ids, mark_read=[item["id"] for item in bell.get()["results"][0]["activities"]])
    page = bell.get()
    assert groups(page) == [("post_2026-11-21", 1, 1, ["note:1"])]
    assert (page["unseen"], page["unread"]) == (1, 1)
    assert page["results"][0]["activities"][0]["actor"] == "SU:1"


def test_user_tokens_mark_their_own_notifications_only(client, unique, base_url):
    alice, bob = unique("alice"), unique("bob")
    client.feed("notification", alice).add_activity(activity())
    client.feed("notification", bob).add_activity(activity())
    token = client.create_user_token(alice)

    def read(owner, **query):
        return requests.get(
            f"{base_url}/api/v1.0/feed/notification/{owner}/", params={"api_key": client.api_key, **query},
            headers={"Authorization": token, "stream-auth-type": "jwt"}, timeout=20)

    assert read(alice, mark_seen="true").json()["unseen"] == 1
    assert read(alice).json()["unseen"] == 0
    refused = read(bob, mark_seen="true")
    assert (refused.status_code, refused.json()["code"]) == (403, 17)
    assert client.feed("notification", bob).get()["unseen"] == 1


def test_parallel_adds_are_all_counted(feed):
    bell = feed("notification")
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: bell.add_activity(activity(number, actor=f"SU:{number % 10}")), range(100)))
    page = bell.get()
    assert [group[1:3] for group in groups(page)] == [(100, 10)]
    assert len({item["object"] for item in page["results"][0]["activities"]}) == 15
