import ControlPlane
import FeedAPIService
import Feeds
import HTTP
import JSON
import Model
import Testing

/// Audit logs, data privacy and moderation: feeds 2.15–2.17, S2–S6.
@Suite struct AdministrationTests {
  private static let unknown = "9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b"

  private func add(_ api: TestAPI, _ actor: String, _ more: String = "", _ query: String = "") async -> String {
    await api.call(
      .post, "feed/user/1/", query, body: #"{"actor":"\#(actor)","verb":"v","object":"o"\#(more)}"#
    ).json?["id"]?.string ?? ""
  }

  private func logs(_ api: TestAPI, _ query: String = "") async -> [String] {
    (await api.call(.get, "audit_logs/", query).json?["audit_logs"]?.array ?? []).map { entry in
      ["action", "entity_type", "user_id"].map { entry[$0]?.string ?? "?" }.joined(separator: " ")
    }
  }

  // MARK: Audit logs

  @Test func theLogNamesWhoChangedWhat() async {
    let api = TestAPI.overEngine()
    let first = await add(api, "SU:alice")
    let second = await add(api, "carl", "", "user_id=boss")
    _ = await api.call(.post, "activity/", body: #"{"id":"\#(first)","set":{"a":1}}"#)
    _ = await api.call(.delete, "feed/user/1/\(second)/", "user_id=mod")
    _ = await api.call(.post, "feed/user/me/", body: #"{"verb":"v","object":"o"}"#, token: .user("me"))
    #expect(
      await logs(api) == [
        "create activity me", "delete activity mod", "update activity alice", "create activity boss",
        "create activity alice",
      ])
    let page = await api.call(.get, "audit_logs/", "entity_type=activity&entity_id=\(second)&limit=1")
    #expect(page.names == ["audit_logs", "next", "prev", "duration"])
    let entry = page.json?["audit_logs"]?.array?.first
    #expect(
      entry?.members?.map(\.name)
        == ["id", "entity_type", "entity_id", "action", "user_id", "custom", "created_at"])
    #expect(entry?["custom"] == .object([]) && entry?["entity_id"]?.string == second)
    let next = page.json?["next"]?.string ?? ""
    #expect(!next.isEmpty && page.json?["prev"]?.string == "")
    let last = await api.call(.get, "audit_logs/", "entity_type=activity&entity_id=\(second)&limit=1&next=\(next)")
    #expect(last.json?["next"]?.string == "", "a page that ends with the last entry")
    #expect(last.json?["audit_logs"]?.array?.count == 1)
    let back = last.json?["prev"]?.string ?? ""
    let again = await api.call(.get, "audit_logs/", "entity_type=activity&entity_id=\(second)&limit=1&prev=\(back)")
    #expect(again.json?["audit_logs"] == page.json?["audit_logs"])
    #expect(await logs(api, "user_id=alice") == ["update activity alice", "create activity alice"])
    #expect(await logs(api, "user_id=alice&entity_type=activity&entity_id=\(second)") == [])
    let other = await api.call(.get, "audit_logs/", token: .text(TestAPI.otherServerToken), key: "other")
    #expect(other.json?["audit_logs"]?.array == [])
  }

  @Test func usersAndObjectsAreNoted() async {
    let api = TestAPI.overEngine()
    _ = await api.call(.post, "user/", body: #"{"id":"al"}"#, token: .user("al"))
    _ = await api.call(.post, "user/", body: #"{"id":"al"}"#, token: .user("al"))
    _ = await api.call(.put, "user/al/", body: #"{"data":{"a":1}}"#)
    _ = await api.call(.post, "collections/food/", body: #"{"id":"b","data":{"a":1}}"#)
    _ = await api.call(.delete, "collections/food/b/", "user_id=mod")
    _ = await api.call(.delete, "users/", "ids=al,none")
    #expect(
      await logs(api) == [
        "delete user ", "delete collection_object mod", "create collection_object ", "update user ", "create user al",
      ])
    #expect(await logs(api, "entity_type=collection_object&entity_id=food:b").count == 2)
  }

  @Test func aLogThatIsSwitchedOffHasNothing() async {
    let api = TestAPI.overEngine(app: { $0.auditLogs = false })
    _ = await add(api, "a")
    _ = await api.call(.post, "user/", body: #"{"id":"al"}"#)
    #expect(await logs(api) == [])
  }

  @Test(arguments: [
    "entity_type=activity", "entity_id=x", "entity_type=thing&entity_id=x", "limit=x", "next=x", "prev=!", "limit=-1",
    "next=AAAAAAAAAAAAAAAAAAAAAA&prev=AAAAAAAAAAAAAAAAAAAAAA", "user_id[]=x",
  ])
  func badQuestionsToTheLogAre400(query: String) async {
    let api = TestAPI()
    let answer = await api.call(.get, "audit_logs/", query)
    #expect(answer.status == 400 && answer.code == 4, "\(answer.body)")
    #expect(api.feeds.calls == [])
  }

  @Test(arguments: ["AAAAAAAAAAAAAAAAAAAAAA", "_____________________w", "gAAAAAAAAAAAAAAAAAAAAA"])
  func cursorsThatNobodyGaveLeadSomewhere(cursor: String) async {
    let api = TestAPI.overEngine()
    _ = await add(api, "a")
    for name in ["next", "prev"] {
      let answer = await api.call(.get, "audit_logs/", "\(name)=\(cursor)")
      #expect(answer.status == 200, "\(answer.body)")
    }
  }

  // MARK: Data privacy

  @Test func anExportNamesTheUsersActivitiesAndADeletionTakesThemEverywhere() async {
    let api = TestAPI.overEngine()
    _ = await api.call(.post, "feed/timeline/fan/follows/", body: #"{"target":"user:1"}"#)
    let first = await add(api, "SU:al", #","time":"2026-11-21T10:00:00","to":["flat:t"]"#)
    let second = await add(api, "al", #","time":"2026-11-21T11:00:00""#)
    _ = await add(api, "alice")
    let moved = await add(api, "al")
    _ = await api.call(.post, "activity/", body: #"{"id":"\#(moved)","set":{"actor":"bob"}}"#)
    let export = await api.call(.get, "data_privacy/export_ids/al/")
    #expect(
      export.steadyBody
        == #"{"export":{"user_id":"al","activity_count":2,"activity_ids":["\#(first)","\#(second)"],"reaction_count":0,"#
        + #""reaction_ids":[]},"duration":"D"}"#)
    #expect(await api.call(.get, "data_privacy/export_ids/bob").body.contains(moved))
    let other = await api.call(
      .get, "data_privacy/export_ids/al/", token: .text(TestAPI.otherServerToken), key: "other")
    #expect(other.body.contains(#""activity_count":0"#))
    let body =
      #"{"activities":[{"id":"\#(first)","remove_from_feeds":["timeline:fan"]},{"id":"\#(second)"},"#
      + #"{"id":"\#(Self.unknown)"}]}"#
    let foreign = await api.call(
      .post, "data_privacy/delete_activities/", body: body, token: .text(TestAPI.otherServerToken), key: "other")
    #expect(foreign.status == 201)
    #expect(
      await api.call(.get, "feed/flat/t/").json?["results"]?.array?.count == 1, "another app deletes nothing here")
    let deleted = await api.call(.post, "data_privacy/delete_activities/", body: body)
    #expect(deleted.status == 201 && deleted.steadyBody == #"{"duration":"D"}"#)
    #expect(await api.call(.get, "feed/flat/t/").json?["results"]?.array == [])
    #expect(await api.call(.get, "feed/timeline/fan/").json?["results"]?.array?.count == 2)
    #expect(await api.call(.get, "data_privacy/export_ids/al/").body.contains(#""activity_count":0"#))
    #expect(await logs(api).prefix(2) == ["delete activity al", "delete activity al"])
  }

  @Test(arguments: [
    "{}", #"{"activities":{}}"#, #"{"activities":[{}]}"#, #"{"activities":[{"id":"x"}]}"#, #"{"activities":[7]}"#,
    #"{"activities":[{"id":"9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b","remove_from_feeds":"user:1"}]}"#,
    #"{"activities":[{"id":"9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b","remove_from_feeds":["no:1"]}]}"#,
  ])
  func badDeletionsAre400(body: String) async {
    let api = TestAPI()
    let answer = await api.call(.post, "data_privacy/delete_activities/", body: body)
    #expect(answer.status == 400 && answer.code == 4)
    #expect(api.feeds.calls == [])
  }

  @Test func reactionsAreExportedAndDeleted() async {
    let api = TestAPI.overEngine()
    let activity = await add(api, "al")
    func react(_ user: String, _ more: String) async -> String {
      await api.call(
        .post, "reaction/", body: #"{"kind":"like","user_id":"\#(user)",\#(more)}"#
      ).json?["id"]?.string ?? ""
    }
    let first = await react("al", #""activity_id":"\#(activity)""#)
    let other = await react("bo", #""activity_id":"\#(activity)""#)
    let child = await react("al", #""parent":"\#(other)""#)
    let export = await api.call(.get, "data_privacy/export_ids/al/").json?["export"]
    #expect(export?["reaction_count"]?.integer == 2)
    #expect(export?["reaction_ids"]?.array == [.string(first), .string(child)], "oldest first")
    let body = #"{"ids":["\#(first)","\#(Self.unknown)"],"soft_delete":false}"#
    let foreign = await api.call(
      .post, "data_privacy/delete_reactions/", body: body, token: .text(TestAPI.otherServerToken), key: "other")
    #expect(foreign.status == 201)
    #expect(await api.call(.get, "reaction/\(first)/").status == 200)
    let deleted = await api.call(.post, "data_privacy/delete_reactions/", body: body)
    #expect(deleted.status == 201 && deleted.steadyBody == #"{"duration":"D"}"#)
    #expect(await api.call(.get, "reaction/\(first)/").status == 404)
    let soft = #"{"ids":["\#(other)"],"soft_delete":true}"#
    #expect(await api.call(.post, "data_privacy/delete_reactions/", body: soft).status == 201)
    #expect(await api.call(.get, "reaction/\(other)/").json?["deleted_at"] != nil)
  }

  @Test(arguments: ["{}", #"{"ids":"x"}"#, #"{"ids":["x"]}"#, #"{"ids":[1]}"#, #"{"ids":[],"soft_delete":"no"}"#])
  func badDeletionsOfReactionsAre400(body: String) async {
    let answer = await TestAPI().call(.post, "data_privacy/delete_reactions/", body: body)
    #expect(answer.status == 400 && answer.code == 4, "\(answer.body)")
  }

  @Test func uploadsAreExportedAndDeleted() async throws {
    let api = TestAPI.overEngine()
    let file = try await api.uploaded("files/", [1, 2], name: "a.txt", token: .user("al"))
    let image = try await api.uploaded("images/", try TestAPI.image(8, 8), name: "a.png", token: .user("al"))
    let derived = try #require(
      await api.about(.get, "images/", url: image, "w=4", token: .user("al")).json?["file"]?.string)
    let others = try await api.uploaded("files/", [3], token: .user("bo"))
    func export(_ query: String = "with_uploads=true") async -> JSONValue? {
      await api.call(.get, "data_privacy/export_ids/al/", query, headers: [("Host", "feeds.test")]).json?["export"]
    }
    // Clients compare whole answers: without the wish nothing is added.
    #expect(
      await export("")?.members?.map(\.name) == [
        "user_id", "activity_count", "activity_ids", "reaction_count", "reaction_ids",
      ])
    let urls = try #require(await export()?["upload_urls"]?.array?.compactMap(\.string))
    #expect(Set(urls) == [file, image, derived])
    #expect(urls.firstIndex(of: file) ?? 9 < urls.firstIndex(of: image) ?? 0, "oldest first")
    #expect(await export()?["upload_count"]?.integer == 3)
    for url in urls { #expect(try await api.fetch(url).status == 200, "an export can be fetched") }
    let list = JSONValue.array(
      (urls + ["http://feeds.test/files/1/\(String(repeating: "0", count: 32))/a", "nonsense", "http://other.test/a"])
        .map { .string($0) })
    let body = #"{"urls":\#(list)}"#
    let foreign = await api.call(
      .post, "data_privacy/delete_uploads/", body: body, token: .text(TestAPI.otherServerToken), key: "other",
      headers: [("Host", "feeds.test")])
    #expect(foreign.status == 201)
    #expect(await export()?["upload_count"]?.integer == 3, "of another app")
    let deleted = await api.call(
      .post, "data_privacy/delete_uploads/", body: body, headers: [("Host", "feeds.test")])
    #expect(deleted.status == 201 && deleted.steadyBody == #"{"duration":"D"}"#)
    #expect(await export()?["upload_urls"]?.array?.isEmpty == true)
    for url in urls { #expect(try await api.fetch(url).status == 404) }
    #expect(try await api.fetch(others).status == 200)
    #expect(api.objects.names.count == 1)
    #expect(await api.call(.post, "data_privacy/delete_uploads/", body: body, token: .user("al")).status == 403)
  }

  @Test func privacyThatIsSwitchedOffIs403() async {
    let api = TestAPI(app: { $0.dataPrivacy = false })
    #expect(await api.call(.post, "data_privacy/delete_uploads/", body: #"{"urls":[]}"#).status == 403)
    let deletion = await api.call(.post, "data_privacy/delete_activities/", body: #"{"activities":[]}"#)
    #expect(deletion.status == 403 && deletion.code == 17)
    #expect(await api.call(.get, "data_privacy/export_ids/al/").status == 403)
    #expect(api.feeds.calls == [])
  }

  @Test func anExportIsBounded() async {
    let api = TestAPI.overEngine { $0.exportMax = 1 }
    _ = await add(api, "al")
    #expect(await api.call(.get, "data_privacy/export_ids/al/").status == 200)
    _ = await add(api, "al")
    #expect(await api.call(.get, "data_privacy/export_ids/al/").code == 4)
    #expect(await api.call(.get, "data_privacy/export_ids/a%20l/").code == 4)
  }

  // MARK: Moderation

  private static let flag = #"{"entity_type":"stream:user","entity_id":"u1","user_id":"u2","reason":"spam"}"#
  private static let status =
    #"{"entity_type":"stream:user","entity_id":"u1","moderator_id":"m","status":"complete","recommended_action":"keep","#
    + #""latest_moderator_action":"mark"}"#
  private static let batch =
    #"{"moderator_id":"m","updates":[{"entity_type":"stream:user","entity_id":"u1","status":"a"},"#
    + #"{"entity_type":"stream:feeds:v2:activity","entity_id":"u1","status":"b"}]}"#

  @Test func moderationIsRecorded() async throws {
    let api = TestAPI.overEngine(app: { $0.moderation = true })
    let flagged = await api.call(.post, "moderation/flag", body: Self.flag)
    #expect(flagged.status == 201)
    #expect(flagged.names == ["flag_id", "target_user_id", "flagged_by", "reason", "created_at", "duration"])
    #expect(flagged.json?["target_user_id"]?.string == "u1" && flagged.json?["flagged_by"]?.string == "u2")
    let activity = await add(api, "SU:al")
    let other = await api.call(
      .post, "moderation/flag/",
      body: #"{"entity_type":"stream:feeds:v2:activity","entity_id":"\#(activity)","user_id":"u2"}"#)
    #expect(other.json?["target_user_id"]?.string == "al" && other.json?["reason"]?.string == "")
    #expect(await api.call(.post, "moderation/status/", body: Self.status).steadyBody == #"{"duration":"D"}"#)
    let log = ModerationLog(store: api.store)
    let subject = ModerationLog.Subject(type: .user, id: "u1")
    let records = try await log.records(of: subject, app: AppID(1))
    #expect(try JSONValue(parsing: try #require(records.status))["latest_moderator_action"]?.string == "mark")
    #expect(records.flags.count == 1)
    #expect(try JSONValue(parsing: records.flags[0])["flag_id"] == flagged.json?["flag_id"])
    #expect(try await log.records(of: subject, app: AppID(2)).flags == [])
    let batch = await api.call(.post, "moderation/status/batch/", body: Self.batch)
    #expect(batch.status == 201)
    #expect(
      batch.steadyBody
        == #"{"results":[{"entity_id":"u1","entity_type":"stream:user","success":true,"error":""},"#
        + #"{"entity_id":"u1","entity_type":"stream:feeds:v2:activity","success":true,"error":""}],"duration":"D"}"#)
    let after = try await log.records(of: subject, app: AppID(1)).status
    #expect(try JSONValue(parsing: try #require(after))["status"]?.string == "a")
    #expect(await api.call(.delete, "moderation/user/cache/u1/").steadyBody == #"{"duration":"D"}"#)
  }

  @Test(arguments: [("moderation/flag/", flag), ("moderation/status/", status), ("moderation/status/batch/", batch)])
  func moderationThatIsOffIs403(path: String, body: String) async {
    let api = TestAPI()
    let answer = await api.call(.post, path, body: body)
    #expect(answer.status == 403 && answer.code == 17)
    #expect(await api.call(.delete, "moderation/user/cache/u1/").status == 200)
  }

  @Test(arguments: [
    ("moderation/flag/", "{}"), ("moderation/flag/", #"{"entity_type":"user","entity_id":"u1","user_id":"u2"}"#),
    ("moderation/flag/", #"{"entity_type":"stream:user","entity_id":1,"user_id":"u2"}"#),
    ("moderation/flag/", #"{"entity_type":"stream:user","entity_id":"u","user_id":""}"#),
    ("moderation/flag/", #"{"entity_type":"stream:user","entity_id":"u","user_id":"v","reason":[]}"#),
    ("moderation/status/", #"{"entity_type":"stream:user","entity_id":"u","moderator_id":"m"}"#),
    ("moderation/status/batch/", #"{"moderator_id":"m","updates":[]}"#),
    ("moderation/status/batch/", #"{"moderator_id":"m","updates":[{"entity_type":"stream:user","entity_id":"u"}]}"#),
    (
      "moderation/status/batch/",
      #"{"moderator_id":"m","updates":[{"entity_type":"stream:user","entity_id":"u","status":"a"},"#
        + #"{"entity_type":"stream:user","entity_id":"u","status":"b"}]}"#
    ),
  ])
  func badModerationIs400(path: String, body: String) async {
    let api = TestAPI(app: { $0.moderation = true })
    let answer = await api.call(.post, path, body: body)
    #expect(answer.status == 400 && answer.code == 4, "\(answer.body)")
  }

  @Test func onlyServersAdminister() async {  // P28
    let api = TestAPI(app: { $0.moderation = true })
    for (method, path, body) in [
      (HTTPMethod.get, "audit_logs/", ""), (.get, "data_privacy/export_ids/me/", ""),
      (.post, "data_privacy/delete_activities/", #"{"activities":[]}"#),
      (.post, "data_privacy/delete_reactions/", #"{"ids":[]}"#), (.post, "moderation/flag/", Self.flag),
      (.post, "data_privacy/delete_uploads/", #"{"urls":[]}"#),
      (.post, "moderation/status/", Self.status), (.post, "moderation/status/batch/", Self.batch),
      (.delete, "moderation/user/cache/me/", ""),
    ] {
      let answer = await api.call(method, path, body: body, token: .user("me"))
      #expect(answer.status == 403 && answer.code == 17, "\(path)")
      let reads = TestAPI.Token.scope(resource: "feed", action: "*", feedID: nil)
      #expect(await api.call(method, path, body: body, token: reads).status == 403, "\(path)")
    }
    #expect(api.feeds.calls == [])
  }
}
