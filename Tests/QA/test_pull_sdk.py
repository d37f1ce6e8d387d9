"""Push and pull through stream-python 5.4.0, unmodified: followers of a feed in a group with a small `pull_above` are switched
while they read, add, remove and follow, and see nothing of it (spec/feeds-api.md F9, F13, W1, W5)."""

import datetime
import os
import time
import urllib.request

import pytest

PULL_ABOVE = 4  # of the group `crowd` in Infra/local/apps/qa.json
SECONDS_MAX = 60
BASE = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)


def switched():
    """How many follows the stack's services have switched so far."""
    total = 0
    for service in ("WORKER_ADMIN", "FEED_API_ADMIN"):
        address = os.environ.get(service)
        if not address:
            pytest.skip(f"{service} is not given")
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith("feed_follows_switched_total "):
                    total += int(float(line.split()[1]))
    return total


class Crowd:
    """One source, its followers, and what their timelines must show."""

    def __init__(self, client, unique):
        self.source = client.feed("crowd", unique())
        self.client, self.unique = client, unique
        self.timelines = []
        self.wanted = []
        self.number = 0

    def post(self, **members):
        self.number += 1
        name = f"note:{self.number}"
        added = self.source.add_activity(
            {"actor": "SU:1", "verb": "post", "object": name, "foreign_id": name,
             "time": BASE + datetime.timedelta(seconds=self.number), **members})
        self.wanted.insert(0, name)
        self.check()
        return added

    def join(self):
        timeline = self.client.feed("timeline", self.unique())
        timeline.follow("crowd", self.source.user_id, activity_copy_limit=1000)
        self.timelines.append(timeline)
        self.check()
        return timeline

    def check(self):
        for timeline in self.timelines:
            self.check_one(timeline, self.wanted)

    def check_one(self, timeline, wanted):
        page = timeline.get(limit=100)
        assert [result["object"] for result in page["results"]] == wanted
        assert {result["origin"] for result in page["results"]} <= {f"crowd:{self.source.user_id}"}
        # The same by pages of two, each from the last one's last id.
        got, last = [], None
        while True:
            part = timeline.get(limit=2, **({"id_lt": last} if last else {}))["results"]
            if not part:
                break
            got += [result["object"] for result in part]
            last = part[-1]["id"]
        assert got == wanted
        assert [result["object"] for result in timeline.get(offset=1, limit=3)["results"]] == wanted[1:4]

    def until_switched(self, before, count):
        """Reads on while followers are switched."""
        deadline = time.monotonic() + SECONDS_MAX
        while switched() < before + count:
            assert time.monotonic() < deadline, f"{switched() - before} of {count} follows were switched"
            self.check()


def test_timelines_are_equal_before_during_and_after_the_switch(client, unique):
    crowd = Crowd(client, unique)
    before = switched()
    for _ in range(PULL_ABOVE):
        crowd.join()
        crowd.post()
    time.sleep(0.5)
    crowd.check()

    crowd.join()  # one more than the limit: all are pulled from now on
    crowd.post()
    crowd.until_switched(before, PULL_ABOVE + 1)
    for _ in range(3):
        crowd.post()

    # A removal at the source, one from a timeline, one by foreign id.
    removed = crowd.post()
    crowd.source.remove_activity(removed["id"])
    crowd.wanted.remove(removed["object"])
    crowd.check()
    hidden = crowd.post()
    crowd.timelines[0].remove_activity(hidden["id"])
    own = [name for name in crowd.wanted if name != hidden["object"]]
    crowd.check_one(crowd.timelines[0], own)
    crowd.check_one(crowd.timelines[1], crowd.wanted)
    named = crowd.post
    crowd.timelines.pop(0)
    gone = named()
    crowd.source.remove_activity(foreign_id=gone["foreign_id"])
    crowd.wanted.remove(gone["object"])
    crowd.check()

    # One leaves and keeps what it has; what comes later is not its own.
    keeper = crowd.timelines.pop()
    kept = list(crowd.wanted)
    keeper.unfollow("crowd", crowd.source.user_id, keep_history=True)
    crowd.check_one(keeper, kept)
    crowd.post()
    crowd.check_one(keeper, kept)

    # Three of four are not more than three quarters of the limit: they are pushed to again.
    before = switched()
    leaver = crowd.timelines.pop()
    leaver.unfollow("crowd", crowd.source.user_id)
    crowd.check_one(leaver, [])
    crowd.until_switched(before, 3)
    crowd.check()
    crowd.post()
    crowd.check_one(keeper, kept)
    leaver.follow("crowd", crowd.source.user_id, activity_copy_limit=1000)
    crowd.check_one(leaver, crowd.wanted)


def test_an_aggregated_follower_is_pushed_to_whatever_the_numbers(client, unique):
    crowd = Crowd(client, unique)
    notification = client.feed("notification", unique())
    notification.follow("crowd", crowd.source.user_id)
    before = switched()
    for _ in range(PULL_ABOVE):
        crowd.join()
    crowd.until_switched(before, PULL_ABOVE)
    for _ in range(3):
        crowd.post()
    groups = notification.get(limit=10)["results"]
    assert sum(group["activity_count"] for group in groups) == 3
