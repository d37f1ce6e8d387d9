import FeedAPIService
import HTTP
import JSON
import Testing

/// The rules of feeds 1.7 as one table over every endpoint that is served: who may, who may not. `me` asks, `bob` is another.
@Suite struct PolicyTableTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var rule: String
    var method: HTTPMethod
    var path: String
    var query = ""
    var body = ""
    var status: Int
    var testDescription: String { "\(rule) \(method) \(path) \(body) \(status)" }
  }

  private static func row(
    _ rule: String, _ method: HTTPMethod, _ path: String, _ body: String, _ status: Int
  ) -> Row {
    Row(rule: rule, method: method, path: path, body: body, status: status)
  }

  private static func row(
    _ rule: String, _ method: HTTPMethod, _ path: String, query: String = "", _ status: Int
  ) -> Row {
    Row(rule: rule, method: method, path: path, query: query, status: status)
  }

  private static func activity(_ actor: String, to: String = "") -> String {
    #"{"actor":"\#(actor)","verb":"v","object":"o"\#(to.isEmpty ? "" : #","to":["\#(to)"]"#)}"#
  }

  private static let unknown = "9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b"

  static let rows: [Row] = groupRows + otherRows + entityRows

  /// `bob` and his object are there, and an object of `me`.
  private static let entityRows: [Row] =
    [
      row("P9", .post, "user/", #"{"id":"me"}"#, 201), row("P9", .get, "user/bob/", 200),
      row("P9", .get, "user/bob/", query: "with_follow_counts=1", 200),
      row("P21", .post, "user/", #"{"id":"carl"}"#, 403), row("P21", .put, "user/bob/", #"{"data":{"a":1}}"#, 403),
      row("P21", .delete, "user/bob/", 403), row("P30", .put, "user/nobody/", #"{"data":{}}"#, 404),
      row("P30", .delete, "user/nobody/", 404), row("P8", .get, "collections/food/bobs/", 200),
      row("P8", .post, "collections/food/", #"{"data":{"a":1}}"#, 201),
      row("P8", .put, "collections/food/mine/", #"{"data":{"a":1}}"#, 201),
      row("P8", .delete, "collections/food/mine/", 200),
      row("P25", .put, "collections/food/bobs/", #"{"data":{"a":1}}"#, 403),
      row("P25", .delete, "collections/food/bobs/", 403),
      row("P27", .post, "collections/food/", #"{"data":{"a":1},"user_id":"bob"}"#, 403),
      row("P30", .delete, "collections/food/none/", 404),
      row("P31", .put, "collections/food/bobs/", #"{"data":"x"}"#, 400),
      row("P28", .post, "collections/", #"{"data":{"food":[{"id":"mine"}]}}"#, 403),
      row("P28", .get, "collections/", query: "foreign_ids=food:mine", 403),
      row("P28", .delete, "collections/", query: "collection_name=food&ids=mine", 403),
      row("P28", .post, "users/", #"{"users":[{"id":"me"}]}"#, 403), row("P28", .get, "users/", query: "ids=me", 403),
      row("P28", .delete, "users/", query: "ids=me", 403), row("P1", .get, "enrich/feed/timeline/me/", 200),
      row("P2", .get, "enrich/feed/user/bob/", 200), row("P22", .get, "enrich/feed/timeline/bob/", 403),
      row("P12", .get, "enrich/activities/", query: "ids=\(unknown)", 200),
      row("P28", .get, "audit_logs/", 403), row("P28", .get, "data_privacy/export_ids/me/", 403),
      row("P28", .post, "data_privacy/delete_activities/", #"{"activities":[{"id":"\#(unknown)"}]}"#, 403),
      row("P28", .delete, "moderation/user/cache/me/", 403),
      row(
        "P28", .post, "moderation/flag/", #"{"entity_type":"stream:user","entity_id":"u","user_id":"me"}"#, 403),
    ]

  /// The API with what the rows speak of.
  private func prepared() async -> TestAPI {
    let api = TestAPI()
    _ = await api.call(.post, "user/", body: #"{"id":"bob"}"#)
    for (id, owner) in [("bobs", "bob"), ("mine", "me")] {
      let added = await api.call(
        .post, "collections/food/", body: #"{"id":"\#(id)","data":{"a":0},"user_id":"\#(owner)"}"#)
      #expect(added.status == 201)
    }
    api.feeds.clear()
    return api
  }

  private static let groupRows: [Row] =
    ["user", "timeline", "flat", "topic", "secret", "wall"].flatMap { (group: String) -> [Row] in
      [
        row("P1", .post, "feed/\(group)/me/", activity("me"), 201), row("P1", .get, "feed/\(group)/me/", 200),
        row("P1", .delete, "feed/\(group)/me/\(unknown)/", 200),
        row("P1", .delete, "feed/\(group)/me/x:1/", query: "foreign_id=1", 200),
        row("P5", .post, "feed/\(group)/me/follows/", #"{"target":"timeline:bob"}"#, 201),
        row("P5", .delete, "feed/\(group)/me/follows/user:bob/", 200),
        row("P6", .get, "feed/\(group)/me/following/", 200), row("P6", .get, "feed/\(group)/me/followers/", 200),
        row("P6", .get, "feed/\(group)/bob/following/", 403), row("P6", .get, "feed/\(group)/bob/followers/", 403),
        row("P24", .post, "feed/\(group)/bob/follows/", #"{"target":"user:me"}"#, 403),
        row("P24", .delete, "feed/\(group)/bob/follows/user:me/", 403),
        row("P7", .post, "feed/\(group)/me/", activity("me", to: "flat:me"), 201),
        row("P7", .post, "feed/\(group)/me/", activity("me", to: "wall:bob"), 201),
      ]
    }

  private static let otherRows: [Row] =
    [
      row("P2", .get, "feed/user/bob/", 200), row("P2", .get, "feed/topic/bob/", 200),
      row("P2", .get, "feed/wall/bob/", 200), row("P22", .get, "feed/timeline/bob/", 403),
      row("P22", .get, "feed/flat/bob/", 403), row("P22", .get, "feed/secret/bob/", 403),
      row("P4", .delete, "feed/user/me/\(unknown)/", 200), row("P22", .delete, "feed/user/bob/\(unknown)/", 403),
      row("P22", .delete, "feed/timeline/bob/x/", query: "foreign_id=1", 403),
      row("P22", .post, "feed/user/bob/", activity("me"), 403),
      row("P22", .post, "feed/timeline/bob/", activity("me"), 403),
      row("1.7", .post, "feed/wall/bob/", activity("me"), 201), row("1.7", .delete, "feed/wall/bob/\(unknown)/", 200),
      row("P20", .post, "feed/user/me/", activity("SU:me"), 201),
      row("P20", .post, "feed/user/me/", #"{"verb":"v","object":"o"}"#, 201),
      row("P20", .post, "feed/user/me/", activity("bob"), 403),
      row("P20", .post, "feed/user/me/", activity("SU:bob"), 403),
      row("P20", .post, "feed/user/me/", #"{"activities":[\#(activity("me")),\#(activity("bob"))]}"#, 403),
      row("P23", .post, "feed/user/me/", activity("me", to: "user:bob"), 403),
      row("P23", .post, "feed/user/me/", activity("me", to: "timeline:bob"), 403),
      row(
        "P23", .post, "feed/user/me/", #"{"activities":[\#(activity("me")),\#(activity("me", to: "user:bob"))]}"#, 403),
      row("P12", .get, "activities/", query: "ids=\(unknown)", 200),
      row("P12", .get, "stats/follow/", query: "followers=timeline:bob", 200),
      row(
        "P28", .post, "activities/",
        #"{"activities":[{"actor":"me","verb":"v","object":"o","foreign_id":"x","#
          + #""time":"2026-11-21"}]}"#, 403),
      row("P28", .post, "activity/", #"{"id":"\#(unknown)","set":{"a":1}}"#, 403),
      row("P28", .post, "feed_targets/user/me/activity_to_targets/", #"{"id":"\#(unknown)","new_targets":[]}"#, 403),
      row("P28", .post, "feed/add_to_many/", #"{"activity":\#(activity("me")),"feeds":["user:me"]}"#, 403),
      row("P28", .post, "follow_many/", #"[{"source":"user:me","target":"user:bob"}]"#, 403),
      row("P28", .post, "unfollow_many/", #"[{"source":"user:me","target":"user:bob"}]"#, 403),
      row("P31", .post, "feed/user/bob/", "{}", 400),
      row("P31", .post, "feed/timeline/bob/follows/", #"{"target":42}"#, 400),
      row("P31", .post, "activity/", "{}", 400), row("P31", .post, "follow_many/", "{}", 400),
    ]

  @Test(arguments: rows)
  func aUserTokenMayWhatTheTableSays(row: Row) async {
    let api = await prepared()
    let answer = await api.call(row.method, row.path, row.query, body: row.body, token: .user("me"))
    #expect(answer.status == row.status, "\(answer.body)")
    if row.status == 403 {
      #expect(answer.code == 17)
      #expect(answer.detail?.hasPrefix("You do not have permission to do this, you got this error because") == true)
    }
    if row.status >= 400 { #expect(api.feeds.calls == [], "nothing is stored or read") }
  }

  /// Every row as a server of another app: neither its token nor its key and token open anything of this app.
  @Test(arguments: rows.filter { $0.status < 400 || $0.rule == "P28" })
  func anotherAppsTokenOpensNothing(row: Row) async {
    let api = await prepared()
    let wrong = await api.call(
      row.method, row.path, row.query, body: row.body, token: .text(TestAPI.otherServerToken))
    #expect(wrong.status == 403 && wrong.code == 17)
    let mixed = await api.call(
      row.method, row.path, row.query, body: row.body, key: "other")
    #expect(mixed.status == 403 && mixed.code == 17)
    #expect(api.feeds.calls == [])
  }

  /// A read-only token reads its feed, its follows and followers, and nothing else (A8).
  @Test(arguments: rows)
  func aReadOnlyTokenReadsItsFeedAlone(row: Row) async {
    let api = await prepared()
    let token = TestAPI.Token.scope(resource: "*", action: "read", feedID: "timelineme")
    let answer = await api.call(row.method, row.path, row.query, body: row.body, token: token)
    let opens =
      row.method == .get
      && (row.path.hasPrefix("feed/timeline/me/") || row.path.hasPrefix("enrich/feed/timeline/me/"))
    #expect((answer.status == 200) == opens, "\(answer.body)")
    if !opens {
      #expect(answer.status == 403 && answer.code == 17)
      #expect(api.feeds.calls == [])
    }
  }

  @Test func everyRefusalNamesItsScope() async {
    let api = TestAPI()
    for (resource, opens) in [("*", 200), ("follower", 200), ("feed", 403), ("activities", 403)] {
      let token = TestAPI.Token.scope(resource: resource, action: "read", feedID: nil)
      #expect(await api.call(.get, "stats/follow/", "followers=user:1", token: token).status == opens, "\(resource)")
    }
    for (path, resource) in [
      ("feed/add_to_many/", "feed"), ("activities/", "activities"), ("activity/", "activities"),
      ("feed_targets/user/1/activity_to_targets/", "feed_targets"),
    ] {
      for (claim, passes) in [(resource, true), ("*", true), ("collections", false)] {
        let token = TestAPI.Token.scope(resource: claim, action: "write", feedID: nil)
        #expect((await api.call(.post, path, body: "{}", token: token).status == 400) == passes, "\(path) \(claim)")
        let reading = TestAPI.Token.scope(resource: claim, action: "read", feedID: nil)
        #expect(await api.call(.post, path, body: "{}", token: reading).status == 403)
      }
    }
  }

  @Test func anAppsOwnRulesDecideBeforeTheTable() async {
    let api = TestAPI(rules: [
      .init(name: "open timelines", effect: .allow, resource: "feed", action: "read", groups: ["timeline"]),
      .init(name: "no walls", effect: .deny, resource: "feed", action: "write", groups: ["wall"]),
      .init(name: "no activities", effect: .deny, resource: "activities", action: "*"),
    ])
    func status(_ method: HTTPMethod, _ path: String, _ query: String = "", body: String = "") async -> Int {
      await api.call(method, path, query, body: body, token: .user("me")).status
    }
    #expect(await status(.get, "feed/timeline/bob/") == 200)
    #expect(await status(.post, "feed/timeline/bob/", body: Self.activity("me")) == 403)
    #expect(await status(.get, "feed/flat/bob/") == 403)
    #expect(await status(.post, "feed/wall/bob/", body: Self.activity("me")) == 403)
    #expect(await status(.post, "feed/user/me/", body: Self.activity("me", to: "wall:me")) == 403)
    #expect(await status(.get, "activities/", "ids=\(Self.unknown)") == 403)
    #expect(await api.call(.get, "activities/", "ids=\(Self.unknown)").status == 200, "servers have no policies")
    #expect(await status(.post, "follow_many/", body: "[]") == 403, "no rule opens what only servers may do")
  }
}
