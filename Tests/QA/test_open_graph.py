"""Open Graph data through the official SDK: pages of a server that the test runs (feeds 2.13, M10, M11, P12)."""

import http.server
import json
import os
import threading
import time

import pytest
import requests
import stream
from stream import exceptions

from api import API, refusal
from client import token
from conftest import required
from private_stack import BINARIES, Control, Postgres, Service

REFUSAL = "couldn't find og data for the provided url"
PAGE = b"""<!DOCTYPE html><html><head><title>A page</title>
<meta property="og:title" content="The Page"><meta property="og:image" content="/1.png"><meta property="og:image:width" content="40">
<meta name="description" content="What it is"><link rel="icon" href="i.png"></head><body><p>text</body></html>"""


class Site(http.server.BaseHTTPRequestHandler):
    asked = []

    def do_GET(self):
        Site.asked.append(self.path)
        name, _, rest = self.path[1:].partition("/")
        try:
            if name == "redirect" and rest != "0":
                self.send_response(302)
                self.send_header("Location", f"/redirect/{int(rest) - 1}")
                self.end_headers()
                return
            if name == "slow":
                time.sleep(8)
            self.send_response(404 if name == "missing" else 200)
            self.send_header("Content-Type", "image/png" if name == "picture" else "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(PAGE)
            if name == "endless":
                for _ in range(20000):
                    self.wfile.write(b" " * 65536)
        except OSError:
            pass  # the other side has gone

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.reads
def test_private_addresses_are_refused(client, site):
    """On the stack of QA, which does not allow them: nothing is connected to, whatever it is called."""
    Site.asked.clear()
    port = site.rsplit(":", 1)[1]
    for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "10.0.0.1", "169.254.169.254"):
        with pytest.raises(exceptions.InputException) as refused:
            client.og(f"http://{host}:{port}/page")
        assert REFUSAL in str(refused.value)
    assert Site.asked == []


@pytest.mark.reads
def test_what_is_no_address_is_refused():
    api = API(required("API_KEY"), required("API_SECRET"))
    for url in ("file:///etc/passwd", "nonsense", "ftp://example.org/"):
        answer = api.get("og/", url=url)
        assert refusal(answer) == (400, 4) and answer.json()["detail"] == REFUSAL
    assert refusal(api.get("og/")) == (400, 4)
    assert refusal(api.get("og/", url="")) == (400, 4)


@pytest.fixture(scope="module")
def allowing(tmp_path_factory):
    """A stack whose feed-api may fetch from this machine, with a page that stands in for one of the web."""
    if os.environ.get("READ_ONLY") == "1" or not (BINARIES / "feed-api").exists():
        pytest.skip("needs the machine's own PostgreSQL and the built services (MILLRACE_BIN)")
    folder = tmp_path_factory.mktemp("og")
    (folder / "movie.html").write_text("<title>The Rock</title><meta property=og:type content=video.movie>")
    (folder / "pages.json").write_text(json.dumps({"https://example.org/movie/": "movie.html"}))
    postgres, services = Postgres(), []
    try:
        control = Control(postgres, folder)
        keevo = Service("keevo", folder)
        api = Service(
            "feed-api", folder, keevo=keevo.listen, postgres=postgres.connection, master_key_file=control.master_key,
            redis="127.0.0.1:1", storage_dir=folder / "objects", og_allow_private="true", og_stand_ins=folder / "pages.json")
        services = [api, keevo]
        app = control.json("apply", control.file("og"))
        keevo.start().wait_ready()
        api.start().wait_ready()
        yield f"http://localhost:{api.listen.rsplit(':', 1)[1]}", app["key"], app["secret"]
    finally:
        for service in services:
            service.remove()
        postgres.remove()


@pytest.fixture(scope="module")
def sdk(allowing):
    base, key, secret = allowing
    return stream.connect(key, secret, "1", base_url=base, timeout=20)


def test_a_page_is_told_of(sdk, site, allowing):
    found = sdk.og(f"{site}/page")
    assert found.pop("duration")
    assert found == {
        "title": "The Page", "original_url": f"{site}/page", "description": "What it is", "favicon": f"{site}/i.png",
        "images": [{"image": f"{site}/1.png", "width": "40"}]}
    base, key, secret = allowing
    user = {"Authorization": token(secret, user_id="alice"), "Stream-Auth-Type": "jwt"}
    asked = requests.get(f"{base}/api/v1.0/og/", params={"api_key": key, "url": f"{site}/page"}, headers=user, timeout=20)
    assert asked.status_code == 200, "users may too (P12)"


def test_redirects_sizes_and_times_are_bounded(sdk, site):
    assert sdk.og(f"{site}/redirect/5")["title"] == "The Page"
    assert sdk.og(f"{site}/endless")["title"] == "The Page"
    began = time.monotonic()
    for path in ("redirect/6", "picture", "missing", "slow"):
        with pytest.raises(exceptions.InputException) as refused:
            sdk.og(f"{site}/{path}")
        assert REFUSAL in str(refused.value)
    assert time.monotonic() - began < 7.5, "a page has five seconds"
    with pytest.raises(exceptions.InputException):
        sdk.og("http://127.0.0.1:1/")


def test_a_page_may_stand_in(sdk):
    found = sdk.og("https://example.org/movie")
    assert found["title"] == "The Rock" and found["type"] == "video.movie"
    assert found["images"][0]["image"] == found["favicon"] == "https://example.org/favicon.ico"
