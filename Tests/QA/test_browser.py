"""A page of another origin in a browser: it writes and reads feeds by fetch with a user's token, through preflights (feeds C21)."""

import html
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading

import pytest
from client import token
from conftest import required

PAGE = (pathlib.Path(__file__).parent / "browser_page.html").read_text()


@pytest.fixture(scope="module")
def browser():
    found = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
    if not found:
        missing = "there is no browser: Infra/local/packages-test.txt names it"
        # What CI installs must be there.
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return found


@pytest.fixture
def origin():
    """Serves the page under an origin of its own; gives its address and a way to say what stands in it."""
    pages = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = pages.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", pages
    server.shutdown()
    thread.join()
    server.server_close()


def show(browser, folder, address):
    """The page's DOM when its scripts have ended. The profile lies in the test's folder, and the browser ends with the call."""
    answer = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", f"--user-data-dir={folder / 'profile'}", "--timeout=30000",
         "--virtual-time-budget=30000", "--dump-dom", address],
        capture_output=True, text=True, timeout=120, env={**os.environ, "HOME": str(folder)})
    assert answer.returncode == 0, answer.stderr[-2000:]
    return answer.stdout


def test_a_page_of_another_origin_writes_and_reads(browser, origin, tmp_path, unique):
    address, pages = origin
    user = unique()
    settings = {
        "api": required("BASE_URL").rstrip("/") + "/api/v1.0/", "key": required("API_KEY"), "user": user,
        "token": token(required("API_SECRET"), user_id=user)}
    assert not settings["api"].startswith(address)
    pages["/"] = PAGE.replace("SETTINGS", json.dumps(settings))
    dom = show(browser, tmp_path, address + "/")
    found = re.search(r'<pre id="result">(.*?)</pre>', dom, re.S)
    assert found, dom[-3000:]
    result = json.loads(html.unescape(found.group(1)))
    assert "failed" not in result, result
    assert result["origin"] == address
    assert result["added"]["status"] == 201 and result["added"]["body"]["actor"] == f"SU:{user}"
    # What the page shows is what it read.
    assert result["read"]["status"] == 200
    assert re.findall(r'<li class="activity">(.*?)</li>', dom) == ["second", "first"]
    assert result["enriched"]["body"]["results"][0]["actor"]["data"] == {"name": "Ada"}
    assert int(result["read"]["remaining"]) > 0, "the page may see the rate limit's headers"
    assert result["reaction"]["status"] == 201 and result["reaction"]["body"]["user_id"] == user
    assert result["removed"]["status"] == 200
    # Refusals are readable as well.
    assert (result["refused"]["status"], result["refused"]["body"]["code"]) == (403, 17)
    assert (result["unknown"]["status"], result["unknown"]["body"]["code"]) == (401, 2)
    # The browser lets no header through that the preflight does not name: it does ask.
    assert result["unlisted"] == "TypeError"
