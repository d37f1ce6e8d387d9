import FeedAPIService
import HTTP
import JSON
import KeevoClient
import Testing

/// Bodies and queries that are wrong in every way, of users, objects, reactions, updates, targets, batches and personalized feeds:
/// 400 with the member's name, nothing stored (feeds C13, C16, C17, L). What concerns an item of a list stands under the
/// list's name, and the message says where.
@Suite struct BadInputTableTests {
  private static let id = "00000000-0000-1000-8000-000000000001"
  private static let long = String(repeating: "x", count: 256)
  /// An object of more than 10 KiB (L20).
  private static let big = #"{"a":"\#(String(repeating: "x", count: 10_240))"}"#

  /// One endpoint, with a body for each wrong value.
  struct Row: Sendable, CustomStringConvertible {
    var method: HTTPMethod
    var path: String
    var query = ""
    var body = ""
    /// The member that the answer names; `nil`: the whole.
    var field: String?
    /// What the message says of the place in a list.
    var place: String?
    var description: String { "\(method) \(path) \(query) \(String(body.prefix(100)))" }
  }

  private static func rows(
    _ method: HTTPMethod, _ path: String, _ bodies: [(String, String?, String?)]
  ) -> [Row] {
    bodies.map { Row(method: method, path: path, body: $0.0, field: $0.1, place: $0.2) }
  }

  private static func queries(_ method: HTTPMethod, _ path: String, _ queries: [(String, String?)]) -> [Row] {
    queries.map { Row(method: method, path: path, query: $0.0, field: $0.1) }
  }

  /// What is no object, as a whole body.
  private static let noObjects = ["7", #""x""#, "[1]", "true", "null"]

  private static let names: [String] = ["7", "true", "{}", #""a b""#, #""é""#, #""a:b""#, #""\#(long)""#]
  private static let noData: [String] = [#""x""#, "7", "true", "[1]", big]

  static let users: [Row] =
    rows(.post, "user/", noObjects.map { ($0, nil, nil) })
    + rows(.post, "user/", [("{}", "id", nil), ("[]", "id", nil), ("", "id", nil), (#"{"id":null}"#, "id", nil)])
    + rows(.post, "user/", (names + [#""""#]).map { (#"{"id":\#($0)}"#, "id", nil) })
    + rows(.post, "user/", noData.map { (#"{"id":"a","data":\#($0)}"#, "data", nil) })
    + rows(.put, "user/u/", noData.map { (#"{"data":\#($0)}"#, "data", nil) })
    + rows(.put, "user/u/", noObjects.map { ($0, nil, nil) })
    + rows(.put, "user/a%20b/", [("{}", nil, nil)])
    + rows(
      .post, "users/",
      [
        ("{}", "users", nil), (#"{"users":null}"#, "users", nil), (#"{"users":{}}"#, "users", nil),
        (#"{"users":[7]}"#, "users", "users[0]"), (#"{"users":[{"id":"a"},{"id":"é"}]}"#, "users", "users[1].id"),
        (#"{"users":[{}]}"#, "users", "users[0].id"), (#"{"users":[{"id":7}]}"#, "users", "users[0].id"),
        (#"{"users":[{"id":"a","data":7}]}"#, "users", "users[0].data"),
        (#"{"users":[{"id":"a","data":\#(big)}]}"#, "users", "users[0].data"),
        (#"{"users":[],"override":1}"#, "override", nil), (#"{"users":[],"override":"true"}"#, "override", nil),
        (#"{"users":[\#((0..<1_001).map { #"{"id":"u\#($0)"}"# }.joined(separator: ","))]}"#, nil, nil),
      ])
    + queries(.get, "users/", [("", nil), ("ids=%C3%A9", nil), ("ids=a:b", nil)])
    + queries(.delete, "users/", [("", nil), ("ids=a%20b", nil)])
    + queries(.get, "users/", [("ids=\((0..<1_001).map { "u\($0)" }.joined(separator: ","))", nil)])

  static let objects: [Row] =
    rows(.post, "collections/food/", noObjects.map { ($0, nil, nil) })
    + rows(
      .post, "collections/food/",
      [
        ("{}", "data", nil), (#"{"data":null}"#, "data", nil), (#"{"data":{}}"#, "data", nil),
        (#"{"data":[]}"#, "data", nil),
      ])
    + rows(.post, "collections/food/", noData.map { (#"{"data":\#($0)}"#, "data", nil) })
    + rows(.post, "collections/food/", names.map { (#"{"id":\#($0),"data":{"a":1}}"#, "id", nil) })
    + rows(.post, "collections/food/", [(#"{"id":"!abcdee!","data":{"a":1}}"#, "id", nil)])
    + rows(.post, "collections/food/", names.map { (#"{"user_id":\#($0),"data":{"a":1}}"#, "user_id", nil) })
    + rows(.post, "collections/f%20d/", [(#"{"data":{"a":1}}"#, nil, nil)])
    + rows(
      .put, "collections/food/b1/",
      [
        (#"{"id":"b1","data":{"a":1}}"#, "id", nil), (#"{"id":null,"data":{"a":1}}"#, "id", nil), ("{}", "data", nil),
        (#"{"data":{}}"#, "data", nil), (#"{"data":{"a":1},"user_id":7}"#, "user_id", nil),
      ])
    + rows(.put, "collections/food/b1/", noData.map { (#"{"data":\#($0)}"#, "data", nil) })
    + rows(
      .post, "collections/",
      [
        ("{}", "data", nil), (#"{"data":7}"#, "data", nil), (#"{"data":[1]}"#, "data", nil),
        (#"{"data":{"food":{}}}"#, "data", "data.food"), (#"{"data":{"food":[7]}}"#, "data", "food[0]"),
        (#"{"data":{"food":[{"id":"a"},{"id":true}]}}"#, "data", "food[1].id"),
        (#"{"data":{"food":[{"id":1.5}]}}"#, "data", "food[0].id"),
        (#"{"data":{"food":[{"id":"a b"}]}}"#, "data", "food[0].id"), (#"{"data":{"f d":[]}}"#, "data", "name"),
        (#"{"data":{"food":[\#(big)]}}"#, "data", "bytes"),
        (#"{"data":{"food":[\#((0..<1_001).map { #"{"id":\#($0)}"# }.joined(separator: ","))]}}"#, nil, nil),
      ])
    + queries(.get, "collections/", [("", nil), ("foreign_ids=food", nil), ("foreign_ids=food:a%20b", nil)])
    + queries(
      .delete, "collections/", [("ids=a", nil), ("collection_name=food", nil), ("collection_name=food&ids=a%20b", nil)])

  /// A reaction with one member changed.
  private static func reaction(_ name: String, _ value: String?) -> String {
    var members = ["kind": #""like""#, "activity_id": #""\#(id)""#, "user_id": #""u""#]
    members[name] = value
    return "{" + members.sorted { $0.key < $1.key }.map { #""\#($0)":\#($1)"# }.joined(separator: ",") + "}"
  }

  private static let noTargets: [(String, String?)] = [
    ("7", nil), (#"{"a":1}"#, nil), (#""user:1""#, nil), ("true", nil), (#"["user"]"#, "target_feeds[0]"),
    (#"["user:1",7]"#, "target_feeds[1]"), (#"["nothing:1"]"#, nil), (#"["user:1 a b"]"#, "target_feeds[0]"),
    (#"["user:é"]"#, "target_feeds[0]"), ("[" + (0..<21).map { #""user:\#($0)""# }.joined(separator: ",") + "]", nil),
  ]

  static let reactions: [Row] =
    rows(.post, "reaction/", noObjects.map { ($0, nil, nil) })
    + rows(
      .post, "reaction/",
      [
        (reaction("kind", nil), "kind", nil), (reaction("kind", #""""#), "kind", nil),
        (reaction("activity_id", nil), "activity_id", nil),
      ])
    + rows(.post, "reaction/", names.map { (reaction("kind", $0), "kind", nil) })
    + rows(.post, "reaction/", names.map { (reaction("user_id", $0), "user_id", nil) })
    + ["id", "activity_id", "parent"].flatMap { name in
      rows(.post, "reaction/", ["7", "[]", #""x""#, #""\#(id)0""#].map { (reaction(name, $0), name, nil) })
    }
    + rows(.post, "reaction/", noData.map { (reaction("data", $0), "data", nil) })
    + rows(.post, "reaction/", noTargets.map { (reaction("target_feeds", $0.0), "target_feeds", $0.1) })
    + rows(.post, "reaction/", noData.map { (reaction("target_feeds_extra_data", $0), "target_feeds_extra_data", nil) })
    + rows(.put, "reaction/\(id)/", noData.map { (#"{"data":\#($0)}"#, "data", nil) })
    + rows(.put, "reaction/\(id)/", noTargets.map { (#"{"target_feeds":\#($0.0)}"#, "target_feeds", $0.1) })
    + rows(.put, "reaction/\(id)/", noObjects.map { ($0, nil, nil) })
    + queries(
      .get, "reaction/activity_id/\(id)/",
      [
        "limit=-1", "limit=x", "limit=1.5", "limit=99999999999999999999", "id_lt=x", "id_gte=7", "limit[]=1",
        "user_id[]=u",
      ]
      .map { ($0, nil) })
    + queries(
      .get, "reaction/get_many/",
      [("ids=x", nil), ("ids=\(Array(repeating: id, count: 101).joined(separator: ","))", nil)])

  private static let whole = #""actor":"a","verb":"v","object":"o","foreign_id":"f","time":"2026-11-21T10:00:00""#

  static let updates: [Row] =
    rows(.post, "activities/", noObjects.map { ($0, "activities", nil) })
    + rows(
      .post, "activities/",
      [
        ("{}", "activities", nil), (#"{"activities":7}"#, "activities", nil),
        (#"{"activities":[]}"#, "activities", nil),
        (#"{"activities":[{"actor":"a","verb":"v","object":"o","time":"2026-11-21T10:00:00"}]}"#, "foreign_id", nil),
        (#"{"activities":[{"actor":"a","verb":"v","object":"o","foreign_id":"f"}]}"#, "time", nil),
        (#"{"activities":[{\#(whole)},{"verb":"v","object":"o","foreign_id":"g","time":"2026-11-21"}]}"#, "actor", nil),
        (#"{"activities":[{\#(whole),"to":["nothing:1"]}]}"#, "to", nil),
        (#"{"activities":[{\#(whole),"to":7}]}"#, "to", nil),
        (#"{"activities":[{\#(whole),"x":\#(big)}]}"#, nil, nil),
        (#"{"activities":[\#(Array(repeating: "{\(whole)}", count: 101).joined(separator: ","))]}"#, nil, nil),
      ])
    + rows(
      .post, "activity/",
      [
        ("{}", nil, nil), (#"{"id":"x"}"#, "id", nil), (#"{"id":7}"#, "id", nil), (#"{"id":[]}"#, "id", nil),
        (#"{"foreign_id":"","time":"2026-11-21"}"#, "foreign_id", nil),
        (#"{"foreign_id":true,"time":"2026-11-21"}"#, "foreign_id", nil),
        (#"{"foreign_id":"a","time":"no"}"#, "time", nil),
        (#"{"foreign_id":"a","time":1}"#, "time", nil), (#"{"foreign_id":"a"}"#, nil, nil),
        (#"{"id":"\#(id)","foreign_id":"a"}"#, nil, nil), (#"{"changes":7}"#, "changes", nil),
        (#"{"changes":{}}"#, "changes", nil), (#"{"changes":[]}"#, "changes", nil),
        (#"{"changes":[7]}"#, nil, "changes[0]"),
        (#"{"changes":[{"id":"\#(id)"},{"id":"x"}]}"#, "id", "changes[1]"),
        (#"{"changes":[\#(Array(repeating: #"{"id":"\#(id)"}"#, count: 101).joined(separator: ","))]}"#, nil, nil),
      ])
    + rows(.post, "activity/", noObjects.map { ($0, nil, nil) })
    + rows(
      .post, "activity/",
      [
        "7", #""x""#, "[1]", #"{"id":1}"#, #"{"foreign_id":1}"#, #"{"time":1}"#, #"{"to":[]}"#, #"{"origin":1}"#,
        #"{"a..b":1}"#,
        #"{"":1}"#, #"{"a.":1}"#, #"{"time.x":1}"#, "{" + (0..<26).map { #""m\#($0)":1"# }.joined(separator: ",") + "}",
      ].map { (#"{"id":"\#(id)","set":\#($0)}"#, "set", nil) })
    + rows(
      .post, "activity/",
      [
        "7", #""x""#, #"{"a":1}"#, "[7]", "[null]", #"["id"]"#, #"["actor"]"#, #"["verb"]"#, #"["object"]"#,
        #"["target"]"#,
        #"["a..b"]"#, #"[""]"#, "[" + (0..<26).map { #""m\#($0)""# }.joined(separator: ",") + "]",
      ].map { (#"{"id":"\#(id)","unset":\#($0)}"#, "unset", nil) })
    + rows(.post, "activity/", [(#"{"id":"\#(id)","set":{"a":1},"unset":["a"]}"#, "unset", nil)])

  static let targets: [Row] =
    rows(
      .post, "feed_targets/user/1/activity_to_targets/",
      [
        ("[]", nil, nil), ("7", nil, nil), (#""x""#, nil, nil), ("[7]", nil, nil), ("{}", nil, nil),
        (#"{"id":"\#(id)"}"#, nil, nil), (#"{"id":"x","new_targets":[]}"#, "id", nil),
        (#"{"foreign_id":"a","time":"no","new_targets":[]}"#, "time", nil),
        (#"{"id":"\#(id)","new_targets":["user:1"],"added_targets":["user:2"]}"#, nil, nil),
        (#"{"id":"\#(id)","added_targets":["user:2"],"removed_targets":["user:2"]}"#, nil, nil),
      ])
    + (["new_targets", "added_targets", "removed_targets"] as [String]).flatMap { (name: String) in
      rows(
        .post, "feed_targets/user/1/activity_to_targets/",
        ([
          ("7", nil), ("true", nil), (#""user:1""#, nil), (#"{"a":1}"#, nil), (#"["user"]"#, "\(name)[0]"),
          (#"["user:1",7]"#, "\(name)[1]"), (#"["nothing:1"]"#, nil), (#"["user:é"]"#, "\(name)[0]"),
        ] as [(String, String?)]).map { (#"{"id":"\#(id)","\#(name)":\#($0.0)}"#, name, $0.1) })
    }
    + rows(
      .post, "feed_targets/user/1/activity_to_targets/",
      [(#"{"id":"\#(id)","new_targets":[\#((0..<101).map { #""user:\#($0)""# }.joined(separator: ","))]}"#, nil, nil)])

  static let batches: [Row] =
    rows(
      .post, "feed/add_to_many/",
      [
        ("{}", "activity", nil), ("7", "activity", nil), (#"{"activity":7,"feeds":["user:1"]}"#, "activity", nil),
        (#"{"activity":\#(TestAPI.activity)}"#, "feeds", nil),
        (#"{"activity":\#(TestAPI.activity),"feeds":[]}"#, "feeds", nil),
        (#"{"activity":\#(TestAPI.activity),"feeds":"user:1"}"#, "feeds", nil),
        (#"{"activity":\#(TestAPI.activity),"feeds":["user:1","user"]}"#, "feeds", "feeds[1]"),
        (#"{"activity":\#(TestAPI.activity),"feeds":[7]}"#, "feeds", "feeds[0]"),
        (#"{"activity":\#(TestAPI.activity),"feeds":["nothing:1"]}"#, "feeds", nil),
        (#"{"activity":{"verb":"v","object":"o"},"feeds":["user:1"]}"#, "actor", nil),
        (#"{"activity":{"actor":"a","verb":"v","object":"o","to":["user:2"]},"feeds":["user:1"]}"#, "to", nil),
      ])
    + rows(
      .post, "data_privacy/delete_reactions/",
      [("{}", "ids", nil), (#"{"ids":7}"#, "ids", nil), (#"{"ids":["x"]}"#, "ids", nil), (#"{"ids":[7]}"#, "ids", nil)])
    + rows(
      .post, "data_privacy/delete_uploads/",
      [("{}", "urls", nil), (#"{"urls":"x"}"#, "urls", nil), (#"{"urls":[7]}"#, "urls", nil)])

  static let personalization: [Row] = ["personalization/feed/", "enrich/personalization/feed/"].flatMap { path in
    queries(
      .get, path,
      [
        "user_id=a%20b", "user_id[]=a", "user_id=u&feed_slug=notification", "user_id=u&feed_slug=nothing",
        "user_id=u&feed_slug=a%20b",
        "user_id=u&limit=-1", "user_id=u&limit=x", "user_id=u&offset=10001", "user_id=u&id_lt=x",
        "user_id=u&endpoint[]=x",
        "user_id=u&score_lt=x&ranking=popular",
      ].map { ($0, nil) })
      + queries(
        .get, path,
        [
          ("user_id=u&ranking_vars=%5B1%5D", "ranking_vars"), ("user_id=u&ranking_vars=x", "ranking_vars"),
          ("user_id=u&filter=7", "filter"), ("user_id=u&filter=%7B%22a%22:%5B%5D%7D", "filter.a"),
        ])
  }

  static let all = users + objects + reactions + updates + targets + batches + personalization

  private func stored(_ api: TestAPI) async throws -> Int {
    var count = 0
    for shard in 0..<UInt32(8) {
      for rowClass in [RowClass.data, .jobs] {
        count += try await api.store.scan(ScanRequest(scope: .shard(shard, rowClass), limit: 10_000, keysOnly: true))
          .rows.count
      }
    }
    return count
  }

  private func check(_ row: Row, _ answer: TestAPI.Answer, _ api: TestAPI) async throws {
    #expect(answer.status == 400 && answer.code == 4, "\(row): \(answer.body)")
    #expect(answer.json?["exception"]?.string == "InputException", "\(row)")
    let members = answer.json?["exception_fields"]?.members ?? []
    let items = answer.json?["exception_fields"]?.array?.flatMap { $0.members ?? [] } ?? []
    let fields = members + items
    #expect(fields.map(\.name) == (row.field.map { [$0] } ?? []), "\(row): \(answer.body)")
    let shape = ["detail", "status_code", "code", "exception"] + (row.field == nil ? [] : ["exception_fields"])
    #expect(answer.names == shape + ["duration", "more_info"], "\(row): \(answer.body)")
    if let place = row.place { #expect(answer.body.contains(place), "\(row): \(answer.body)") }
    #expect(try await stored(api) == 0, "\(row) had an effect")
    #expect(answer.body.utf8.count < 2_000, "\(row): an answer that long")
  }

  @Test(arguments: all.indices)
  func isRefusedWithItsMember(_ index: Int) async throws {
    let row = Self.all[index]
    let api = TestAPI(isLive: true)
    let answer = await api.call(row.method, row.path, row.query, body: row.body)
    try await check(row, answer, api)
  }

  /// What is no JSON at all, at every endpoint that reads a body: the reader's answer, with the path to it.
  @Test(arguments: [
    (HTTPMethod.post, "user/"), (.put, "user/u/"), (.post, "users/"), (.post, "collections/food/"),
    (.post, "collections/"),
    (.post, "meta/"), (.put, "collections/food/b1/"), (.post, "reaction/"), (.put, "reaction/\(id)/"),
    (.post, "activities/"),
    (.post, "activity/"), (.post, "feed_targets/user/1/activity_to_targets/"), (.post, "feed/add_to_many/"),
    (.post, "data_privacy/delete_activities/"), (.post, "data_privacy/delete_reactions/"),
    (.post, "data_privacy/delete_uploads/"), (.post, "moderation/flag/"),
    (.post, "moderation/status/"), (.post, "moderation/status/batch/"),
  ])
  func whatIsNoJSONIsRefusedEverywhere(_ method: HTTPMethod, _ path: String) async throws {
    for (value, place) in [
      (Array("\"\u{1}\"".utf8), "data.here"), (Array(#""\x""#.utf8), "data.here"),
      (Array(#""\ud800""#.utf8), "data.here"),
      ([0x22, 0xC3, 0x28, 0x22], "data.here"), ([0x22, 0xC0, 0xAF, 0x22], "data.here"), (Array("01".utf8), "data.here"),
      (Array("NaN".utf8), "data.here"), (Array("1.".utf8), "data.here"), (Array("-".utf8), "data.here"),
      (Array(#"{"x":{"y":1,"y":2}}"#.utf8), "data.here.x.y"),
      (Array(String(repeating: "[", count: 70).utf8), "data.here" + String(repeating: "[0]", count: 61)),
      (Array("[1,".utf8), "data.here[1]"),
    ] {
      let api = TestAPI(isLive: true)
      let body = Array(#"{"data":{"here":"#.utf8) + value + Array("}}".utf8)
      let answer = await api.raw(method, "/api/v1.0/\(path)", "api_key=key", body: body)
      let row = Row(method: method, path: path, body: String(decoding: body, as: UTF8.self), field: place)
      try await check(row, answer, api)
    }
    let many = (0..<1_001).map { #""m\#($0)":1"# }.joined(separator: ",")
    let api = TestAPI(isLive: true)
    let answer = await api.call(method, path, body: #"{"data":{\#(many)}}"#)
    #expect(answer.status == 400)
    #expect(answer.json?["exception_fields"]?.members?.first?.name.hasPrefix("data") == true, "\(path): \(answer.body)")
    #expect(try await stored(api) == 0)
  }

  /// Who is meant must be said (code 10), unless a user token says it.
  @Test func whereNobodyIsMeantTheAnswerSaysSo() async {
    for (method, path, query, body) in [
      (HTTPMethod.post, "reaction/", "", #"{"kind":"like","activity_id":"\#(Self.id)"}"#),
      (.get, "personalization/feed/", "", ""), (.get, "enrich/personalization/feed/", "", ""),
    ] {
      let answer = await TestAPI(isLive: true).call(method, path, query, body: body)
      #expect(answer.status == 400 && answer.code == 10, "\(path): \(answer.body)")
      #expect(answer.json?["exception"]?.string == "MissingUserException")
    }
  }
}
