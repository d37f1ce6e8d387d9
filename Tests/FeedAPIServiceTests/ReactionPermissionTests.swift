import FeedAPIService
import HTTP
import Testing

/// P7, P10, P23, P25, P27, P30, P31 and the scopes of 1.6, for every endpoint of reactions.
@Suite struct ReactionPermissionTests {
  enum Asker: String, CaseIterable {
    case owner, other, server, reader, foreignScope, nobody

    var token: TestAPI.Token {
      switch self {
      case .owner: .user("bob")
      case .other: .user("eve")
      case .server: .server
      case .reader: .scope(resource: "*", action: "read", feedID: nil)
      case .foreignScope: .scope(resource: "feed", action: "*", feedID: nil)
      case .nobody: .none
      }
    }
  }

  struct Row: Sendable {
    var what: String
    var method: HTTPMethod
    var path: String
    var query = ""
    var body = ""
    /// The status that each asker gets, in the order of `Asker`.
    var statuses: [Int]
  }

  /// `{own}`: a live reaction of bob's, `{gone}`: a soft-deleted one of his, `{none}`: an id that nobody has.
  static let rows: [Row] = [
    Row(
      what: "add as oneself", method: .post, path: "reaction/", body: #"{"kind":"like","activity_id":"{none}"}"#,
      statuses: [201, 201, 400, 403, 403, 401]),
    Row(
      what: "add as bob", method: .post, path: "reaction/",
      body: #"{"kind":"like","activity_id":"{none}","user_id":"bob"}"#,
      statuses: [201, 403, 201, 403, 403, 401]),
    Row(
      what: "add as bob, malformed", method: .post, path: "reaction/", body: #"{"kind":"like","user_id":"bob"}"#,
      statuses: [400, 400, 400, 403, 403, 401]),
    Row(
      what: "add to bob's user feed", method: .post, path: "reaction/",
      body: #"{"kind":"like","activity_id":"{none}","target_feeds":["user:bob"]}"#,
      statuses: [201, 403, 400, 403, 403, 401]),
    Row(
      what: "add to eve's timeline", method: .post, path: "reaction/",
      body: #"{"kind":"like","activity_id":"{none}","target_feeds":["timeline:eve"]}"#,
      statuses: [403, 201, 400, 403, 403, 401]),
    Row(
      what: "add to a wall", method: .post, path: "reaction/",
      body: #"{"kind":"like","activity_id":"{none}","target_feeds":["wall:1"]}"#,
      statuses: [201, 201, 400, 403, 403, 401]),
    Row(
      what: "add under another's", method: .post, path: "reaction/", body: #"{"kind":"like","parent":"{own}"}"#,
      statuses: [201, 201, 400, 403, 403, 401]),
    Row(
      what: "add under a deleted one", method: .post, path: "reaction/", body: #"{"kind":"like","parent":"{gone}"}"#,
      statuses: [400, 400, 400, 403, 403, 401]),
    Row(what: "get", method: .get, path: "reaction/{own}/", statuses: [200, 200, 200, 200, 403, 401]),
    Row(
      what: "get many", method: .get, path: "reaction/get_many/", query: "ids={own}",
      statuses: [200, 200, 200, 200, 403, 401]),
    Row(
      what: "list of an activity", method: .get, path: "reaction/activity_id/{none}/",
      statuses: [200, 200, 200, 200, 403, 401]),
    Row(what: "list of a user", method: .get, path: "reaction/user_id/bob/", statuses: [200, 200, 200, 200, 403, 401]),
    Row(what: "get unknown", method: .get, path: "reaction/{none}/", statuses: [404, 404, 404, 404, 403, 401]),
    Row(what: "update", method: .put, path: "reaction/{own}/", body: "{}", statuses: [201, 403, 201, 403, 403, 401]),
    Row(
      what: "update, malformed", method: .put, path: "reaction/{own}/", body: #"{"data":5}"#,
      statuses: [400, 400, 400, 403, 403, 401]),
    Row(
      what: "update unknown", method: .put, path: "reaction/{none}/", body: "{}",
      statuses: [404, 404, 404, 403, 403, 401]),
    Row(
      what: "update to eve's timeline", method: .put, path: "reaction/{own}/",
      body: #"{"target_feeds":["timeline:eve"]}"#,
      statuses: [403, 403, 201, 403, 403, 401]),
    Row(what: "delete", method: .delete, path: "reaction/{own}/", statuses: [200, 403, 200, 403, 403, 401]),
    Row(
      what: "delete softly", method: .delete, path: "reaction/{own}/", query: "soft=true&user_id=bob",
      statuses: [200, 403, 200, 403, 403, 401]),
    Row(what: "delete unknown", method: .delete, path: "reaction/{none}/", statuses: [404, 404, 404, 403, 403, 401]),
    Row(what: "restore", method: .put, path: "reaction/{gone}/restore/", statuses: [201, 403, 201, 403, 403, 401]),
    Row(
      what: "restore unknown", method: .put, path: "reaction/{none}/restore/", statuses: [404, 404, 404, 403, 403, 401]),
  ]

  @Test(arguments: rows.indices)
  func everyAskerGetsWhatIsTheirs(_ index: Int) async throws {
    let row = Self.rows[index]
    for (asker, status) in zip(Asker.allCases, row.statuses) {
      let api = TestAPI(isLive: true)
      let own = try #require(await ReactionEndpointTests.add(api).json?["id"]?.string)
      let gone = try #require(await ReactionEndpointTests.add(api).json?["id"]?.string)
      _ = await api.call(.delete, "reaction/\(gone)/", "soft=1")
      func filled(_ text: String) -> String {
        text.replacing("{own}", with: own).replacing("{gone}", with: gone)
          .replacing("{none}", with: ReactionEndpointTests.unknown)
      }
      let before = await api.call(.get, "reaction/user_id/bob/")
      let answer = await api.call(
        row.method, filled(row.path), filled(row.query), body: filled(row.body), token: asker.token)
      #expect(answer.status == status, "\(row.what) by \(asker): \(answer.body)")
      if status >= 400 {
        let after = await api.call(.get, "reaction/user_id/bob/")
        #expect(after.steadyBody == before.steadyBody, "\(row.what) by \(asker) was refused and had an effect")
      }
      if status == 403, asker == .other {
        #expect(answer.code == 17 && answer.detail?.hasPrefix("You do not have") == true)
      }
    }
  }

  /// Nothing of one app is reached with another app's key and token.
  @Test func anotherAppsReactionsDoNotExist() async throws {
    let api = TestAPI(isLive: true)
    let id = try #require(await ReactionEndpointTests.add(api).json?["id"]?.string)
    for (method, path) in [
      (HTTPMethod.get, "reaction/\(id)/"), (.put, "reaction/\(id)/"), (.delete, "reaction/\(id)/"),
      (.put, "reaction/\(id)/restore/"),
    ] {
      let answer = await api.call(method, path, token: .text(TestAPI.otherServerToken), key: "other")
      #expect(answer.status == 404, "\(method) \(path)")
    }
    let child = await api.call(
      .post, "reaction/", body: #"{"kind":"like","parent":"\#(id)","user_id":"bob"}"#,
      token: .text(TestAPI.otherServerToken), key: "other")
    #expect(child.status == 400)
    #expect(await api.call(.get, "reaction/\(id)/").status == 200)
  }
}
