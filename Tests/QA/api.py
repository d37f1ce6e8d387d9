"""Plain HTTP against the feed API, for exact bodies, headers, statuses and user tokens."""

import json
import os
import re
import urllib.parse

import requests

import client as plain

ERROR_MEMBERS = ["detail", "status_code", "code", "exception", "duration", "more_info"]
POLICY_REFUSAL = (
    "You do not have permission to do this, you got this error because there are no policies allowing this request on "
    "this application. Please consult the documentation https://getstream.io/docs/"
)


class API:
    """One app's API; every call checks what holds of every answer (C8, C9, C13, C14, C18, C21)."""

    def __init__(self, key, secret):
        self.key, self.secret = key, secret
        self.session = requests.Session()
        self.base = os.environ["BASE_URL"].rstrip("/")

    def token(self, **claims):
        return plain.token(self.secret, **claims)

    def call(self, method, path, body=None, token=None, user=None, headers=None, data=None, **params):
        if user is not None:
            token = self.token(user_id=user)
        elif token is None:
            token = self.token()
        query = {"api_key": self.key, **params}
        sent = {"Stream-Auth-Type": "jwt", **(headers or {})}
        if token:
            sent["Authorization"] = token
        url = path if path.startswith("http") else f"{self.base}/api/v1.0/{path}"
        if data is None and body is not None:
            data = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        query = {name: value for name, value in query.items() if value is not None}
        answer = self.session.request(
            method, url + ("&" if "?" in url else "?") + urllib.parse.urlencode(query, doseq=True), data=data, headers=sent,
            timeout=30)
        check_answer(answer, method)
        return answer

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.call("POST", path, body, **options)

    def upload(self, path, content, name="helloworld.txt", type=None, **options):
        """A form with the part `file`, as `requests` makes one."""
        part = (name, content) if type is None else (name, content, type)
        form = requests.Request("POST", self.base, files={"file": part}).prepare()
        return self.call(
            "POST", path, data=form.body, headers={"Content-Type": form.headers["Content-Type"], **options.pop("headers", {})},
            **options)

    def delete(self, path, **options):
        return self.call("DELETE", path, **options)

    def next(self, answer):
        """The page that `next` names, fetched as a caller would: its query already names the key."""
        path = answer.json()["next"]
        assert path.startswith("/api/v1.0/") and path.count("?") == 1
        answer = self.session.get(
            self.base + path, headers={"Authorization": self.token(), "stream-auth-type": "jwt"}, timeout=30)
        check_answer(answer, "GET")
        assert answer.status_code == 200
        return answer


def check_answer(answer, method):
    assert re.fullmatch(r"\d+", answer.headers["X-RateLimit-Limit"])
    assert re.fullmatch(r"\d+", answer.headers["X-RateLimit-Remaining"])
    assert re.fullmatch(r"\d{10}", answer.headers["X-RateLimit-Reset"])
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Expose-Headers"] == (
        "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset")
    if answer.status_code == 304 or method == "HEAD":
        return
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    body = answer.json()
    assert re.fullmatch(r"\d+\.\d\dms|\d+\.\d{3}s", body["duration"])
    if answer.status_code >= 400:
        assert [name for name in body if name != "exception_fields"] == ERROR_MEMBERS
        assert body["status_code"] == answer.status_code
        assert body["exception"]
        assert body.get("exception_fields") != {}


def refusal(answer):
    """(status, code) of a refusal."""
    return answer.status_code, answer.json()["code"]


def without_duration(answer):
    body = answer.json()
    del body["duration"]
    return body
