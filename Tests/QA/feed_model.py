"""The reference of feeds and follows that the exactly-once driver compares a running stack with.

It knows nothing of stores, jobs or fan-out: it applies each answered request at one moment (feeds F4, F9, F11, F18, F19,
W1, W2, W5). Every placement of an activity in a feed and every follow has a number of its own, so that what came by an
ended one never counts again.
"""


class Feeds:
    def __init__(self):
        self.count = 0
        self.placements = {}  # activity -> {(feed, "own" | "to"): number}
        self.arrived = {}  # follower -> {activity: {(source, placement, follow)}}
        self.follows = {}  # (follower, source) -> number
        self.followers = {}  # source -> {follower: number}
        self.order = {}  # activity -> what it sorts by

    def next(self):
        self.count += 1
        return self.count

    def add(self, activity, order, feed, to):
        self.order[activity] = order
        placed = self.placements.setdefault(activity, {})
        for key in [(feed, "own")] + [(target, "to") for target in to if target != feed]:
            if key in placed:
                continue
            placed[key] = number = self.next()
            for follower, follow in self.followers.get(key[0], {}).items():
                self.arrived.setdefault(follower, {}).setdefault(activity, set()).add((key[0], number, follow))

    def remove(self, activity, feed):
        placed = self.placements.get(activity)
        if placed is not None:
            if (feed, "own") in placed:
                for key in list(placed):
                    if key[1] == "to" or key[0] == feed:
                        del placed[key]
            else:
                placed.pop((feed, "to"), None)
            if not any(kind == "own" for _, kind in placed):
                del self.placements[activity]
        self.arrived.get(feed, {}).pop(activity, None)

    def follow(self, follower, source, copies):
        if (follower, source) in self.follows:
            return
        follow = self.follows[(follower, source)] = self.next()
        self.followers.setdefault(source, {})[follower] = follow
        held = [a for a, placed in self.placements.items() if any(feed == source for feed, _ in placed)]
        for activity in sorted(held, key=self.order.__getitem__, reverse=True)[:copies]:
            for (feed, _), number in self.placements[activity].items():
                if feed == source:
                    self.arrived.setdefault(follower, {}).setdefault(activity, set()).add((source, number, follow))

    def unfollow(self, follower, source, keep):
        follow = self.follows.pop((follower, source), None)
        if follow is None:
            return
        del self.followers[source][follower]
        if not keep:
            for sources in self.arrived.get(follower, {}).values():
                sources.difference_update({one for one in sources if one[2] == follow})

    def page(self, feed):
        """What the feed shows, newest first: (activity, origin or None)."""
        shown = {}
        for activity, placed in self.placements.items():
            if any(key[0] == feed for key in placed):
                shown[activity] = None
                continue
            standing = {(key[0], number) for key, number in placed.items()}
            came = [
                (number, source)
                for source, number, _ in self.arrived.get(feed, {}).get(activity, ())
                if (source, number) in standing
            ]
            if came:
                shown[activity] = min(came)[1]
        return [(a, shown[a]) for a in sorted(shown, key=self.order.__getitem__, reverse=True)]
