import FeedAPIService
import HTTP
import JSON
import Model
import Testing

/// An app's own policies (insight D28, D95) at every endpoint that users may ask for what lies in no feed group.
@Suite struct AccessRuleEndpointTests {
  struct Row: Sendable, CustomStringConvertible {
    var method: HTTPMethod
    var path: String
    var query = ""
    var body = ""
    /// How rules name it.
    var resource: String
    var action: String
    /// Statuses for eve: without rules, with a rule that allows, with one that denies, with one that denies her own.
    var statuses: [Int]

    var description: String { "\(method) \(path) \(query) \(body)" }
  }

  /// `{reaction}`, `food:b1` and `bob` are bob's; `eves`, `food:e1` and `eve` are eve's; `food:s1` is nobody's.
  static let rows: [Row] = [
    Row(
      method: .get, path: "collections/food/b1/", resource: "collections", action: "read",
      statuses: [200, 200, 403, 200]),
    Row(
      method: .get, path: "collections/food/e1/", resource: "collections", action: "read",
      statuses: [200, 200, 403, 403]),
    Row(
      method: .get, path: "collections/food/s1/", resource: "collections", action: "read",
      statuses: [200, 200, 403, 200]),
    Row(
      method: .post, path: "collections/food/", body: #"{"data":{"a":1}}"#, resource: "collections", action: "write",
      statuses: [201, 201, 403, 403]),
    Row(
      method: .post, path: "collections/food/", body: #"{"data":{"a":1},"user_id":"bob"}"#, resource: "collections",
      action: "write", statuses: [403, 403, 403, 403]),
    Row(
      method: .put, path: "collections/food/b1/", body: #"{"data":{"a":1}}"#, resource: "collections", action: "write",
      statuses: [403, 201, 403, 403]),
    Row(
      method: .put, path: "collections/food/e1/", body: #"{"data":{"a":1}}"#, resource: "collections", action: "write",
      statuses: [201, 201, 403, 403]),
    Row(
      method: .put, path: "collections/food/s1/", body: #"{"data":{"a":1}}"#, resource: "collections", action: "write",
      statuses: [403, 201, 403, 403]),
    Row(
      method: .delete, path: "collections/food/b1/", resource: "collections", action: "delete",
      statuses: [403, 200, 403, 403]),
    Row(
      method: .delete, path: "collections/food/e1/", resource: "collections", action: "delete",
      statuses: [200, 200, 403, 403]),
    Row(
      method: .delete, path: "collections/food/s1/", resource: "collections", action: "delete",
      statuses: [403, 200, 403, 403]),
    Row(method: .get, path: "user/bob/", resource: "users", action: "read", statuses: [200, 200, 403, 200]),
    Row(method: .get, path: "user/eve/", resource: "users", action: "read", statuses: [200, 200, 403, 403]),
    Row(
      method: .post, path: "user/", body: #"{"id":"new"}"#, resource: "users", action: "write",
      statuses: [403, 201, 403, 403]),
    Row(
      method: .post, path: "user/", query: "get_or_create=true", body: #"{"id":"eve"}"#, resource: "users",
      action: "write",
      statuses: [200, 200, 403, 403]),
    Row(
      method: .put, path: "user/bob/", body: #"{"data":{}}"#, resource: "users", action: "write",
      statuses: [403, 201, 403, 403]),
    Row(
      method: .put, path: "user/eve/", body: #"{"data":{}}"#, resource: "users", action: "write",
      statuses: [201, 201, 403, 403]),
    Row(method: .delete, path: "user/bob/", resource: "users", action: "delete", statuses: [403, 200, 403, 403]),
    Row(method: .delete, path: "user/eve/", resource: "users", action: "delete", statuses: [200, 200, 403, 403]),
    Row(
      method: .get, path: "reaction/{reaction}/", resource: "reactions", action: "read", statuses: [200, 200, 403, 200]),
    Row(method: .get, path: "reaction/{eves}/", resource: "reactions", action: "read", statuses: [200, 200, 403, 403]),
    Row(
      method: .get, path: "reaction/get_many/", query: "ids={reaction}", resource: "reactions", action: "read",
      statuses: [200, 200, 403, 200]),
    Row(
      method: .get, path: "reaction/get_many/", query: "ids={reaction},{eves}", resource: "reactions", action: "read",
      statuses: [200, 200, 403, 403]),
    Row(
      method: .get, path: "reaction/user_id/bob/", resource: "reactions", action: "read",
      statuses: [200, 200, 403, 200]),
    Row(
      method: .get, path: "reaction/user_id/eve/", resource: "reactions", action: "read",
      statuses: [200, 200, 403, 403]),
    Row(
      method: .get, path: "reaction/activity_id/{none}/", query: "user_id=eve", resource: "reactions", action: "read",
      statuses: [200, 200, 403, 403]),
    Row(
      method: .get, path: "reaction/activity_id/{none}/", resource: "reactions", action: "read",
      statuses: [200, 200, 403, 200]),
    Row(
      method: .post, path: "reaction/", body: #"{"kind":"like","activity_id":"{none}"}"#, resource: "reactions",
      action: "write",
      statuses: [201, 201, 403, 403]),
    Row(
      method: .post, path: "reaction/", body: #"{"kind":"like","activity_id":"{none}","user_id":"bob"}"#,
      resource: "reactions",
      action: "write", statuses: [403, 403, 403, 403]),
    Row(
      method: .put, path: "reaction/{reaction}/", body: "{}", resource: "reactions", action: "write",
      statuses: [403, 201, 403, 403]),
    Row(
      method: .put, path: "reaction/{eves}/", body: "{}", resource: "reactions", action: "write",
      statuses: [201, 201, 403, 403]),
    Row(
      method: .delete, path: "reaction/{reaction}/", resource: "reactions", action: "delete",
      statuses: [403, 200, 403, 403]),
    Row(
      method: .delete, path: "reaction/{eves}/", resource: "reactions", action: "delete",
      statuses: [200, 200, 403, 403]),
    Row(
      method: .put, path: "reaction/{gone}/restore/", resource: "reactions", action: "write",
      statuses: [403, 201, 403, 403]),
    Row(
      method: .get, path: "activities/", query: "ids={none}", resource: "activities", action: "read",
      statuses: [200, 200, 403, 200]),
    Row(
      method: .get, path: "enrich/activities/", query: "ids={none}", resource: "activities", action: "read",
      statuses: [200, 200, 403, 200]),
    Row(
      method: .get, path: "personalization/feed/", resource: "personalization", action: "read",
      statuses: [200, 200, 403, 403]),
    Row(
      method: .get, path: "personalization/feed/", query: "user_id=bob", resource: "personalization", action: "read",
      statuses: [403, 403, 403, 403]),
    // What only servers may do no rule opens (P28).
    Row(
      method: .post, path: "collections/", body: #"{"data":{"food":[]}}"#, resource: "collections", action: "write",
      statuses: [403, 403, 403, 403]),
    Row(
      method: .get, path: "collections/", query: "foreign_ids=food:b1", resource: "collections", action: "read",
      statuses: [403, 403, 403, 403]),
    Row(
      method: .delete, path: "collections/", query: "collection_name=food&ids=b1", resource: "collections",
      action: "delete",
      statuses: [403, 403, 403, 403]),
    Row(
      method: .post, path: "users/", body: #"{"users":[]}"#, resource: "users", action: "write",
      statuses: [403, 403, 403, 403]),
    Row(
      method: .get, path: "users/", query: "ids=bob", resource: "users", action: "read", statuses: [403, 403, 403, 403]),
    Row(
      method: .delete, path: "users/", query: "ids=bob", resource: "users", action: "delete",
      statuses: [403, 403, 403, 403]),
    Row(
      method: .post, path: "data_privacy/delete_reactions/", body: #"{"ids":[]}"#, resource: "reactions",
      action: "write",
      statuses: [403, 403, 403, 403]),
  ]

  /// An app with those rules, and what the rows name.
  private func prepared(_ rules: [AccessRule]) async throws -> (api: TestAPI, filled: (String) -> String) {
    let api = TestAPI(isLive: true, rules: rules)
    for user in ["bob", "eve"] { #expect(await api.call(.post, "user/", body: #"{"id":"\#(user)"}"#).status == 201) }
    for (id, user) in [("b1", #","user_id":"bob""#), ("e1", #","user_id":"eve""#), ("s1", "")] {
      #expect(
        await api.call(.post, "collections/food/", body: #"{"id":"\#(id)","data":{"a":0}\#(user)}"#).status == 201)
    }
    var ids: [String: String] = ["none": ReactionEndpointTests.unknown]
    for (name, user) in [("reaction", "bob"), ("gone", "bob"), ("eves", "eve")] {
      let added = await api.call(
        .post, "reaction/",
        body: #"{"kind":"like","activity_id":"\#(ReactionEndpointTests.unknown)","user_id":"\#(user)"}"#)
      ids[name] = try #require(added.json?["id"]?.string)
    }
    _ = await api.call(.delete, "reaction/\(ids["gone"] ?? "")/", "soft=1")
    let names = ids
    return (api, { text in names.reduce(text) { $0.replacing("{\($1.key)}", with: $1.value) } })
  }

  private func rules(_ row: Row) -> [[AccessRule]] {
    [
      [], [.init(name: "allow", effect: .allow, resource: row.resource, action: row.action)],
      [.init(name: "deny", effect: .deny, resource: row.resource, action: row.action)],
      [.init(name: "deny own", effect: .deny, resource: row.resource, action: row.action, ownerOnly: true)],
    ]
  }

  @Test(arguments: rows.indices)
  func rulesDecideBeforeTheTable(_ index: Int) async throws {
    let row = Self.rows[index]
    for (rules, status) in zip(rules(row), row.statuses) {
      let (api, filled) = try await prepared(rules)
      func call(_ token: TestAPI.Token, key: String = "key") async -> TestAPI.Answer {
        await api.call(
          row.method, filled(row.path), filled(row.query), body: filled(row.body), token: token, key: key)
      }
      // Rules end at the app: its users' tokens open nothing of another's, with its key or with the other's.
      let foreign = await call(.text(TestAPI.otherServerToken))
      #expect(foreign.status == 403 && foreign.code == 17)
      #expect(await call(.user("eve"), key: "other").status == 403)
      let answer = await call(.user("eve"))
      #expect(answer.status == status, "\(row) with \(rules.first?.name ?? "no rule"): \(answer.body)")
      if status == 403 { #expect(answer.code == 17 && answer.detail?.hasPrefix("You do not have permission") == true) }
      // Servers have no policies.
      if !row.body.contains("reaction"), row.path != "reaction/", row.path != "personalization/feed/", status == 403 {
        #expect(await call(.server).status < 300, "\(row)")
      }
    }
  }

  @Test func rulesOfOneAppSayNothingInAnother() async throws {
    let (api, _) = try await prepared([.init(name: "no", effect: .deny, resource: "*", action: "*")])
    let maker = TestAPI.Token.text(TestAPI.otherServerToken)
    #expect(await api.call(.post, "user/", body: #"{"id":"bob"}"#, token: maker, key: "other").status == 201)
    #expect(await api.call(.get, "user/bob/", token: .user("eve")).status == 403)
    let eve = TestAPI.Token.text(TestAPI.otherUserToken("eve"))
    #expect(await api.call(.get, "user/bob/", token: eve, key: "other").status == 200)
    #expect(await api.call(.put, "user/bob/", body: "{}", token: eve, key: "other").status == 403)
  }

  @Test func whatDoesNotExistIs404BeforeItIsForbidden() async throws {  // P30
    let (api, _) = try await prepared([])
    for (method, path) in [
      (HTTPMethod.put, "collections/food/none/"), (.delete, "collections/food/none/"), (.put, "user/none/"),
      (.delete, "user/none/"), (.put, "reaction/\(ReactionEndpointTests.unknown)/"),
    ] {
      #expect(await api.call(method, path, body: #"{"data":{"a":1}}"#, token: .user("eve")).status == 404, "\(path)")
    }
    // A rule that needs no stored thing decides first.
    let closed = try await prepared([.init(name: "no", effect: .deny, resource: "collections", action: "*")]).api
    #expect(await closed.call(.get, "collections/food/none/", token: .user("eve")).status == 403)
  }
}
