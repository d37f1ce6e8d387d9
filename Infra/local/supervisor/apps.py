"""Applies the app files and remembers their credentials; loads the sample feeds."""

import hashlib
import json

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

    def done():
        known = remembered(settings)
        known[str(index)] = {**known.get(str(index), {}), **read_credentials(output, file), "file": str(file), "mark": mark}
        missing = [n for n in ("app_id", "key", "secret") if not known[str(index)].get(n)]
        if missing:
            raise StackError(f"dashboard-api apply {file} gave no {' and no '.join(missing)}: read {output}")
        write_private(credentials_file(settings), json.dumps(known, indent=1))

    # One after the other: both may make the organisation.
    after = ("postgres", "dashboard-api") if index == 0 else (f"apply-{index}",)
    return Part(
        name, [str(settings.binaries / "dashboard-api"), "apply", str(file)], after=after,
        environment={**service_environment(settings), **own_environment(settings, "dashboard-api")},
        skip=unchanged, done=done, output=str(output), log="apply")


def read_credentials(output, file):
    """The lines `app_id=…`, `key=…`, `secret=…` that apply prints once, when it has made the app."""
    found = {}
    for line in output.read_text().splitlines():
        name, _, value = line.partition("=")
        if name.strip() in ("app_id", "key", "secret") and value:
            found[name.strip()] = value.strip()
    return found


def feeds_part(settings):
    folder = ROOT / "Infra/local/feeds"
    files = sorted(p for p in folder.glob("*") if p.suffix in (".xml", ".rss", ".atom", ".rdf")) if folder.is_dir() else []
    mark_file = settings.var / "keys" / "feeds.loaded"
    mark = fingerprint(settings, *files, *settings.apps, settings.binaries / "worker")

    def unchanged():
        return not files or (mark_file.exists() and mark_file.read_text() == mark)

    return Part(
        "sample-feeds", [str(settings.binaries / "worker"), "rss", *map(str, files)],
        after=("apply-1", "feed-api", "worker"), environment=service_environment(settings), skip=unchanged,
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
