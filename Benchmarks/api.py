"""Rows of `make bench ONLY=api`: feed-api and Keevo beside PostgreSQL 15 on the workload "social" (social.py).

The peer is PostgreSQL alone, with materialised timelines and every commit synced, driven by pgbench over a Unix socket:
no API, no tokens, no JSON in front of it. Ours is the running stack, driven over HTTP by wrk with a server token. Both
share the machine with their client. Rounds alternate.
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request

import social
from peer_postgres import Postgres
from rows import row

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEER = "PostgreSQL 15, materialised, pgbench"
# Feeds that are read as groups; each holds the newest 100 activities of every user it follows, or all of the peer's.
GROUPED_FEEDS = 200

SCHEMA = """
create table activities (id bigserial primary key, actor int not null, body text not null,
  popularity int not null default 0, at timestamptz not null default clock_timestamp());
create table users (id int primary key, body text not null);
create table follows (target int not null, source int not null, primary key (target, source));
create table timeline (feed int not null, at timestamptz not null, activity bigint not null, primary key (feed, at, activity));
create table authors (n int primary key, author int not null, popularity int not null, body text not null);
"""

# One statement an activity: the activity, and an entry in the author's own feed and in each follower's.
FAN_OUT = r"""
\set n random(0, {last})
with chosen as (select author, body, popularity from authors where n = :n),
     added as (insert into activities (actor, body, popularity) select author, body, popularity from chosen
               returning id, actor)
insert into timeline select source, clock_timestamp(), id from added, follows where target = actor
union all select actor, clock_timestamp(), id from added;
"""

PAGE = r"""
\set feed random(0, {last})
select a.body from timeline t join activities a on a.id = t.activity where t.feed = :feed order by t.at desc limit 25;
"""

# The same window and the same expression as the method `hot` of social-app.json.
RANKED = r"""
\set feed random(0, {last})
select body from (
  select a.body, a.at, exp(ln(0.5) * power(extract(epoch from now() - a.at)::float8 / 432000, 2)) * (1 + a.popularity) as score
  from (select activity from timeline where feed = :feed order by at desc limit 1000) t
  join activities a on a.id = t.activity) s
order by score desc, at desc limit 25;
"""

ENRICHED = r"""
\set feed random(0, {last})
select a.body, u.body from timeline t join activities a on a.id = t.activity left join users u on u.id = a.actor
where t.feed = :feed order by t.at desc limit 25;
"""

# Groups of an actor's day, as the formats of social-app.json make them: 25 of them, up to 15 activities each.
GROUPS = """
create table groups (feed int, actor int, day date, updated timestamptz not null, activities int not null,
  seen bool not null default false, read bool not null default false, primary key (feed, actor, day));
create table members (feed int, actor int, day date, at timestamptz, activity bigint,
  primary key (feed, actor, day, at, activity));
insert into members select t.feed, a.actor, t.at::date, t.at, a.id
  from timeline t join activities a on a.id = t.activity where t.feed < {feeds};
insert into groups select feed, actor, day, max(at), count(*) from members group by feed, actor, day;
create index on groups (feed, updated desc);
"""

AGGREGATED = r"""
\set feed random(0, {last})
select g.*, m.body from (select * from groups where feed = :feed order by updated desc limit 25) g
cross join lateral (
  select a.body from members m join activities a on a.id = m.activity
  where m.feed = g.feed and m.actor = g.actor and m.day = g.day order by m.at desc limit 15) m;
"""

NOTIFICATION = (
    AGGREGATED
    + "select count(*) filter (where not seen), count(*) filter (where not read) from (select seen, read from groups "
    "where feed = :feed order by updated desc limit 1000) g;\n"
)

FOLLOW = r"""
\set one random(0, {last})
\set other random(0, {last})
insert into follows values (:other, :one) on conflict do nothing;
"""

UNFOLLOW = r"""
\set one random(0, {last})
\set other random(0, {last})
delete from follows where target = :other and source = :one;
"""

WRK_READ = """
local users = {users}
math.randomseed({seed})
function request()
  return wrk.format("GET", "/api/v1.0/{kind}/" .. math.random(0, users - 1) .. "/?api_key={key}&limit=25{more}", wrk.headers)
end
function init(args)
  wrk.headers["Authorization"] = "{token}"
  wrk.headers["Stream-Auth-Type"] = "jwt"
end
"""

# 90 % reads, 8 % adds, 1 % follows, 1 % unfollows.
WRK_MIXED = """
local users, bodies, next = {users}, {{}}, 1
math.randomseed({seed})
function init(args)
  wrk.headers["Authorization"] = "{token}"
  wrk.headers["Stream-Auth-Type"] = "jwt"
  wrk.headers["Content-Type"] = "application/json"
  for line in io.lines("{file}") do
    local tab = line:find("\\t")
    bodies[#bodies + 1] = {{"/api/v1.0/feed/user/" .. line:sub(1, tab - 1) .. "/?api_key={key}", line:sub(tab + 1)}}
  end
end
function request()
  local turn, one, other = math.random(100), math.random(0, users - 1), math.random(0, users - 1)
  if turn <= 8 then
    local body = bodies[next]
    next = math.min(next + 1, #bodies)
    return wrk.format("POST", body[1], wrk.headers, body[2])
  elseif turn == 9 then
    return wrk.format("POST", "/api/v1.0/feed/timeline/" .. one .. "/follows/?api_key={key}", wrk.headers,
      '{{"target":"user:' .. other .. '","activity_copy_limit":0}}')
  elseif turn == 10 then
    return wrk.format("DELETE", "/api/v1.0/feed/timeline/" .. one .. "/follows/user:" .. other .. "/?api_key={key}")
  end
  return wrk.format("GET", "/api/v1.0/feed/timeline/" .. one .. "/?api_key={key}&limit=25", wrk.headers)
end
"""

WRK_ADD = """
local paths, bodies, next = {{}}, {{}}, 1
function init(args)
  wrk.headers["Authorization"] = "{token}"
  wrk.headers["Stream-Auth-Type"] = "jwt"
  wrk.headers["Content-Type"] = "application/json"
  for line in io.lines("{file}") do
    local tab = line:find("\\t")
    paths[#paths + 1] = "/api/v1.0/feed/user/" .. line:sub(1, tab - 1) .. "/?api_key={key}"
    bodies[#bodies + 1] = line:sub(tab + 1)
  end
end
function request()
  local i = next
  next = next + 1
  if i > #paths then i = #paths end
  return wrk.format("POST", paths[i], wrk.headers, bodies[i])
end
"""


def server_token(secret):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    head = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(b'{"resource":"*","action":"*","feed_id":"*"}')
    return (head + b"." + part(hmac.new(secret.encode(), head, hashlib.sha256).digest())).decode()


class Ours:
    """The running stack, reached at feed-api's own port."""

    def __init__(self, stack_env):
        self.env = dict(line.split("=", 1) for line in pathlib.Path(stack_env).read_text().split("\n") if "=" in line)
        self.base = "http://" + self.env["FEED_API"]
        self.key = self.env["API_KEY"]
        self.token = server_token(self.env["API_SECRET"])
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-bench-"))
        self.added = 0

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            f"{self.base}/api/v1.0/{path}{'&' if '?' in path else '?'}api_key={self.key}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": self.token, "Stream-Auth-Type": "jwt", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def follow(self, workload, group="timeline", below=None, copy=0):
        """Lets the feeds of a group, or those of them with a number below `below`, follow as the workload says."""
        batch = []
        for user, followers in enumerate(workload.followers):
            for follower in followers:
                if below is None or follower < below:
                    batch.append({"source": f"{group}:{follower}", "target": f"user:{user}"})
                if len(batch) == 1000:
                    self.call("POST", f"follow_many/?activity_copy_limit={copy}", batch)
                    batch = []
        if batch:
            self.call("POST", f"follow_many/?activity_copy_limit={copy}", batch)

    def add_users(self, workload):
        for start in range(0, workload.users, 100):
            some = range(start, min(start + 100, workload.users))
            self.call("POST", "users/", {"users": [{"id": str(n), "data": workload.profile(n)} for n in some]})

    def reads(self, feeds, seed, seconds, kind="feed/timeline", more=""):
        """Pages a second and the 99th percentile in milliseconds, of the first `feeds` feeds at random, 16 connections."""
        script = WRK_READ.format(
            users=feeds, seed=seed, key=self.key, token=self.token, kind=kind, more=more)
        total, took, p99 = self.wrk(script, 16, seconds)
        return total / took, p99

    def wrk(self, script, connections, seconds):
        path = self.folder / "script.lua"
        path.write_text(script)
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s", "-s", str(path), self.base],
            check=True, capture_output=True, text=True,
        ).stdout
        if "Non-2xx" in done or "Socket errors" in done:
            raise RuntimeError(f"the load met errors:\n{done}")
        total, took = re.search(r"(\d+) requests in ([\d.]+)(m?s)", done).groups()[:2]
        p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", done)
        milliseconds = float(p99.group(1)) * {"us": 0.001, "ms": 1, "s": 1000}[p99.group(2)]
        return int(total), float(took), milliseconds

    def adds(self, workload, count):
        """A file of the next activities, a line each."""
        file = self.folder / "adds.tsv"
        with open(file, "w") as out:
            for number in range(self.added, self.added + count):
                author = workload.authors[number % len(workload.authors)]
                out.write(f"{author}\t{json.dumps(workload.body(number))}\n")
        return file

    def mixed(self, workload, seed, seconds):
        """Operations a second of the mix over 16 connections."""
        count = 50_000
        file = self.adds(workload, count)
        script = WRK_MIXED.format(users=workload.users, seed=seed, token=self.token, key=self.key, file=file)
        total, took, p99 = self.wrk(script, 16, seconds)
        self.added += count
        self.wait_until_quiet()
        return total / took, p99

    def entries_a_second(self, workload, connections, seconds):
        """Timeline entries written a second, from the first add to the end of the last fan-out."""
        count = 200_000
        file = self.adds(workload, count)
        script = WRK_ADD.format(token=self.token, key=self.key, file=file)
        began = time.monotonic()
        total, _, p99 = self.wrk(script, connections, seconds)
        if total >= count:
            raise RuntimeError("the load ran out of activities: make more")
        done = [workload.authors[n % len(workload.authors)] for n in range(self.added, self.added + total)]
        self.added += total + connections
        self.wait_until_quiet()
        took = time.monotonic() - began
        entries = sum(len(workload.followers[author]) + 1 for author in done)
        return entries / took, total / took, p99

    def wait_until_quiet(self):
        """Until no job is waiting or running."""
        quiet = 0
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            with urllib.request.urlopen(f"http://{self.env['WORKER_ADMIN']}/metrics", timeout=10) as answer:
                text = answer.read().decode()
            pending = [float(value) for value in re.findall(r"^jobs_known\S* ([\d.e+]+)$", text, re.M)]
            if not pending:
                raise RuntimeError("the worker does not say how many jobs are pending")
            # Twice in a row: a worker learns of the newest jobs a moment later.
            quiet = quiet + 1 if sum(pending) == 0 else 0
            if quiet == 2:
                return
            time.sleep(0.05)
        raise RuntimeError("jobs were still pending after 300 s: see the worker's log")


def load_postgres(peer, workload):
    peer.psql(SCHEMA)
    rows = "".join(f"{user}\t{one}\n" for user, followers in enumerate(workload.followers) for one in followers)
    peer.psql("copy follows from stdin", rows)
    picks = "".join(
        f"{n}\t{author}\t{n % 50}\t{json.dumps(workload.body(n))}\n" for n, author in enumerate(workload.authors))
    peer.psql("copy authors from stdin", picks)
    users = "".join(f"{n}\t{json.dumps(workload.profile(n))}\n" for n in range(workload.users))
    peer.psql("copy users from stdin", users)
    peer.psql("vacuum analyze")


class OwnStack:
    """A stack of the benchmark's own: its own folder and ports, ended with it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-bench-"))
        self.folder.chmod(0o755)
        self.environment = {**os.environ, "MILLRACE_VAR": str(self.folder / "var"), "MILLRACE_PORT": "18900"}
        self.environment["MILLRACE_APP"] = str(ROOT / "Benchmarks/social-app.json")
        self.stack("up")

    @property
    def stack_env(self):
        return self.folder / "var/run/stack.env"

    def stack(self, verb):
        subprocess.run([ROOT / "Infra/local/stack", verb], check=True, env=self.environment, stdout=subprocess.DEVNULL)

    def stop(self):
        self.stack("down")
        shutil.rmtree(self.folder, ignore_errors=True)


def bench(rounds, seconds, say=print, stack_env=None, scale=0.1, seed=1):
    """The rows of this group, on the stack that `stack_env` names or on one of its own."""
    if stack_env is not None:
        return measure(stack_env, rounds, seconds, say, scale, seed)
    stack = OwnStack()
    try:
        return measure(stack.stack_env, rounds, seconds, say, scale, seed)
    finally:
        stack.stop()


def measure(stack_env, rounds, seconds, say, scale, seed):
    workload = social.make(scale=scale, seed=seed)
    say(f"social: seed {seed}, {workload.users} users, {workload.follows} follows, scale {scale}")
    ours = Ours(stack_env)
    peer = Postgres()
    try:
        load_postgres(peer, workload)
        began = time.monotonic()
        ours.follow(workload)
        ours.add_users(workload)
        say(f"follows and users loaded in {time.monotonic() - began:.1f} s")
        mean = sum(len(workload.followers[a]) + 1 for a in workload.authors) / len(workload.authors)
        fan, fan_peer, add_rate = [], [], []
        for _ in range(rounds):
            entries, adds, _ = ours.entries_a_second(workload, 8, seconds)
            fan.append(entries)
            add_rate.append(adds)
            fan_peer.append(peer.pgbench(FAN_OUT.format(last=len(workload.authors) - 1), 8, seconds) * mean)
        say(f"adds a second {statistics.median(add_rate):.0f}")
        peer.psql("vacuum analyze")
        rows = [row("fanout-entries", "entries/s", "higher", fan, fan_peer, PEER, digits=1)]
        feeds = min(workload.users, GROUPED_FEEDS)
        for group in ("grouped", "notices"):
            ours.follow(workload, group, below=feeds, copy=100)
        ours.wait_until_quiet()
        peer.psql(GROUPS.format(feeds=feeds))
        peer.psql("vacuum analyze")
        for name, script, feeds, kind, more in (
            ("flat-read-25", PAGE, workload.users, "feed/timeline", ""),
            ("aggregated-read", AGGREGATED, feeds, "feed/grouped", ""),
            ("notification-read", NOTIFICATION, feeds, "feed/notices", ""),
            ("ranked-read", RANKED, workload.users, "feed/timeline", "&ranking=hot"),
            ("enriched-read", ENRICHED, workload.users, "enrich/feed/timeline", ""),
        ):
            read, p99s, read_peer = [], [], []
            for _ in range(rounds):
                rate, p99 = ours.reads(feeds, seed, seconds, kind, more)
                read.append(rate)
                p99s.append(p99)
                read_peer.append(peer.pgbench(script.format(last=feeds - 1), 16, seconds))
            say(f"{name}: p99 {statistics.median(p99s):.2f} ms")
            rows.append(row(name, "pages/s", "higher", read, read_peer, PEER, digits=1))
        last = workload.users - 1
        mix = {PAGE.format(last=last): 90, FAN_OUT.format(last=len(workload.authors) - 1): 8,
               FOLLOW.format(last=last): 1, UNFOLLOW.format(last=last): 1}
        done, p99s, done_peer = [], [], []
        for number in range(rounds):
            rate, p99 = ours.mixed(workload, seed + number, seconds)
            done.append(rate)
            p99s.append(p99)
            done_peer.append(peer.pgbench(mix, 16, seconds))
        say(f"mixed: p99 {statistics.median(p99s):.2f} ms")
        rows.append(row("mixed", "operations/s", "higher", done, done_peer, PEER, digits=1))
    finally:
        peer.stop()
    return rows


if __name__ == "__main__":
    print(json.dumps(bench(1, 8, stack_env=os.environ.get("MILLRACE_STACK_ENV")), indent=1))
