"""The workload "social": users who follow each other after Zipf's law, and what they write and read.

Full size: 20,000 users, 1.0 million follows, the most followed user has 4,000 followers, activities of about 500
bytes whose authors are drawn so that an activity reaches 79 timelines on average. `scale` shrinks users, follows and
the top user alike, so that the mean fan-out stays.
"""

import json
import random
from dataclasses import dataclass

USERS = 20_000
FOLLOWS = 1_000_000
TOP_FOLLOWERS = 4_000
MEAN_FAN_OUT = 79
BODY_BYTES = 500


@dataclass
class Social:
    users: int
    followers: list  # user -> list of the users who follow it
    authors: list  # one author for each activity, in order

    @property
    def follows(self):
        return sum(len(row) for row in self.followers)

    def body(self, number):
        """The activity of that number as a client sends it: about 500 bytes of JSON."""
        author = self.authors[number % len(self.authors)]
        activity = {
            "actor": f"SU:{author}",
            "verb": "post",
            "object": f"post:{number}",
            "foreign_id": f"post:{number}",
            "popularity": number % 50,
            "title": f"What user {author} has to say, number {number}",
        }
        short = len(json.dumps(activity))
        activity["text"] = ("the quick brown fox jumps over the lazy dog " * 12)[: max(1, BODY_BYTES - short - 12)]
        return activity


    def profile(self, user):
        """What the app knows of a user: about 200 bytes of JSON."""
        return {"name": f"User {user}", "image": f"https://img.example/{user}.png", "about": "reads and writes " * 8}


def make(scale=1.0, activities=20_000, seed=1):
    """The workload at `scale` (0 < scale <= 1) from `seed`: the same arguments give the same workload."""
    rng = random.Random(seed)
    users = max(200, int(USERS * scale))
    mean = FOLLOWS / USERS
    top = min(users - 1, TOP_FOLLOWERS)
    exponent = solve(lambda s: sum(max(1, top / rank**s) for rank in range(1, users + 1)), mean * users)
    counts = [max(1, int(top / rank**exponent)) for rank in range(1, users + 1)]
    rng.shuffle(counts)
    followers = []
    for user, count in enumerate(counts):
        picked = rng.sample(range(users), min(users, count + 1))
        followers.append([other for other in picked if other != user][:count])
    total = sum(counts)
    squares = sum(count * count for count in counts)
    uniform, weighted = total / users, squares / total
    share = min(1.0, max(0.0, (MEAN_FAN_OUT - uniform) / (weighted - uniform)))
    by_fame = rng.choices(range(users), weights=counts, k=activities)
    authors = [by_fame[i] if rng.random() < share else rng.randrange(users) for i in range(activities)]
    return Social(users, followers, authors)


def solve(total, wanted):
    """The exponent at which the decreasing function `total` gives `wanted`."""
    low, high = 0.0, 4.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if total(middle) > wanted else (low, middle)
    return (low + high) / 2


if __name__ == "__main__":
    social = make(0.1)
    reached = sum(len(social.followers[a]) for a in social.authors) / len(social.authors)
    print(social.users, "users", social.follows, "follows", max(map(len, social.followers)), "at most", round(reached, 1), "mean fan-out")
