"""A plain HTTP client of a running stack, for what the official SDK cannot say: exact bodies, raw paths, retries."""

import base64
import hashlib
import hmac
import http.client
import json
import pathlib
import threading


def token(secret, **claims):
    """A JWT (HS256) with these claims; without any, a server token for everything."""

    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    claims = claims or {"resource": "*", "action": "*", "feed_id": "*"}
    head = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(claims).encode())
    return (head + b"." + part(hmac.new(secret.encode(), head, hashlib.sha256).digest())).decode()


class Stack:
    """The stack that a stack.env names; `app` 2 acts as its second app."""

    def __init__(self, env, folder, app=""):
        self.env, self.folder = env, folder
        self.key, self.secret = env[f"{'APP' + app if app else 'API'}_KEY"], env[f"{'APP' + app if app else 'API'}_SECRET"]
        self.host = env["BASE_URL"].split("://", 1)[1].rstrip("/")
        self.server_token = token(self.secret)
        self.local = threading.local()

    @classmethod
    def read(cls, path, app=""):
        path = pathlib.Path(path)
        env = {}
        for line in path.read_text().splitlines():
            if "=" in line and not line.startswith("#"):
                name, value = line.removeprefix("export ").split("=", 1)
                env[name] = value.strip("'\"")
        return cls(env, path.parent, app)

    def call(self, method, path, body=None, timeout=30, authorization=None, headers=()):
        """(status, JSON) of one request below /api/v1.0/, over a connection that this thread keeps."""
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = http.client.HTTPConnection(self.host, timeout=timeout)
        sent = {"Authorization": authorization or self.server_token, "Stream-Auth-Type": "jwt", **dict(headers)}
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            connection.request(
                method, f"/api/v1.0/{path}{'&' if '?' in path else '?'}api_key={self.key}",
                None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            text = answer.read()
        except BaseException:
            connection.close()
            self.local.connection = None
            raise
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, {"text": text.decode(errors="replace")}

    def pid(self, service):
        """The running process of a service, or None while it is being started again."""
        try:
            return int((self.folder / f"{service}.pid").read_text())
        except (OSError, ValueError):
            return None
