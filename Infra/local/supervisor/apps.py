"""Applies the app files and remembers their credentials; loads the sample feeds."""

import hashlib
import json
import os
import subprocess

from parts import Part, own_environment, service_environment, write_private
from settings import ROOT, StackError


def credentials_file(settings):
    return settings.var / "keys" / "apps.json"


def remembered(settings):
    try:
        return json.loads(credentials_file(settings).read_text())
    except (OSError, ValueError):
        return {}


def fingerprint(settings, *files):
    """Changes when a file or the executable that reads it does."""
    digest = hashlib.sha256()
    for file in files:
        if file.parent == settings.binaries:
            status = file.stat()
            digest.update(f"{file.name} {status.st_size} {status.st_mtime_ns}".encode())
        else:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def apply_part(settings, index):
    file = settings.apps[index]
    name = f"apply-{index + 1}"
    mark = fingerprint(settings, file, settings.binaries / "dashboard-api")
    output = settings.run / f"{name}.out"

    def unchanged():
        return remembered(settings).get(str(index), {}).get("mark") == mark

    environment = {**service_environment(settings), **own_environment(settings, "dashboard-api")}

    def done():
        told = read_answer(output, f"dashboard-api apply {file}")
        known = remembered(settings)
        before = known.get(str(index), {})
        app = {"app_id": told.get("app_id"), "file": str(file), "mark": mark}
        if told.get("secret"):
            app.update(key=told["key"], secret=told["secret"])
        elif before.get("app_id") == app["app_id"] and before.get("secret"):
            app.update(key=before["key"], secret=before["secret"])
        else:
            # The app was there before, and its secret, shown once, is not remembered: a further key of our own.
            app.update(make_key(settings, environment, app["app_id"], output))
        known[str(index)] = app
        write_private(credentials_file(settings), json.dumps(known, indent=1))
        output.unlink()  # it may hold the secret

    # One after the other: both may make the organisation.
    after = ("postgres",) if index == 0 else (f"apply-{index}",)
    return Part(
        name, [str(settings.binaries / "dashboard-api"), "apply", str(file), "--output", "json"], after=after,
        environment=environment, skip=unchanged, done=done, output=str(output), log="apply")


def read_answer(output, command):
    try:
        return json.loads(output.read_text())
    except ValueError:
        raise StackError(f"{command} did not answer in JSON: read {output}") from None


def make_key(settings, environment, app_id, output):
    command = [str(settings.binaries / "dashboard-api"), "keys", "create", "--app", str(app_id), "--output", "json"]
    result = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    output.write_text(result.stdout)
    if result.returncode != 0:
        raise StackError(f"no key could be made for app {app_id}: {result.stderr.strip()}")
    told = read_answer(output, " ".join(command[1:]))
    return {"key": told["key"], "secret": told["secret"]}


def declares_source(app):
    """Whether an app has the group that the sample feeds go to; an app of one's own need not."""
    groups = json.loads(app.read_text()).get("feed_groups", [])
    return any(group.get("slug") == "source" and group.get("type") == "flat" for group in groups)


def feeds_part(settings):
    folder = ROOT / "Infra/local/feeds"
    files = sorted(p for p in folder.glob("*") if p.suffix in (".xml", ".rss", ".atom", ".rdf")) if folder.is_dir() else []
    mark_file = settings.var / "keys" / "feeds.loaded"
    mark = fingerprint(settings, *files, *settings.apps, settings.binaries / "worker")

    def unchanged():
        return not files or not declares_source(settings.apps[0]) or (mark_file.exists() and mark_file.read_text() == mark)

    def environment():
        app = remembered(settings).get("0", {})
        return {"MILLRACE_BASE_URL": settings.base_url, "MILLRACE_API_KEY": app["key"], "MILLRACE_API_SECRET": app["secret"]}

    return Part(
        "sample-feeds", [str(settings.binaries / "worker"), "rss", *map(str, files)],
        after=("apply-1", "feed-api", "worker", "haproxy"), environment=environment, skip=unchanged,
        done=lambda: mark_file.write_text(mark), output=str(settings.run / "sample-feeds.out"), log="sample-feeds")


def stack_environment(settings):
    """What var/run/stack.env holds."""
    known = remembered(settings)
    values = {"BASE_URL": settings.base_url}
    for index in range(len(settings.apps)):
        app = known.get(str(index), {})
        prefix = ("API_", "API_", "APP_") if index == 0 else ("APP2_",) * 3
        values[prefix[0] + "KEY"] = app.get("key", "")
        values[prefix[1] + "SECRET"] = app.get("secret", "")
        values[prefix[2] + "ID"] = app.get("app_id", "")
    for name, port in settings.ports.items():
        values[name.upper().replace("-", "_")] = f"127.0.0.1:{port}"
    return values
