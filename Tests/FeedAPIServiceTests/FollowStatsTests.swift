import Auth
import FeedAPIService
import HTTP
import JSON
import Model
import Testing

/// Feeds 2.14, S1, and `test/auth/digest/` of A11.
@Suite struct FollowStatsTests {
  private func counts(_ api: TestAPI, _ query: String) async -> String {
    await api.call(.get, "stats/follow/", query).steadyBody
  }

  @Test func countsAreExactAndByGroupsOfTheOtherEnd() async {
    let api = TestAPI.overEngine()
    _ = await api.call(
      .post, "follow_many/",
      body: """
        [{"source":"timeline:a","target":"user:1"},{"source":"timeline:b","target":"user:1"},
        {"source":"user:c","target":"user:1"},{"source":"user:1","target":"topic:x"},{"source":"user:1","target":"user:9"}]
        """)
    let both =
      #"{"results":{"followers":{"feed":"user:1","count":3},"following":{"feed":"user:1","count":2}},"duration":"D"}"#
    #expect(await counts(api, "followers=user:1&following=user:1") == both)
    #expect(
      await counts(api, "followers=user:1&following=user:1&followers_slugs=timeline,none&following_slugs=topic,topic")
        == both.replacing("3", with: "2").replacing(#""count":2}}"#, with: #""count":1}}"#))
    #expect(
      await counts(api, "followers=user:1&followers_slugs=nothing")
        == #"{"results":{"followers":{"feed":"user:1","count":0}},"duration":"D"}"#)
    #expect(
      await counts(api, "following=nogroup:1")
        == #"{"results":{"following":{"feed":"nogroup:1","count":0}},"duration":"D"}"#)
    for _ in 0..<2 {
      _ = await api.call(.delete, "feed/timeline/a/follows/user:1/", "keep_history=1")
      _ = await api.call(.post, "feed/timeline/b/follows/", body: #"{"target":"user:1"}"#)
      #expect(await counts(api, "followers=user:1").contains(#""count":2"#))
    }
    _ = await api.call(.post, "feed/timeline/a/follows/", body: #"{"target":"user:1"}"#)
    #expect(await counts(api, "followers=user:1&followers_slugs=timeline").contains(#""count":2"#))
    let other = await api.call(
      .get, "stats/follow/", "followers=user:1", token: .text(TestAPI.otherServerToken), key: "other")
    #expect(other.body.contains(#""count":0"#), "another app has other feeds of that name")
  }

  @Test func usersShowTheirFollowsFromTimelineToUser() async {  // U6
    for groups in [("timeline", "user"), ("flat", "topic")] {
      let api = TestAPI.overEngine(app: {
        $0.followCountsSource = groups.0
        $0.followCountsTarget = groups.1
      })
      _ = await api.call(.post, "user/", body: #"{"id":"al"}"#)
      _ = await api.call(
        .post, "follow_many/",
        body: """
          [{"source":"\(groups.0):al","target":"\(groups.1):x"},{"source":"\(groups.0):al","target":"\(groups.1):y"},
          {"source":"\(groups.0):z","target":"\(groups.1):al"},{"source":"secret:z","target":"\(groups.1):al"},
          {"source":"\(groups.0):al","target":"secret:x"}]
          """)
      let user = await api.call(.get, "user/al/", "with_follow_counts=true")
      #expect(
        user.names == ["id", "data", "created_at", "updated_at", "followers_count", "following_count", "duration"])
      #expect(user.json?["followers_count"]?.integer == 1 && user.json?["following_count"]?.integer == 2)
      #expect(await api.call(.get, "user/al/").json?["followers_count"] == nil)
      #expect(await api.call(.get, "user/bo/", "with_follow_counts=true").status == 404)
    }
  }

  @Test(arguments: ["", "followers=", "followers=x", "following=user", "followers[]=user:1", "followers_slugs=a"])
  func badQuestionsAre400(query: String) async {
    let api = TestAPI()
    let answer = await api.call(.get, "stats/follow/", query)
    #expect(answer.status == 400 && answer.code == 4)
    #expect(api.feeds.calls == [])
  }

  @Test func groupsAreBounded() async {
    let api = TestAPI { $0.slugsMax = 2 }
    let query = "followers=user:1&followers_slugs=a,b&following_slugs=c"
    #expect(await api.call(.get, "stats/follow/", query).code == 4)
  }

  // MARK: HTTP signatures

  private func sign(_ method: String, _ target: String, secret: String = TestAPI.secret) -> [(String, String)] {
    let date = TestAPI.httpDate()
    let text = "(request-target): \(method) \(target)\ndate: \(date)"
    let code = HMACKey(secret: Array(secret.utf8)).code(for: Array(text.utf8))
    // The standard alphabet instead of the URL-safe one.
    let signature = Base64URL.encode(code).replacing("-", with: "+").replacing("_", with: "/") + "="
    return [
      ("Date", date), ("X-Api-Key", "key"),
      (
        "Authorization",
        #"Signature keyId="key",algorithm="hmac-sha256",headers="(request-target) date",signature="#
          + #""\#(signature)""#
      ),
    ]
  }

  @Test(arguments: [HTTPMethod.get, .post, .put, .patch, .delete])
  func aSignedRequestIsAnsweredByItsMethod(method: HTTPMethod) async {
    let api = TestAPI()
    let path = "/api/v1.0/test/auth/digest/"
    let signed = sign("\(method)".lowercased(), path + "?api_key=key&a=b%20c")
    let answer = await api.raw(method, path, "api_key=key&a=b%20c", token: .none, headers: signed)
    #expect(answer.status == (method == .get || method == .delete ? 200 : 201))
    #expect(answer.steadyBody == #"{"duration":"D"}"#)
    #expect(await api.raw(method, path, "api_key=key&a=b", token: .none, headers: signed).code == 17)
    #expect(await api.raw(method, path, "api_key=key").code == 3, "a token is no signature")
    #expect(await api.raw(method, path, "api_key=key", token: .none).code == 3)
  }

  @Test func aSignatureOpensEveryEndpointOfItsApp() async {
    let api = TestAPI()
    let body = Array(#"[{"source":"user:1","target":"user:2"}]"#.utf8)
    let path = "/api/v1.0/follow_many/"
    let answer = await api.raw(
      .post, path, "api_key=key", body: body, token: .none, headers: sign("post", path + "?api_key=key"))
    #expect(answer.status == 201)
    let feed = "/api/v1.0/feed/timeline/1"
    #expect(await api.raw(.get, feed, "", token: .none, headers: sign("get", feed)).status == 200)
    let forged = sign("get", feed, secret: TestAPI.otherSecret)
    let wrong = await api.raw(.get, feed, "", token: .none, headers: forged)
    #expect(wrong.status == 403 && wrong.code == 17)
    #expect(api.feeds.calls.count == 2)
  }
}
