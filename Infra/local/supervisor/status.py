"""What runs, for a person."""

import json
import os
import time

import apps
import probes
import service
from settings import StackError

EXIT_NOT_RUNNING = 3


def read_state(settings):
    try:
        return json.loads((settings.run / "state.json").read_text())
    except (OSError, ValueError):
        return None


def base_url(settings):
    state = read_state(settings)
    return state["base_url"] if state else settings.base_url + " (still starting)"


def show(settings, say):
    pid = service.running_pid(settings)
    if pid is None:
        say(f"not running (folder {settings.var})")
        return EXIT_NOT_RUNNING
    state = read_state(settings)
    if state is None:
        say(f"starting (supervisor {pid}; log {settings.log / 'supervisor.log'})")
        return EXIT_NOT_RUNNING
    say(f"{state['base_url']}  up {int(time.time() - state['started'])} s  supervisor {pid}  folder {settings.var}")
    settings.ports = state["ports"]
    settings.port = int(state["base_url"].rsplit(":", 1)[1])
    bad = 0
    for part in state["parts"]:
        name = part["name"]
        reason = probe(settings, name)
        bad += reason is not None
        pid_file = settings.run / f"{name}.pid"
        pid_text = pid_file.read_text().strip() if pid_file.exists() else "-"
        address = settings.address(name) if name in settings.ports else f"127.0.0.1:{settings.port}"
        say(f"  {name:16} {address:16} pid {pid_text:>7}  restarts {part['restarts']}  {reason or 'ready'}"
            + (f"; read {part['log']}" if reason else ""))
    return 1 if bad else 0


def probe(settings, name):
    if name == "postgres":
        return probes.postgres_ready(settings.address(name))
    if name == "redis":
        return probes.redis_ready(settings.address(name))
    if name == "haproxy":
        return probes.http_ready(f"127.0.0.1:{settings.port}", "/edge-health")
    return probes.http_ready(settings.address(f"{name}-admin"))


def welcome(settings):
    """Base URL, key, secret and a first program."""
    app = apps.remembered(settings).get("0", {})
    url, key, secret, app_id = settings.base_url, app.get("key", ""), app.get("secret", ""), app.get("app_id", "")
    lines = [
        f"base URL   {url}", f"key        {key}", f"secret     {secret}", f"app id     {app_id}",
        f"all of it  {settings.run / 'stack.env'}",
    ]
    if len(settings.apps) > 1:
        second = apps.remembered(settings).get("1", {})
        lines += [f"second app: key {second.get('key', '')}, secret {second.get('secret', '')}, id {second.get('app_id', '')}"]
    lines += [
        "", "Read a feed with the official SDK (pip install stream-python):", "",
        "  import stream",
        f'  client = stream.connect("{key}", "{secret}", app_id="{app_id}", base_url="{url}")',
        '  timeline = client.feed("timeline", "me")',
        '  timeline.follow("source", "harbour-notes")',
        "  print(timeline.get(limit=5))", "",
    ]
    return "\n".join(lines)
