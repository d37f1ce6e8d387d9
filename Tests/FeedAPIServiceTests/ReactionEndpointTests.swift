import FeedAPIService
import HTTP
import JSON
import Testing

/// 2.9 and 3.9: reactions one by one.
@Suite struct ReactionEndpointTests {
  static let activity = "9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b"
  static let unknown = "00000000-0000-1000-8000-000000000000"

  /// Adds a reaction of bob's to the activity; `more` are further members.
  @discardableResult
  static func add(
    _ api: TestAPI, kind: String = "like", user: String = "bob", parent: String? = nil, _ more: String = ""
  ) async -> TestAPI.Answer {
    let to = parent.map { #""parent":"\#($0)""# } ?? #""activity_id":"\#(activity)""#
    return await api.call(.post, "reaction/", body: #"{"kind":"\#(kind)","user_id":"\#(user)",\#(to)\#(more)}"#)
  }

  /// The text of an answer without its duration.
  static func text(_ answer: TestAPI.Answer) -> String {
    answer.body.replacing(#/,"duration":"[0-9.]+m?s"}$/#, with: "}")
  }

  /// R1, R2, C9a: the same members in the same order in every answer.
  @Test func theAnswerToAnAddIsWhatEveryReadShows() async throws {
    let api = TestAPI(isLive: true)
    _ = await api.call(.post, "user/", body: #"{"id":"bob","data":{"name":"Bob"}}"#)
    let added = await Self.add(
      api, #","data":{"z":1,"a":[0.50,{}]},"target_feeds":["user:bob x.y"],"target_feeds_extra_data":{"n":1}"#)
    #expect(added.status == 201)
    let id = try #require(added.json?["id"]?.string)
    let created = try #require(added.json?["created_at"]?.string)
    let user = try #require(added.json?["user"])
    #expect(user["data"]?.description == #"{"name":"Bob"}"#)
    let wanted =
      #"{"id":"\#(id)","kind":"like","activity_id":"\#(Self.activity)","user_id":"bob","user":\#(user),"#
      + #""data":{"z":1,"a":[0.50,{}]},"parent":"","target_feeds":["user:bob"],"latest_children":{},"#
      + #""children_counts":{},"created_at":"\#(created)","updated_at":"\#(created)"}"#
    #expect(Self.text(added) == wanted)
    #expect(created.hasSuffix("Z") && created.count == 27)
    let got = await api.call(.get, "reaction/\(id)/")
    #expect(got.status == 200 && Self.text(got) == wanted)
    for path in [
      "reaction/activity_id/\(Self.activity)/", "reaction/activity_id/\(Self.activity)/like/", "reaction/user_id/bob",
    ] {
      let list = await api.call(.get, path)
      #expect(Self.text(list) == #"{"results":[\#(wanted)],"next":""}"#)
    }
    let many = await api.call(.get, "reaction/get_many/", "ids=\(Self.unknown),\(id)")
    #expect(Self.text(many) == #"{"reactions":[\#(wanted)]}"#)
    let feed = await api.call(.get, "feed/user/bob/")
    let notice = try #require(feed.json?["results"]?.array?.first)
    #expect(notice["reaction"]?.string == "SR:\(id)" && notice["n"]?.integer == 1)
    #expect(notice["time"].map { "\($0.string ?? "")Z" } == created)
    let enriched = await api.call(.get, "enrich/feed/user/bob/", "withOwnReactions=1&withReactionCounts=1")
    let shown = try #require(enriched.json?["results"]?.array?.first)
    #expect(shown["reaction"]?.description == wanted)
    #expect(shown["own_reactions"]?.description == "{}" && shown["reaction_counts"]?.description == "{}")
    #expect(shown["latest_reactions"] == nil)
  }

  @Test func anUnknownUserIsAMissingReference() async {
    let added = await Self.add(TestAPI())
    #expect(
      added.json?["user"]?.description
        == #"{"error":"ReferenceNotFound","reference":"SU:bob","reference_type":"user","id":"bob"}"#)
    #expect(
      added.names == [
        "id", "kind", "activity_id", "user_id", "user", "data", "parent", "latest_children", "children_counts",
        "created_at", "updated_at", "duration",
      ], "no target_feeds without any (C12)")
  }

  @Test(arguments: [
    (#"{}"#, 4, "kind"), (#"{"kind":1}"#, 4, "kind"), (#"{"kind":"a b"}"#, 4, "kind"),
    (#"{"kind":"like"}"#, 4, "activity_id"), (#"{"kind":"like","activity_id":"x"}"#, 4, "activity_id"),
    (#"{"kind":"like","parent":"x"}"#, 4, "parent"), (#"{"kind":"like","activity_id":5}"#, 4, "activity_id"),
    (#"{"kind":"like","parent":"\#(unknown)","user_id":"b"}"#, 4, "parent"),
    (#"{"kind":"like","activity_id":"\#(unknown)","id":"x"}"#, 4, "id"),
    (#"{"kind":"like","activity_id":"\#(unknown)","data":"x"}"#, 4, "data"),
    (#"{"kind":"like","activity_id":"\#(unknown)","data":[1]}"#, 4, "data"),
    (#"{"kind":"like","activity_id":"\#(unknown)","target_feeds":"user:1"}"#, 4, "target_feeds"),
    (#"{"kind":"like","activity_id":"\#(unknown)","target_feeds":["user"]}"#, 4, "target_feeds"),
    (#"{"kind":"like","activity_id":"\#(unknown)","target_feeds":["nogroup:1"]}"#, 4, "target_feeds"),
    (#"{"kind":"like","activity_id":"\#(unknown)","target_feeds_extra_data":"x"}"#, 4, "target_feeds_extra_data"),
    (#"{"kind":"like","activity_id":"\#(unknown)"}"#, 10, ""),
    (#"{"kind":"like","activity_id":"\#(unknown)","user_id":"a b"}"#, 4, "user_id"), ("5", 4, ""),
  ])
  func whatIsWrongIsNamed(_ body: String, _ code: Int, _ field: String) async {
    let answer = await TestAPI().call(.post, "reaction/", body: body)
    #expect(answer.status == 400 && answer.code == code, "\(body): \(answer.body)")
    if !field.isEmpty { #expect(answer.json?["exception_fields"]?.members?.map(\.name) == [field]) }
  }

  /// C5, Appendix A: what clients send for what they have not.
  @Test(arguments: [
    #","data":null,"target_feeds":null,"target_feeds_extra_data":null,"id":null,"parent":null"#,
    #","data":[],"target_feeds":[],"target_feeds_extra_data":[],"id":"","parent":"""#, #","data":{}"#,
  ])
  func absentMembersComeInManyForms(_ more: String) async {
    let answer = await Self.add(TestAPI(), more)
    #expect(answer.status == 201 && answer.json?["data"]?.description == "{}", "\(answer.body)")
    #expect(answer.json?["target_feeds"] == nil)
  }

  @Test func sizesHaveLimits() async {
    let api = TestAPI {
      $0.entityDataBytesMax = 20
      $0.reactionTargetsMax = 2
    }
    #expect(await Self.add(api, #","data":{"a":"12345678901"}"#).status == 201)
    #expect(await Self.add(api, #","data":{"a":"123456789012345"}"#).status == 400)
    #expect(await Self.add(api, #","target_feeds":["user:1","user:2"]"#).status == 201)
    #expect(await Self.add(api, #","target_feeds":["user:1","user:2","user:3"]"#).status == 400)
    let ids = Array(repeating: Self.unknown, count: 101).joined(separator: ",")
    #expect(await api.call(.get, "reaction/get_many/", "ids=\(ids)").status == 400)
    #expect(await api.call(.get, "reaction/get_many/", "ids=x").status == 400)
  }

  @Test func childrenAreThreeLevelsAtMost() async throws {
    let api = TestAPI(isLive: true)
    var parent = try #require(await Self.add(api, kind: "comment").json?["id"]?.string)
    let top = parent
    for _ in 0..<2 {
      let child = await Self.add(api, kind: "comment", parent: parent)
      #expect(child.json?["parent"]?.string == parent && child.json?["activity_id"]?.string == Self.activity)
      parent = try #require(child.json?["id"]?.string)
    }
    let fourth = await Self.add(api, kind: "comment", parent: parent)
    #expect(fourth.status == 400 && fourth.code == 4)
    let got = await api.call(.get, "reaction/\(top)/", "with_own_children=true")
    #expect(got.json?["children_counts"]?.description == #"{"comment":1}"#)
    let child = try #require(got.json?["latest_children"]?["comment"]?.array?.first)
    #expect(child["own_children"]?["comment"]?.array?.count == 1)
    #expect(child["latest_children"]?["comment"]?.array?.first?["own_children"]?.description == "{}")
    #expect(got.json?["own_children"]?["comment"]?.array == [child])
  }

  /// R10, trap 22.
  @Test func anUpdateKeepsWhatItDoesNotName() async throws {
    let api = TestAPI(isLive: true)
    let added = await Self.add(api, #","data":{"a":1},"target_feeds":["user:x"]"#)
    let id = try #require(added.json?["id"]?.string)
    let nothing = await api.call(.put, "reaction/\(id)/", body: #"{"data":null,"target_feeds":null}"#)
    #expect(nothing.status == 201 && nothing.names == added.names)
    #expect(nothing.json?["data"]?.description == #"{"a":1}"#)
    #expect(nothing.json?["target_feeds"]?.description == #"["user:x"]"#)
    #expect(nothing.json?["updated_at"] != added.json?["updated_at"])
    #expect(nothing.json?["created_at"] == added.json?["created_at"])
    let cleared = await api.call(.put, "reaction/\(id)/", body: #"{"data":{"b":2},"target_feeds":[]}"#)
    #expect(cleared.json?["data"]?.description == #"{"b":2}"# && cleared.json?["target_feeds"] == nil)
    #expect(await api.call(.get, "feed/user/x/").json?["results"]?.array?.isEmpty == true)
    #expect(Self.text(await api.call(.get, "reaction/\(id)/")) == Self.text(cleared))
    #expect(await api.call(.put, "reaction/\(id)/", body: #"{"data":"x"}"#).status == 400)
    for path in ["reaction/\(Self.unknown)/", "reaction/x/"] {
      let answer = await api.call(.put, path, body: "{}")
      #expect(answer.status == 404 && answer.code == 16)
    }
  }

  /// R11, R12, trap 16.
  @Test func deletedIsGoneAndSoftlyDeletedComesBack() async throws {
    let api = TestAPI(isLive: true)
    let added = await Self.add(api)
    let id = try #require(added.json?["id"]?.string)
    #expect(await api.call(.put, "reaction/\(id)/restore/").status == 404, "it is live")
    #expect(await api.call(.delete, "reaction/\(id)/", "soft=True", body: "{}").steadyBody == #"{"duration":"D"}"#)
    let deleted = await api.call(.get, "reaction/\(id)/")
    #expect(deleted.status == 200 && deleted.names == Array(added.names.dropLast()) + ["deleted_at", "duration"])
    #expect(await api.call(.put, "reaction/\(id)/", body: "{}").status == 404)
    #expect(await api.call(.delete, "reaction/\(id)/", "soft=1").status == 404)
    #expect(await api.call(.get, "reaction/get_many/", "ids=\(id)").json?["reactions"]?.array?.isEmpty == true)
    let withDeleted = await api.call(.get, "reaction/get_many/", "ids=\(id)&include_deleted=true")
    #expect(withDeleted.json?["reactions"]?.array?.count == 1)
    let list = "reaction/activity_id/\(Self.activity)/"
    #expect(await api.call(.get, list).json?["results"]?.array?.isEmpty == true)
    let restored = await api.call(.put, "reaction/\(id)/restore/", body: "[]")
    #expect(restored.status == 201 && Self.text(restored) == Self.text(added))
    #expect(await api.call(.delete, "reaction/\(id)/", "soft=False").status == 200)
    for answer in [
      await api.call(.get, "reaction/\(id)/"), await api.call(.put, "reaction/\(id)/", body: "{}"),
      await api.call(.delete, "reaction/\(id)/"), await api.call(.put, "reaction/\(id)/restore/"),
    ] {
      #expect(answer.status == 404 && answer.code == 16 && answer.json?["exception"]?.string == "DoesNotExistException")
    }
  }

  @Test func aTakenIDIsAConflict() async throws {
    let api = TestAPI()
    let more = #","id":"\#(Self.unknown)""#
    #expect(await Self.add(api, more).json?["id"]?.string == Self.unknown)
    let again = await Self.add(api, more)
    #expect(again.status == 409 && again.code == 22 && again.json?["exception"]?.string == "ConflictException")
  }

  /// C12c: an add and a delete whose answers were lost have their effect once.
  @Test func aRepeatedRequestHasItsEffectOnce() async throws {
    let api = TestAPI(isLive: true)
    let headers = [("Idempotency-Key", "k1")]
    let body = #"{"kind":"like","activity_id":"\#(Self.activity)","user_id":"bob"}"#
    let first = await api.call(.post, "reaction/", body: body, headers: headers)
    let again = await api.call(.post, "reaction/", body: body, headers: headers)
    #expect(first.status == 201 && Self.text(first) == Self.text(again))
    let page = await api.call(.get, "reaction/activity_id/\(Self.activity)/")
    #expect(page.json?["results"]?.array?.count == 1)
    let id = try #require(first.json?["id"]?.string)
    let path = "reaction/\(id)/"
    #expect(await api.call(.delete, path, headers: [("Idempotency-Key", "k2")]).status == 200)
    #expect(await api.call(.delete, path, headers: [("Idempotency-Key", "k2")]).status == 200)
    #expect(await api.call(.delete, path, headers: [("Idempotency-Key", "k3")]).status == 404)
  }
}
