"""Requests shaped as the SDKs of other languages make them (feeds, appendix A): paths, parameters, tokens, bodies."""

import base64
import dataclasses
import email.utils
import hashlib
import hmac
import http.client
import json
import os
import urllib.parse

from client import token


@dataclasses.dataclass
class Answer:
    status: int
    # Compared without case.
    headers: http.client.HTTPMessage
    body: dict


@dataclasses.dataclass(frozen=True)
class Shape:
    """What one SDK does in its own way."""

    name: str
    client: str
    follow_path: str = "follows"
    true: str = "true"
    false: str = "false"
    keep_history: str = "true"
    # Text of a moment as it writes them, of 2026-11-21T10:00:00.123456 UTC as far as its precision goes, and how that is read.
    time: str = "2026-11-21T10:00:00.123456"
    time_read: str = "2026-11-21T10:00:00.123456"
    object_batch_path: str = "collections/"
    own: str = "withOwnReactions"
    recent: str = "withRecentReactions"
    counts: str = "withReactionCounts"
    extra: tuple = ()
    slashes: bool = True
    empty_map: object = dataclasses.field(default_factory=dict)
    nulls: bool = False
    copy_limit: int | None = None
    # How an upload's form comes: in chunks, without a length, and what type its part is said to have.
    is_chunked: bool = False
    part_type: str | None = None
    list_query: dict = dataclasses.field(default_factory=lambda: {"limit": "25"})

    def list_of(self, name, values, repeated=False):
        return [(name, value) for value in values] if repeated else [(name, ",".join(values))]


SHAPES = [
    Shape(
        "python", "stream-python-5.4.0", true="True", false="False", keep_history="True", nulls=True, list_query={"filter": ""}),
    Shape(
        "javascript", "stream-javascript-client-8.4.1", follow_path="following", keep_history="1", time="2026-11-21T10:00:00.123Z",
        time_read="2026-11-21T10:00:00.123000", extra=(("location", "unspecified"),), is_chunked=True, part_type="text/x-own"),
    Shape(
        "ruby", "stream-ruby-client-4.2.0", time="2026-11-21T12:00:00+02:00", time_read="2026-11-21T10:00:00.000000", nulls=True,
        copy_limit=300, list_query={"filter": "", "limit": "25", "offset": "0"}),
    Shape(
        "php", "stream-php-client-7.0.0", true="1", false="0", time="2026-11-21T22:00:00+1200",
        time_read="2026-11-21T10:00:00.000000", object_batch_path="meta/", empty_map=[], copy_limit=300,
        list_query={"offset": "0", "limit": "20", "filter": ""}),
    Shape(
        "go", "stream-go2-client-v8.8.0", keep_history="1", time="2026-11-21T10:00:00.12345", copy_limit=300,
        time_read="2026-11-21T10:00:00.123450", part_type="application/octet-stream"),
    Shape(
        "java", "stream-java-client-3.15.0", follow_path="following", time="2026-11-21T10:00:00.123", slashes=False,
        time_read="2026-11-21T10:00:00.123000", own="with_own_reactions", recent="with_recent_reactions",
        counts="with_reaction_counts", part_type="application/octet-stream"),
]


class Client:
    """Sends one SDK's requests to the running stack."""

    def __init__(self, shape):
        self.shape = shape
        self.key, self.secret = os.environ["API_KEY"], os.environ["API_SECRET"]
        self.host = os.environ["BASE_URL"].split("://", 1)[1].rstrip("/")
        self.connection = http.client.HTTPConnection(self.host, timeout=30)

    def scope(self, resource, action, feed="*", **more):
        return token(self.secret, resource=resource, action=action, feed_id=feed.replace(":", ""), **more)

    def signature(self, method, target):
        """The headers of an HTTP signature over the target with its query (A11)."""
        date = email.utils.formatdate(usegmt=True)
        text = f"(request-target): {method.lower()} {target}\ndate: {date}"
        digest = base64.b64encode(hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).digest()).decode()
        value = f'Signature keyId="{self.key}",algorithm="hmac-sha256",headers="(request-target) date",signature="{digest}"'
        return [("Date", date), ("X-Api-Key", self.key), ("Authorization", value)]

    def send(self, method, path, query=(), body=None, authorization=None, headers=(), signed=False):
        """`body` is sent as JSON; `None` sends none."""
        target = self.target(path, query)
        sent = self.signature(method, target) if signed else self.credentials(authorization)
        sent += [("X-Stream-Client", self.shape.client), ("Content-Type", "application/json"), *headers]
        if self.shape.name == "php":
            sent.append(("Content-Type", "application/json"))
        data = b"" if body is None else json.dumps(body).encode()
        if body is not None or method in ("POST", "PUT"):
            sent.append(("Content-Length", str(len(data))))
        return self.exchange(method, target, sent, data)

    def upload(self, path, content, name="helloworld.txt", authorization=None):
        """A form with the part `file` (X3); a stream without a name of its own has that of its source."""
        disposition = 'Content-Disposition: form-data; name="file"' + (f'; filename="{name}"' if name else "")
        part = [disposition] + ([f"Content-Type: {self.shape.part_type}"] if self.shape.part_type else [])
        form = "--form-of-an-sdk\r\n" + "\r\n".join(part) + "\r\n\r\n"
        data = form.encode() + content + b"\r\n--form-of-an-sdk--\r\n"
        sent = self.credentials(authorization) + [
            ("X-Stream-Client", self.shape.client), ("Content-Type", "multipart/form-data; boundary=form-of-an-sdk")]
        if self.shape.is_chunked:
            sent.append(("Transfer-Encoding", "chunked"))
            pieces = [data[:40], data[40:]]
            data = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces) + b"0\r\n\r\n"
        else:
            sent.append(("Content-Length", str(len(data))))
        return self.exchange("POST", self.target(path, ()), sent, data)

    def target(self, path, query):
        pairs = [("api_key", self.key), *self.shape.extra, *query]
        if self.shape.name in ("ruby", "go"):
            pairs.sort()
        if not self.shape.slashes:
            path = path.rstrip("/")
        return f"/api/v1.0/{path}?{urllib.parse.urlencode(pairs)}"

    def credentials(self, authorization):
        return [
            ("Stream-Auth-Type" if self.shape.name != "javascript" else "stream-auth-type", "jwt"),
            ("Authorization", authorization or self.scope("*", "*"))]

    def exchange(self, method, target, headers, data):
        self.connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers:
            self.connection.putheader(name, value)
        self.connection.endheaders(data)
        answer = self.connection.getresponse()
        text = answer.read()
        return Answer(answer.status, answer.headers, json.loads(text))

    def good(self, method, path, query=(), body=None, authorization=None, **options):
        """An answer that every SDK takes for a success: Ruby's takes 200 to 203 only, others look for `exception`."""
        answer = self.send(method, path, query, body, authorization, **options)
        assert 200 <= answer.status <= 203, (answer.status, answer.body)
        assert "exception" not in answer.body and "duration" in answer.body and "ratelimit" not in answer.body
        return answer.body
