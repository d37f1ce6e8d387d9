"""Real input through the running stack: `worker rss` twice, the timeline as the official SDK reads it, `make demo`."""

import functools
import gzip
import http.server
import os
import pathlib
import re
import subprocess
import threading
import uuid

import pytest
import stream

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = {
    "harbour-notes.xml": ROOT / "Infra/local/feeds/harbour-notes.xml",
    "orchard-lab.atom": ROOT / "Infra/local/feeds/orchard-lab.atom",
    "old-mill-walks.rdf": ROOT / "Tests/QA/feeds/old-mill-walks.rdf",
    "night-shelf.xml": ROOT / "Tests/QA/feeds/night-shelf.xml",
}
ENTRIES = {"harbour-notes": 10, "orchard-lab": 8, "old-mill-walks": 4, "night-shelf": 5}

pytestmark = pytest.mark.skipif("BASE_URL" not in os.environ, reason="needs a running stack: BASE_URL, API_KEY, API_SECRET")


def binary(name):
    folder = pathlib.Path(os.environ.get("MILLRACE_BIN") or ROOT / ".build/release")
    if not (folder / name).exists():
        pytest.skip(f"{folder / name} is not built")
    return folder / name


def worker_rss(*words, secret=None):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MILLRACE_")}
    environment["MILLRACE_API_SECRET"] = secret or os.environ["API_SECRET"]
    return subprocess.run(
        [binary("worker"), "rss", "--base-url", os.environ["BASE_URL"], "--api-key", os.environ["API_KEY"], *map(str, words)],
        env=environment, capture_output=True, text=True, timeout=120, cwd="/")


@pytest.fixture
def client(monkeypatch):
    monkeypatch.delenv("LOCAL", raising=False)
    return stream.connect(os.environ["API_KEY"], os.environ["API_SECRET"], base_url=f"{os.environ['BASE_URL']}/api/")


@pytest.fixture
def mark():
    """Keeps a run apart from others on the same app: foreign ids that are addresses are app-wide."""
    return uuid.uuid4().hex[:8]


@pytest.fixture
def documents(tmp_path, mark):
    for name, path in DOCUMENTS.items():
        stem, ending = name.split(".")
        text = re.sub(rb"(https://[a-z-]+)\.example", rb"\1-" + mark.encode() + rb".example", path.read_bytes())
        (tmp_path / f"{stem}-{mark}.{ending}").write_bytes(text)
    return sorted(tmp_path.iterdir())


def whole(feed):
    """Every activity of a feed, by pages of 7."""
    found, bound = [], {}
    while True:
        page = feed.get(limit=7, **bound)
        found += page["results"]
        if not page["next"]:
            return found
        bound = {"id_lt": page["results"][-1]["id"]}


def test_a_second_import_adds_nothing_and_the_timeline_is_in_order(client, documents, mark):
    timeline = client.feed("timeline", f"demo-{mark}")
    follow = ["--follow", f"timeline:demo-{mark}"]
    first = worker_rss(*follow, *documents)
    assert first.returncode == 0, first.stderr
    assert sorted(re.findall(r"(\d+) new, 0 changed, 0 unchanged", first.stdout)) == sorted(map(str, ENTRIES.values()))

    sources = {name: whole(client.feed("source", f"{name}-{mark}")) for name in ENTRIES}
    assert {name: len(activities) for name, activities in sources.items()} == ENTRIES
    for name, activities in sources.items():
        assert {a["actor"] for a in activities} == {f"{name}-{mark}"}
        assert {a["verb"] for a in activities} == {"rss_article"}
    assert sources["harbour-notes"][0]["title"] == "Dredging starts on Monday, the small ferry moves to the east pier"
    assert sources["harbour-notes"][0]["foreign_id"] == f"harbour-notes-{mark}:harbour-notes/dredging-east-pier"
    assert sources["harbour-notes"][0]["time"].strftime("%Y-%m-%dT%H:%M:%S") == "2026-11-18T05:45:00"
    assert sources["orchard-lab"][2]["title"] == "Reading Malus labels from 1911"
    assert sources["orchard-lab"][0]["link"] == f"https://orchard-lab-{mark}.example/notes/grafts-2026"
    assert sources["old-mill-walks"][0]["foreign_id"] == f"https://old-mill-walks-{mark}.example/three-bridges"
    # Without dates: in the order of the document, a minute apart.
    shelf = sources["night-shelf"]
    assert [a["title"] for a in shelf] == [
        "The lamp catalogue of 1934", "Letters to a clockmaker", "Tea, measured in minutes", "An index of small keys",
        "Atlas of one street"]
    assert {(a["time"] - b["time"]).total_seconds() for a, b in zip(shelf, shelf[1:])} == {60.0}

    page = whole(timeline)
    assert [a["id"] for a in page] == [
        a["id"] for a in sorted((a for s in sources.values() for a in s), key=lambda a: (a["time"], a["id"]), reverse=True)]
    assert {a["origin"] for a in page} == {f"source:{name}-{mark}" for name in ENTRIES}

    second = worker_rss(*follow, *documents)
    assert second.returncode == 0, second.stderr
    assert sorted(re.findall(r"0 new, 0 changed, (\d+) unchanged", second.stdout)) == sorted(map(str, ENTRIES.values()))
    assert {name: whole(client.feed("source", f"{name}-{mark}")) for name in ENTRIES} == sources
    assert whole(timeline) == page


def test_a_changed_entry_is_replaced_in_every_feed_and_moves_nowhere(client, documents, mark):
    path = next(p for p in documents if p.name.startswith("harbour-notes"))
    timeline = client.feed("timeline", f"demo-{mark}")
    worker_rss("--follow", f"timeline:demo-{mark}", path)
    before = whole(timeline)
    path.write_bytes(path.read_bytes().replace(b"Winter timetable is up", b"Winter timetable, corrected"))
    again = worker_rss(path)
    assert "0 new, 1 changed, 9 unchanged" in again.stdout, again.stdout + again.stderr
    after = whole(timeline)
    assert [a["id"] for a in after] == [a["id"] for a in before]
    assert [a["title"] for a in after if "corrected" in a["title"]] == ["Winter timetable, corrected"]


def test_one_bad_document_does_not_stop_the_rest(client, documents, tmp_path, mark):
    bomb = tmp_path / f"bomb-{mark}.xml"
    bomb.write_text('<!DOCTYPE rss [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><rss><channel><title>&c;</title></channel></rss>')
    broken = tmp_path / f"broken-{mark}.xml"
    broken.write_text("<rss>\n<channel>\n<title>a</titel></channel></rss>")
    done = worker_rss(bomb, broken, tmp_path / "missing.xml", documents[0])
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == 3 and "entity 'c' refers to another entity" in lines[0]
    assert "line 3: " in lines[1] and "No such file" in lines[2]
    assert "new, 0 changed" in done.stdout


def test_a_wrong_secret_is_told_and_never_shown(documents):
    done = worker_rss(documents[0], secret="not-the-secret-of-this-app-but-long-enough")
    assert done.returncode == 1 and "403" in done.stderr
    assert "not-the-secret" not in done.stdout + done.stderr


class Site(http.server.BaseHTTPRequestHandler):
    """Redirects, compresses, and names its encoding in the header only."""

    def __init__(self, *arguments, text):
        self.text = text
        super().__init__(*arguments)

    def do_GET(self):
        if self.path.endswith("/old"):
            self.send_response(301)
            self.send_header("Location", "/new/feed.xml")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path.endswith("/loop"):
            self.send_response(302)
            self.send_header("Location", self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = b"<rss>" + b" " * (6 << 20) if self.path.endswith("/large") else self.text
        body = gzip.compress(body)
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml; charset=windows-1252")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def site(mark):
    text = (
        f"<rss><channel><title>Site</title><item><title>\x93Fog\x94</title><link>a?m={mark}</link>"
        "<pubDate>Wed, 18 Nov 2026 06:45:00 GMT</pubDate></item></channel></rss>").encode("latin-1")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Site, text=text))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_is_fetched_within_the_limits(client, site, mark):
    port = site.rsplit(":", 1)[1]
    done = worker_rss("--allow-private-addresses", f"{site}/{mark}/old", f"{site}/{mark}/loop", f"{site}/{mark}/large")
    assert done.returncode == 1
    assert "1 new" in done.stdout, done.stderr
    activity = client.feed("source", f"127-0-0-1-{port}-{mark}-old").get()["results"][0]
    assert activity["title"] == "“Fog”"
    assert activity["link"] == f"{site}/new/a?m={mark}"
    loop, large = done.stderr.splitlines()
    assert "more than 20 redirects" in loop and "larger than 5242880 bytes" in large


def test_private_addresses_are_refused_unless_allowed(site, mark):
    done = worker_rss(f"{site}/{mark}/feed.xml")
    assert done.returncode == 1 and "private address" in done.stderr


@pytest.mark.skipif("MILLRACE_STACK_ENV" not in os.environ, reason="needs the machine on which the stack runs")
def test_make_demo_prints_the_page(documents, mark):
    var = pathlib.Path(os.environ["MILLRACE_STACK_ENV"]).parents[1]
    environment = {**os.environ, "MILLRACE_VAR": str(var), "MILLRACE_BIN": str(binary("worker").parent)}
    run = [str(ROOT / "Infra/local/demo"), *map(str, documents)]
    first = subprocess.run(run, env=environment, capture_output=True, text=True, timeout=300, cwd="/")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "The lamp catalogue of 1934" in first.stdout
    lines = first.stdout.split("newest first", 1)[1].splitlines()
    times = [line[:16] for line in lines if re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d ", line)]
    assert len(times) == 25 and times == sorted(times, reverse=True)
    second = subprocess.run(run, env=environment, capture_output=True, text=True, timeout=300, cwd="/")
    assert second.stdout.split("newest first", 1)[1] == first.stdout.split("newest first", 1)[1]
    assert second.stdout.count(" 0 new, 0 changed") == len(documents)
