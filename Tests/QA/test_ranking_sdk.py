"""Ranked, filtered and personalized reads through stream-python 5.4.0 and plain HTTP (spec/feeds-api.md 3.7, 2.2, 2.18)."""

import datetime
import gzip
import json

import pytest
import requests
from api import API, POLICY_REFUSAL, refusal
from conftest import required
from stream import exceptions

UTC = datetime.timezone.utc


@pytest.fixture(scope="module")
def api():
    required("BASE_URL")
    return API(required("API_KEY"), required("API_SECRET"))


def objects(page):
    return [result["object"] for result in page["results"]]


@pytest.fixture
def ranked(feed):
    """Four activities of today, and one of a year ago that would be the most popular."""
    found = feed("ranked")
    now = datetime.datetime.now(UTC)
    for number, popularity in enumerate([4, 100, 25, 1]):
        found.add_activity({
            "actor": "SU:1", "verb": "post", "object": f"o{number}", "popularity": popularity,
            "time": now - datetime.timedelta(minutes=9 - number)})
    found.add_activity({
        "actor": "SU:1", "verb": "post", "object": "old", "popularity": 144, "time": now - datetime.timedelta(days=365)})
    return found


def test_a_ranked_read_goes_by_score(ranked):
    page = ranked.get(ranking="popular")
    assert objects(page) == ["o1", "o2", "o0", "old", "o3"]
    assert [round(result["score"], 6) for result in page["results"]] == [20, 15, 12, 12, 11]
    assert set(page) == {"results", "next", "duration"}
    assert objects(ranked.get()) == ["o3", "o2", "o1", "o0", "old"]


def test_variables_of_the_request_count(ranked):
    page = ranked.get(ranking="popular", ranking_vars=json.dumps({"boost": 2.5}), limit=1)
    assert page["results"][0]["score"] == 22.5
    with pytest.raises(exceptions.InputException):
        ranked.get(ranking_vars="[1]")


def test_variables_and_shares_are_shown(ranked):
    result = ranked.get(ranking="popular", with_score_vars="true", explain="true", limit=1)["results"][0]
    assert result["score_vars"]["popularity"] == 100
    assert result["score_vars"]["external"] == {"boost": 0}
    assert set(result["score_vars"]) == {"popularity", "time", "external"}
    assert [part["term"] for part in result["explain"]] == ["fresh(time) * 10", "popularity ^ 0.5", "external.boost"]
    assert sum(part["share"] for part in result["explain"]) == result["score"]


def test_enriched_reads_are_ranked_too(client, ranked, unique):
    user = client.users.add(unique(), {"name": "Thierry"})
    ranked.add_activity({"actor": f"SU:{user['id']}", "verb": "post", "object": "best", "popularity": 10000})
    page = ranked.get(enrich=True, ranking="popular", limit=2, with_score_vars="true")
    assert objects(page) == ["best", "o1"]
    assert page["results"][0]["actor"]["data"] == {"name": "Thierry"}
    assert [result["score"] for result in page["results"]] == [110, 20]
    assert page["results"][1]["score_vars"]["popularity"] == 100
    assert page["next"].startswith("/api/v1.0/enrich/feed/ranked/") and "offset=2" in page["next"]


def test_pages_of_a_session_fit_together(api, ranked):
    path = f"feed/ranked/{ranked.user_id}/"
    answer = api.get(path, ranking="dice", session="s1", limit=2)
    seen = objects(answer.json())
    while answer.json()["next"]:
        answer = api.next(answer)
        seen += objects(answer.json())
    assert sorted(seen) == ["o0", "o1", "o2", "o3", "old"]
    assert seen == objects(ranked.get(ranking="dice", session="s1"))
    scores = [result["score"] for result in ranked.get(ranking="dice", session="s1")["results"]]
    assert objects(ranked.get(ranking="dice", session="s1", score_lt=scores[2])) == seen[3:]


def test_what_cannot_be_ranked_says_so(ranked, feed):
    with pytest.raises(exceptions.MissingRankingException):
        ranked.get(ranking="nobody")
    with pytest.raises(exceptions.MissingRankingException):
        feed().get(ranking="popular")
    assert len(ranked.get(ranking="strict")["results"]) == 5
    ranked.add_activity({"actor": "SU:1", "verb": "post", "object": "zero", "popularity": 0})
    with pytest.raises(exceptions.RankingException) as error:
        ranked.get(ranking="strict")
    assert "division by zero" in str(error.value)


def test_a_timeline_is_filtered_by_any_field(feed):
    user, timeline = feed(), feed("timeline")
    timeline.follow("user", user.user_id)
    for number in range(12):
        user.add_activity({
            "actor": f"SU:{number % 3}", "verb": "like" if number % 2 else "post", "object": f"o{number}", "foreign_id": f"n:{number}",
            "route": {"name": f"r{number % 4}"}, "tags": ["a", f"t{number % 5}"]})

    def read(filter, **options):
        return objects(timeline.get(filter=json.dumps(filter), **options))

    assert read({"actor": "SU:1", "verb": "like"}) == ["o7", "o1"]
    assert read({"route.name": ["r0", "r1"], "tags": "t4"}) == ["o9", "o4"]
    assert read({"foreign_id": ["n:11", "n:2", "n:99"]}) == ["o11", "o2"]
    assert read({"verb": "like"}, limit=2) == ["o11", "o9"]
    assert objects(timeline.get(discard_actors="SU:1,SU:2")) == ["o9", "o6", "o3", "o0"]
    assert objects(timeline.get(discard_actors="SU:1|SU:2", discard_actors_sep="|", limit=2)) == ["o9", "o6"]
    with pytest.raises(exceptions.InputException):
        timeline.get(filter="{")


def test_activities_that_share_what_is_gone_can_be_left_out(feed):
    user, other = feed(), feed()
    kept, gone = [other.add_activity({"actor": "SU:1", "verb": "post", "object": name})["id"] for name in ("kept", "gone")]
    for name, shared in (("a", kept), ("b", gone)):
        user.add_activity({"actor": "SU:1", "verb": "share", "object": f"SA:{shared}", "name": name})
    other.remove_activity(gone)
    assert [result["name"] for result in user.get()["results"]] == ["b", "a"]
    assert [result["name"] for result in user.get(discard_deleted_activities="true")["results"]] == ["a"]


def test_a_feed_opens_at_an_activity(feed):
    user = feed()
    added = [user.add_activity({"actor": "SU:1", "verb": "post", "object": f"o{number}"}) for number in range(9)]
    assert objects(user.get(around=added[4]["id"], limit=5)) == ["o6", "o5", "o4", "o3", "o2"]
    user.remove_activity(added[4]["id"])
    assert objects(user.get(around=added[4]["id"], limit=4)) == ["o6", "o5", "o3", "o2"]


def test_groups_are_ranked_by_their_newest_activity(feed, client, unique):
    found = feed("ranked_groups")
    user = client.users.add(unique(), {"name": "Thierry"})["id"]
    for name, popularity in [("a", 1), ("b", 9), ("b", 5), ("c", 3), ("a", 4)]:
        found.add_activity({"actor": f"SU:{user}", "verb": "post", "object": name, "popularity": popularity})
    page = found.get(ranking="popular", explain="true")
    assert [(group["group"], group["score"], [item["score"] for item in group["activities"]]) for group in page["results"]] == [
        ("b", 5, [5, 9]), ("a", 4, [4, 1]), ("c", 3, [3])]
    assert page["results"][0]["activities"][1]["explain"] == [
        {"term": "popularity", "share": 9}, {"term": "external.boost", "share": 0}]
    first = found.get(ranking="popular", limit=2, enrich=True)
    assert [group["group"] for group in first["results"]] == ["b", "a"] and "offset=2" in first["next"]
    assert first["results"][0]["activities"][0]["actor"]["data"] == {"name": "Thierry"}
    assert [group["group"] for group in found.get(ranking="popular", limit=2, offset=2)["results"]] == ["c"]
    with pytest.raises(exceptions.MissingRankingException):
        found.get(ranking="nobody")


def test_groups_are_filtered_and_opened(feed):
    bell = feed("notification")
    for day in range(1, 7):
        for number in range(2):
            bell.add_activity({
                "actor": f"SU:{number}", "verb": "like" if day % 2 else "post", "object": f"o{day}.{number}",
                "time": datetime.datetime(2026, 11, day, 10, number)})

    def shown(page):
        return [[item["object"] for item in group["activities"]] for group in page["results"]]

    page = bell.get(filter=json.dumps({"verb": "like", "actor": "SU:0"}), limit=2)
    assert shown(page) == [["o5.0"], ["o3.0"]]
    assert [group["activity_count"] for group in page["results"]] == [2, 2] and page["unseen"] == 6
    rest = bell.get(filter=json.dumps({"verb": "like", "actor": "SU:0"}), limit=2, id_lt=page["results"][-1]["id"])
    assert shown(rest) == [["o1.0"]] and rest["next"] == ""
    assert shown(bell.get(discard_actors="SU:0", limit=1)) == [["o6.1"]]
    middle = page["results"][1]
    assert [names[0] for names in shown(bell.get(around=middle["id"], limit=3))] == ["o4.1", "o3.1", "o2.1"]
    assert [names[0] for names in shown(bell.get(around=middle["activities"][0]["id"], limit=3))] == ["o4.1", "o3.1", "o2.1"]


def test_answers_are_compressed_for_those_who_accept_it(api, feed):
    user = feed()
    user.add_activities([{"actor": "SU:1", "verb": "post", "object": f"o{number}", "text": "x" * 100} for number in range(20)])
    path = f"feed/user/{user.user_id}/"
    plain = api.get(path, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    answer = api.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert answer.json()["results"] == plain.json()["results"]
    raw = requests.get(
        answer.url, headers={**answer.request.headers, "Accept-Encoding": "gzip"}, stream=True, timeout=30).raw.read()
    assert len(raw) < len(plain.content) / 3 and json.loads(gzip.decompress(raw))["results"] == plain.json()["results"]
    zstd = api.session.get(
        answer.url, headers={**answer.request.headers, "Accept-Encoding": "zstd"}, stream=True, timeout=30)
    assert zstd.headers["Content-Encoding"] == "zstd"
    assert zstd.raw.read(decode_content=False)[:4] == bytes.fromhex("28b52ffd")


def test_the_personalized_feed_is_the_users_own_without_a_model(api, unique):
    user, other = unique(), unique()
    for number in range(3):
        body = {"actor": f"SU:{user}", "verb": "post", "object": f"o{number}"}
        assert api.post(f"feed/timeline/{user}/", body).status_code == 201
    path = "enrich/personalization/feed/"
    answer = api.get(path, user=user, limit=2)
    assert answer.status_code == 200
    assert list(answer.json()) == ["results", "limit", "offset", "version", "next", "duration"]
    assert objects(answer.json()) == ["o2", "o1"]
    assert objects(api.next(api.get(path, user_id=user, limit=2)).json()) == ["o0"]
    refused = api.get(path, user=user, user_id=other, endpoint="none")
    assert refusal(refused) == (403, 17) and refused.json()["detail"] == POLICY_REFUSAL
    assert refusal(api.get(path)) == (400, 10)
    assert refusal(api.get(path, user_id=user, endpoint="none")) == (404, 16)



def test_limits_of_an_app_and_of_its_users_hold(unique):
    """The second app allows five such reads an hour, two of each user; other kinds and apps do not notice."""
    other = API(required("APP2_KEY"), required("APP2_SECRET"))
    path, user = "personalization/feed/", unique()
    # An earlier run of this hour may have used some up.
    answers = [other.get(path, user=user) for _ in range(3)]
    last = answers[-1]
    assert [answer.status_code for answer in answers].count(200) <= 2
    assert refusal(last) == (429, 9) and last.json()["exception"] == "RateLimitReached"
    assert last.headers["X-RateLimit-Remaining"] == "0" and last.headers["X-RateLimit-Limit"] in ("2", "5")
    reset = int(last.headers["X-RateLimit-Reset"])
    assert reset % 3600 == 0 and 0 < reset - datetime.datetime.now(UTC).timestamp() <= 3600
    assert 0 < int(last.headers["Retry-After"]) <= 3600
    answers = [other.get(path, user=unique()) for _ in range(6)]
    assert refusal(answers[-1]) == (429, 9) and answers[-1].headers["X-RateLimit-Limit"] == "5"
    assert other.get(f"feed/user/{user}/").status_code == 200
