import FeedAPIService
import HTTP
import JSON
import Testing

/// 2.18, P12, P26; insight P25, P26: without a model, the user's own feed.
@Suite struct PersonalizedFeedTests {
  private func api() async -> TestAPI {
    let api = TestAPI()
    for (group, user, object) in [
      ("timeline", "u1", "a"), ("timeline", "u1", "b"), ("timeline", "u2", "c"), ("flat", "u1", "d"),
    ] {
      _ = await api.call(.post, "feed/\(group)/\(user)/", body: #"{"actor":"x","verb":"v","object":"\#(object)"}"#)
    }
    return api
  }

  private func objects(_ answer: TestAPI.Answer) -> String {
    (answer.json?["results"]?.array ?? []).compactMap { $0["object"]?.string }.joined()
  }

  @Test func aUserReadsItsOwn() async {
    let api = await api()
    for path in ["enrich/personalization/feed/", "personalization/feed"] {
      let answer = await api.call(.get, path, token: .user("u1"))
      #expect(answer.status == 200)
      #expect(objects(answer) == "ba")
      #expect(answer.names == ["results", "limit", "offset", "version", "next", "duration"])
      #expect(answer.json?["limit"]?.integer == 25)
      #expect(answer.json?["offset"]?.integer == 0)
      #expect(answer.json?["version"]?.string == "1")
      #expect(answer.json?["next"]?.string == "")
      #expect(objects(await api.call(.get, path, "user_id=u1&userId=u2", token: .user("u1"))) == "ba")
      #expect(objects(await api.call(.get, path, "feed_slug=flat", token: .user("u1"))) == "d")
      #expect(objects(await api.call(.get, path, "user_id=u2")) == "c")
      #expect(objects(await api.call(.get, path, token: .text(TestAPI.onBehalfOf("u2")))) == "c")
    }
  }

  @Test func pagesGoOn() async throws {
    let api = await api()
    let first = await api.call(.get, "enrich/personalization/feed/", "limit=1", token: .user("u1"))
    let next = try #require(first.json?["next"]?.string).split(separator: "?")
    #expect(next[0] == "/api/v1.0/enrich/personalization/feed/")
    #expect(objects(await api.raw(.get, String(next[0]), String(next[1]), token: .user("u1"))) == "a")
    let etag = try #require(first.header("ETag"))
    let again = await api.call(
      .get, "enrich/personalization/feed/", "limit=1", token: .user("u1"), headers: [("If-None-Match", etag)])
    #expect(again.status == 304)
  }

  @Test func theChecksComeInTheOrderOfTheSpecification() async {
    let api = await api()
    let path = "enrich/personalization/feed/"
    let others = await api.call(.get, path, "user_id=u2&endpoint=none&limit=x", token: .user("u1"))
    #expect(others.status == 403 && others.code == 17)
    #expect(others.detail?.hasPrefix("You do not have permission to do this") == true)
    let nobody = await api.call(.get, path, "endpoint=none")
    #expect(nobody.status == 400 && nobody.code == 10)
    #expect(nobody.json?["exception"]?.string == "MissingUserException")
    let unknown = await api.call(.get, path, "user_id=u1&endpoint=none")
    #expect(unknown.status == 404 && unknown.code == 16)
    #expect(await api.call(.get, path, "user_id=u1&endpoint=liked&limit=1").status == 200)
    #expect(await api.call(.get, path, "user_id=u1&limit=x").code == 4)
    #expect(await api.call(.get, path, "user_id=u1&feed_slug=notification").code == 4)
    #expect(await api.call(.get, path, "user_id=u1&feed_slug=nothing").code == 4)
    #expect(await api.call(.get, path, "user_id=a%20b").code == 4)
    #expect(await api.call(.get, path, token: .none).status == 401)
    let scope = await api.call(
      .get, path, "user_id=u1", token: .scope(resource: "feed", action: "read", feedID: "*"))
    #expect(scope.status == 403)
    // An app without that endpoint.
    let other = await api.call(
      .get, path, "user_id=u1&endpoint=liked", token: .text(TestAPI.otherServerToken), key: "other")
    #expect(other.status == 404)
  }
}
