"""Exactly-once fan-out on a running stack whose processes are killed.

    exactly_once.py --seed 7 --followers 5000 --rounds 40

Several clients add, add again, delete, follow and unfollow at random while feed-api, worker and keevo are killed with
SIGKILL and started again by the stack. A request without an answer is in doubt: the client sends the same one again
until it is answered. Requests that run at the same time commute, so the reference (feed_model.py) is exact; in the end
every feed must equal it: each activity exactly once, in order, deleted and unfollowed ones gone. The seed decides all
requests and kills; it is printed, and the same seed makes the same requests again, more of them if kills come late. Against
services whose faults are set to not-idempotent it must fail: that is the control.
"""

import argparse
import concurrent.futures
import http.client
import json
import os
import pathlib
import random
import signal
import sys
import threading
import time
import uuid

from client import Stack  # reads stack.env, signs requests
from feed_model import Feeds

KILLED = ("feed-api", "worker", "keevo")
KILLS_MIN = 6
ANSWER_SECONDS_MAX = 120
SETTLE_SECONDS_MAX = 300
READERS = 4
# Well under the deadline of an add's visible part, 2 s.
LATE_SECONDS = 1


class Driver:
    def __init__(self, stack, seed, followers, rounds, kill, settle=SETTLE_SECONDS_MAX, say=print):
        self.stack, self.seed, self.rounds, self.kill, self.settle, self.say = stack, seed, rounds, kill, settle, say
        self.random = random.Random(seed)
        self.space = f"x{seed}-{int(time.time())}"
        self.sources = [f"user:{self.space}-s{n}" for n in range(5)]
        self.core = [f"timeline:{self.space}-c{n}" for n in range(12)]
        self.crowd = [f"timeline:{self.space}-f{n}" for n in range(followers)]
        # All of the crowd follow the first source only: one reference feed stands for them.
        self.model = Feeds()
        self.ids = {}
        self.activities = []
        self.base_seconds = 1_790_000_000 + (seed % 1000) * 1000
        self.kills = 0
        self.stop = threading.Event()

    # Requests

    def until_answered(self, method, path, body=None):
        deadline = time.monotonic() + ANSWER_SECONDS_MAX
        wait = 0.02
        while True:
            try:
                status, answer = self.stack.call(method, path, body, timeout=30)
                if status < 500:
                    if status >= 400:
                        raise AssertionError(f"seed {self.seed}: {method} {path} was refused: {status} {answer}")
                    return answer
                last = f"{status} {answer}"
            except (OSError, http.client.HTTPException) as problem:
                last = repr(problem)
            if time.monotonic() > deadline:
                raise AssertionError(f"seed {self.seed}: no answer to {method} {path} in {ANSWER_SECONDS_MAX} s: {last}")
            time.sleep(wait)
            wait = min(1.0, wait * 2)

    def until_shown(self, name, feed):
        """After its deadline an add is answered before its feeds have it (B13): what arrives when decides what later
        requests copy and keep, so the reference has to wait for that."""
        bounds = f"?id_gte={self.ids[name]}&id_lte={self.ids[name]}&limit=1"
        deadline = time.monotonic() + ANSWER_SECONDS_MAX
        while not self.until_answered("GET", self.path(feed) + bounds)["results"]:
            if time.monotonic() > deadline:
                raise AssertionError(f"seed {self.seed}: {name} does not appear in {feed} in {ANSWER_SECONDS_MAX} s")
            time.sleep(0.1)

    @staticmethod
    def path(feed):
        return "feed/" + feed.replace(":", "/") + "/"

    def send(self, operation):
        kind = operation[0]
        if kind == "add":
            _, name, feed, to = operation
            number = self.activities.index(name)
            body = {
                "actor": "SU:driver", "verb": "post", "object": f"o:{number}", "foreign_id": name,
                "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.base_seconds + number // 2)) + ".000001",
                "words": "x" * (number * 37 % 400),
            }
            if to:
                body["to"] = to
            began = time.monotonic()
            self.ids[name] = self.until_answered("POST", self.path(feed), body)["id"]
            if time.monotonic() - began > LATE_SECONDS:
                for source in [feed, *to]:
                    self.until_shown(name, source)
        elif kind == "remove":
            _, name, feed, by_foreign_id = operation
            if by_foreign_id:
                self.until_answered("DELETE", self.path(feed) + name.replace(":", "%3A") + "/?foreign_id=1")
            else:
                self.until_answered("DELETE", self.path(feed) + self.ids[name] + "/")
        elif kind == "follow":
            _, follower, source, copies = operation
            self.until_answered("POST", self.path(follower) + "following/", {"target": source, "activity_copy_limit": copies})
        elif kind == "unfollow":
            _, follower, source, keep = operation
            self.until_answered("DELETE", self.path(follower) + f"following/{source}/" + ("?keep_history=1" if keep else ""))

    def apply(self, operation):
        kind = operation[0]
        if kind == "add":
            _, name, feed, to = operation
            self.model.add(name, self.order(name), feed, to)
        elif kind == "remove":
            self.model.remove(operation[1], operation[2])
        elif kind == "follow":
            self.model.follow(*operation[1:])
        else:
            self.model.unfollow(*operation[1:])

    def order(self, name):
        value = uuid.UUID(self.ids[name])
        return (value.time, value.int & (1 << 64) - 1)

    # Random histories

    def operation(self):
        rng = self.random
        chance = rng.random()
        if chance < 0.45 or not self.ids:
            if self.ids and rng.random() < 0.3:
                name = rng.choice(sorted(self.ids))
            else:
                name = f"post-{self.space}:{len(self.activities)}"
                self.activities.append(name)
            feed = self.sources[0] if rng.random() < 0.5 else rng.choice(self.sources)
            to = [t for t in self.sources if t != feed and rng.random() < 0.15]
            return ("add", name, feed, to)
        if chance < 0.62:
            where = rng.choice(self.sources) if rng.random() < 0.7 else rng.choice(self.core)
            return ("remove", rng.choice(sorted(self.ids)), where, rng.random() < 0.4)
        if chance < 0.84:
            return ("follow", rng.choice(self.core), rng.choice(self.sources), rng.choice([0, 1, 3, 100]))
        return ("unfollow", rng.choice(self.core), rng.choice(self.sources), rng.random() < 0.35)

    @staticmethod
    def touches(operation):
        """What an operation changes (first) and what it must not run beside (second)."""
        kind = operation[0]
        if kind == "add":
            return {("activity", operation[1])} | {("source", f) for f in [operation[2], *operation[3]]}
        if kind == "remove":
            return {("activity", operation[1]), ("source", operation[2])}
        return {("relation", operation[1]), ("source", operation[2])}

    @classmethod
    def commute(cls, a, b):
        shared = cls.touches(a) & cls.touches(b)
        if a[0] == "add" and b[0] == "add":
            return not any(what == "activity" for what, _ in shared)
        if {a[0], b[0]} == {"follow"}:
            return not any(what == "relation" for what, _ in shared)
        for one, other in ((a, b), (b, a)):
            if one[0] == "remove" and other[0] in ("follow", "unfollow"):
                # A removal acts on all placements of its activity, whatever feed they are in.
                return False
            if one[0] == "unfollow" and not one[3] and other[0] == "add":
                return True
        return not shared

    def round(self, pool):
        together = []
        for _ in range(8):
            operation = self.operation()
            if all(self.commute(operation, other) for other in together):
                together.append(operation)
            elif operation[0] == "add" and operation[1] not in self.ids:
                # A new activity is not dropped: it begins the next set.
                self.run_together(pool, together)
                together = [operation]
        self.run_together(pool, together)
        return len(together)

    def run_together(self, pool, together):
        list(pool.map(self.send, together))
        for operation in together:
            self.apply(operation)

    # Kills

    def killer(self):
        rng = random.Random(self.seed ^ 0x5EED)
        while not self.stop.wait(rng.uniform(0.4, 2.5)):
            service = rng.choice(KILLED)
            pid = self.stack.pid(service)
            if pid is None:
                continue
            try:
                os.kill(pid, signal.SIGKILL)
                self.kills += 1
            except ProcessLookupError:
                continue
            # Most kills find all services up: on a slow machine nothing would ever be answered otherwise.
            if rng.random() < 0.75:
                self.wait_ready(service)

    def wait_ready(self, service):
        host, port = self.stack.env[service.upper().replace("-", "_") + "_ADMIN"].split(":")
        deadline = time.monotonic() + ANSWER_SECONDS_MAX
        while time.monotonic() < deadline and not self.stop.is_set():
            connection = http.client.HTTPConnection(host, int(port), timeout=2)
            try:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            time.sleep(0.05)

    # The end

    def shown(self, feed):
        answer = self.until_answered("GET", self.path(feed) + "?limit=100")
        return [(item["foreign_id"], item["origin"]) for item in answer["results"]]

    def differing(self, feeds, wanted):
        """Feeds that do not show what they should: {feed: (shown, wanted)}."""
        out = {}
        with concurrent.futures.ThreadPoolExecutor(READERS) as pool:
            for feed, shown in zip(feeds, pool.map(self.shown, feeds)):
                if shown != wanted(feed):
                    out[feed] = (shown, wanted(feed))
        return out

    def run(self):
        began = time.monotonic()
        for start in range(0, len(self.crowd), 1000):
            batch = [{"source": f, "target": self.sources[0]} for f in self.crowd[start : start + 1000]]
            self.until_answered("POST", "follow_many/?activity_copy_limit=0", batch)
        stand_in = "timeline:stand-in"
        self.model.follow(stand_in, self.sources[0], 0)
        loaded = time.monotonic() - began
        killing = threading.Thread(target=self.killer, daemon=True)
        if self.kill:
            killing.start()
        operations = 0
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            done = 0
            # As many rounds as it takes for the kills to fall among requests.
            while done < self.rounds or (self.kill and self.kills < KILLS_MIN and done < 20 * self.rounds):
                operations += self.round(pool)
                done += 1
        self.stop.set()
        if self.kill:
            killing.join()
        worked = time.monotonic() - began - loaded
        crowd_page = self.model.page(stand_in)[:100]
        pages = {feed: self.model.page(feed)[:100] for feed in self.sources + self.core}
        wrong = self.sources + self.core + self.crowd
        deadline = time.monotonic() + self.settle
        while True:
            differing = self.differing(wrong, lambda feed: pages.get(feed, crowd_page))
            if not differing or time.monotonic() > deadline:
                break
            wrong = list(differing)
            time.sleep(0.5)
        # What became equal must stay equal: look at the small feeds and a sample of the crowd once more.
        sample = self.random.sample(self.crowd, min(200, len(self.crowd)))
        differing.update(self.differing(self.sources + self.core + sample, lambda feed: pages.get(feed, crowd_page)))
        settled = time.monotonic() - began - loaded - worked
        self.say(
            f"exactly-once: seed={self.seed} followers={len(self.crowd)} operations={operations} kills={self.kills} "
            f"feeds={len(self.sources + self.core + self.crowd)} differing={len(differing)} "
            f"seconds={loaded:.1f}+{worked:.1f}+{settled:.1f}")
        for feed, (shown, wanted) in list(differing.items())[:3]:
            missing, extra = [x for x in wanted if x not in shown], [x for x in shown if x not in wanted]
            self.say(f"  {feed}: of {len(wanted)} wanted and {len(shown)} shown: missing {missing[:10]}, too many {extra[:10]}")
        return differing


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--followers", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--no-kill", action="store_true")
    parser.add_argument("--settle-seconds", type=int, default=SETTLE_SECONDS_MAX, help="how long feeds may take to come right")
    parser.add_argument("--stack-env", default=os.environ.get("MILLRACE_STACK_ENV", "var/run/stack.env"))
    options = parser.parse_args()
    stack = Stack.read(pathlib.Path(options.stack_env))
    failed = 0
    for seed in range(options.seed, options.seed + options.seeds):
        failed += bool(Driver(stack, seed, options.followers, options.rounds, not options.no_kill, options.settle_seconds).run())
    print(f"exactly-once: {options.seeds} seeds, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
