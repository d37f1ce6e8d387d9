"""`worker import stream-export` into the running stack, and what the official SDK then reads."""

import json
import os
import pathlib
import subprocess

import pytest
from conftest import required

ROOT = pathlib.Path(__file__).resolve().parents[2]


def worker_import(*words):
    folder = pathlib.Path(os.environ.get("MILLRACE_BIN") or ROOT / ".build/release")
    if not (folder / "worker").exists():
        pytest.skip(f"{folder / 'worker'} is not built")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MILLRACE_")}
    environment["MILLRACE_API_SECRET"] = required("API_SECRET")
    return subprocess.run(
        [folder / "worker", "import", "stream-export", "--base-url", required("BASE_URL"), "--api-key", required("API_KEY"),
         *map(str, words)], env=environment, capture_output=True, text=True, timeout=120, cwd="/")


def export(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_an_export_comes_in_whole_and_twice_changes_nothing(client, unique, tmp_path):
    name = unique()
    former = "11111111-2222-1333-8444-555555555555"
    activities = [
        {"actor": f"SU:{name}", "verb": "post", "object": f"SO:food:{name}", "foreign_id": f"{name}:{number}",
         "time": f"2020-01-01T00:{number // 60:02}:{number % 60:02}.000000", "number": number}
        for number in range(250)]
    activities[0]["id"] = former
    activities[1]["first"] = f"SA:{former}"
    file = export(tmp_path / "export.jsonl", [
        {"instruction": "users", "data": [{"id": name, "data": {"name": "Alice"}}]},
        {"instruction": "collections", "data": [{"collection": "food", "id": name, "data": {"name": "Burger"}}]},
        {"instruction": "follow", "feedId": f"timeline:{name}", "data": [f"user:{name}"]},
        {"instruction": "add_activities", "feedId": f"user:{name}", "data": activities},
    ])
    for _ in range(2):
        run = worker_import(file)
        assert (run.returncode, run.stdout) == (0, "250 activities, 1 follows, 1 users, 1 objects: 253 imported, 0 refused\n"), run.stderr
        assert "100% 253/253" in run.stderr
        for feed in ("user", "timeline"):
            found = client.feed(feed, name).get(limit=100, enrich=True)["results"]
            assert [item["number"] for item in found] == list(range(249, 149, -1))
            assert found[0]["actor"]["data"] == {"name": "Alice"} and found[0]["object"]["data"] == {"name": "Burger"}
        last = client.feed("user", name).get(limit=2, offset=248, enrich=True)["results"]
        assert last[0]["first"]["number"] == 0 and last[0]["first"]["id"] == last[1]["id"]
    assert not (tmp_path / "export.jsonl.import-state").exists()


def test_nothing_is_sent_while_a_line_is_wrong(client, unique, tmp_path):
    name = unique()
    file = export(tmp_path / "export.jsonl", [
        {"instruction": "users", "data": [{"id": name}]}, {"instruction": "users", "data": [{"id": "a b"}]}])
    run = worker_import(file)
    assert run.returncode == 2 and f"{file}:2: data[0]: id must" in run.stderr
    with pytest.raises(Exception):
        client.users.get(name)
    assert worker_import("--check", export(tmp_path / "good", [{"instruction": "users", "data": []}])).returncode == 0


def test_what_the_server_refuses_is_told(unique, tmp_path):
    name = unique()
    activity = {"actor": "a", "verb": "v", "object": "o", "time": "2020-01-01"}
    file = export(tmp_path / "export.jsonl", [
        {"instruction": "add_activities", "feedId": f"nogroup:{name}", "data": [activity]},
        {"instruction": "users", "data": [{"id": name}]}])
    run = worker_import(file)
    assert run.returncode == 1 and ":1: data[0]: 400/6" in run.stderr
    assert "1 imported, 1 refused" in run.stdout
