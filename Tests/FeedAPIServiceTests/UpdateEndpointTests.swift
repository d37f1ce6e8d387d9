import FeedAPIService
import JSON
import Testing

/// Feeds 2.6–2.8 on the wire: F14–F17, F20, F21, L5, L6, L9, L22.
@Suite struct UpdateEndpointTests {
  private static let time = "2026-11-21T10:00:00.000000"

  private func add(
    _ api: TestAPI, _ foreignID: String, to feed: String = "user/1", _ more: String = ""
  ) async -> JSONValue? {
    await api.call(
      .post, "feed/\(feed)/",
      body: #"{"actor":"a","verb":"v","object":"o","foreign_id":"\#(foreignID)","time":"\#(Self.time)"\#(more)}"#
    ).json
  }

  private func results(_ api: TestAPI, _ path: String, _ query: String = "") async -> [JSONValue] {
    await api.call(.get, path, query).json?["results"]?.array ?? []
  }

  @Test func addToManyPutsOneActivityIntoAllFeeds() async {
    let api = TestAPI.overEngine()
    _ = await api.call(.post, "feed/timeline/fan/follows/", body: #"{"target":"user:1"}"#)
    let answer = await api.call(
      .post, "feed/add_to_many/",
      body: #"{"activity":{"actor":"a","verb":"v","object":1,"n":0.50},"feeds":["user:1","flat:2 token","user:1"]}"#)
    #expect(answer.status == 201)
    #expect(answer.steadyBody == #"{"duration":"D"}"#)
    let one = await results(api, "feed/user/1/")
    #expect(one.count == 1 && one[0]["origin"] == .null && one[0]["n"]?.numberText == "0.50")
    #expect(await results(api, "feed/flat/2/") == one)
    #expect(await results(api, "feed/timeline/fan/") == [])
  }

  @Test(arguments: [
    "[]", "{}", #"{"activity":{"actor":"a","verb":"v","object":"o"}}"#,
    #"{"activity":{"actor":"a","verb":"v","object":"o"},"feeds":[]}"#,
    #"{"activity":{"actor":"a","verb":"v","object":"o"},"feeds":"user:1"}"#,
    #"{"activity":{"actor":"a","verb":"v","object":"o"},"feeds":[42]}"#,
    #"{"activity":{"actor":"a","verb":"v","object":"o"},"feeds":["nogroup:1"]}"#,
    #"{"activity":{"actor":"a","verb":"v","object":"o","to":["user:2"]},"feeds":["user:1"]}"#,
    #"{"activity":{"actor":"a","verb":"v"},"feeds":["user:1"]}"#, #"{"activity":[],"feeds":["user:1"]}"#,
  ])
  func badAddsToManyAre400(body: String) async {
    let api = TestAPI()
    let answer = await api.call(.post, "feed/add_to_many/", body: body)
    #expect(answer.status == 400 && answer.code == 4, "\(answer.body)")
    #expect(api.feeds.calls == [])
  }

  @Test func addToManyIsBounded() async {
    let api = TestAPI { $0.addToManyMax = 2 }
    let answer = await api.call(
      .post, "feed/add_to_many/",
      body: #"{"activity":{"actor":"a","verb":"v","object":"o"},"feeds":["user:1","user:2","user:3"]}"#)
    #expect(answer.code == 4)
    #expect(api.feeds.calls == [])
  }

  @Test func fullUpdatesReplaceOrCreate() async {
    let api = TestAPI.overEngine()
    _ = await add(api, "x", to: "user/1", #","old":1,"to":["flat:t"]"#)
    let answer = await api.call(
      .post, "activities/",
      body: #"{"activities":[{"id":"00000000-0000-1000-8000-000000000000","actor":1,"verb":"w","object":"o","#
        + #""foreign_id":"x","time":"2026-11-21T10:00:00Z","to":["user:9"],"new":{}},"#
        + #"{"actor":"a","verb":"v","object":"o","foreign_id":7,"time":"2026-11-21T11:00:00+01:00"}]}"#)
    #expect(answer.status == 201)
    #expect(answer.steadyBody == #"{"duration":"D"}"#)
    let read = await results(api, "feed/flat/t/")
    #expect(read.count == 1)
    #expect(
      read[0].members?.map(\.name)
        == ["id", "actor", "verb", "object", "target", "foreign_id", "time", "origin", "to", "new"])
    #expect(read[0]["actor"]?.string == "1" && read[0]["to"]?.array == [.string("flat:t")])
    #expect(await results(api, "feed/user/9/") == [])
    let byForeignID = await results(
      api, "activities/", "foreign_ids=7,x,none&timestamps=2026-11-21T10:00:00,\(Self.time),\(Self.time)")
    #expect(byForeignID.map { $0["foreign_id"]?.string } == ["7", "x"])
    #expect(byForeignID.last == read[0])
  }

  @Test(arguments: [
    "{}", #"{"activities":{}}"#, #"{"activities":[]}"#,
    #"{"activities":[{"actor":"a","verb":"v","object":"o","time":"2026-11-21T10:00:00"}]}"#,
    #"{"activities":[{"actor":"a","verb":"v","object":"o","foreign_id":"","time":"2026-11-21T10:00:00"}]}"#,
    #"{"activities":[{"actor":"a","verb":"v","object":"o","foreign_id":"x"}]}"#,
    #"{"activities":[{"actor":"a","verb":"v","object":"o","foreign_id":"x","time":5}]}"#,
    #"{"activities":[{"verb":"v","object":"o","foreign_id":"x","time":"2026-11-21T10:00:00"}]}"#,
    #"{"activities":[{"actor":"a","verb":"v","object":"o","foreign_id":"x","time":"2026-11-21T10:00:00","to":["no:1"]}]}"#,
  ])
  func badFullUpdatesAre400(body: String) async {
    let api = TestAPI()
    let answer = await api.call(.post, "activities/", body: body)
    #expect(answer.status == 400 && answer.code == 4, "\(answer.body)")
    #expect(api.feeds.calls == [])
  }

  @Test func aMissingFieldOfABatchIsNamedInItsPlace() async {
    let good = #"{"actor":"a","verb":"v","object":"o","foreign_id":"x","time":"2026-11-21T10:00:00"}"#
    let answer = await TestAPI().call(
      .post, "activities/", body: #"{"activities":[\#(good),{"actor":"a","verb":"v","object":"o"}]}"#)
    #expect(answer.detail == "Errors for fields 'foreign_id', 'time' in activities[1]")
    #expect(answer.json?["exception_fields"]?.array?.count == 2)
  }

  @Test func onePartialUpdateGivesTheActivityAndAListGivesAList() async throws {
    let api = TestAPI.overEngine()
    let x = try #require(await add(api, "x", to: "user/1", #","product":{"price":1,"color":"red"},"popularity":9"#))
    let id = try #require(x["id"]?.string)
    let one = await api.call(
      .post, "activity/",
      body: #"{"id":"\#(id)","set":{"product.price":7.990,"foo":{"bar":1}},"unset":["product.color"]}"#)
    #expect(one.status == 201)
    #expect(
      one.steadyBody
        == #"{"id":"\#(id)","actor":"a","verb":"v","object":"o","target":"","foreign_id":"x","time":"\#(Self.time)","#
        + #""origin":null,"product":{"price":7.990},"popularity":9,"foo":{"bar":1},"duration":"D"}"#)
    for (set, unset) in [("null", "null"), ("[]", "[]"), ("{}", "{}")] {
      let many = await api.call(
        .post, "activity/",
        body: #"{"changes":[{"foreign_id":"x","time":"2026-11-21T10:00:00Z","set":\#(set),"unset":\#(unset)}]}"#)
      #expect(many.status == 201)
      #expect(many.names == ["activities", "duration"])
      #expect(many.json?["activities"]?.array == (await results(api, "activities/", "ids=\(id)")))
    }
  }

  @Test(arguments: [
    #"{}"#, #"[]"#, #"[1]"#, #"{"changes":{}}"#, #"{"changes":[]}"#, #"{"changes":[7]}"#,
    #"{"foreign_id":"x","set":{"a":1}}"#, #"{"id":"x","set":{"a":1}}"#, #"{"id":5,"set":{"a":1}}"#,
    #"{"id":"ID","foreign_id":"x","time":"2026-11-21T10:00:00","set":{"a":1}}"#, #"{"id":"ID","set":1}"#,
    #"{"id":"ID","set":["a"]}"#, #"{"id":"ID","unset":"a"}"#, #"{"id":"ID","unset":[1]}"#,
    #"{"id":"ID","unset":{"a":1}}"#, #"{"id":"ID","set":{"id":"y"}}"#, #"{"id":"ID","set":{"foreign_id":"y"}}"#,
    #"{"id":"ID","set":{"time":"y"}}"#, #"{"id":"ID","set":{"to":[]}}"#, #"{"id":"ID","set":{"origin":"y"}}"#,
    #"{"id":"ID","set":{"to.x":"y"}}"#, #"{"id":"ID","unset":["actor"]}"#, #"{"id":"ID","unset":["verb"]}"#,
    #"{"id":"ID","unset":["object"]}"#, #"{"id":"ID","unset":["target"]}"#, #"{"id":"ID","unset":["time"]}"#,
    #"{"id":"ID","set":{"a":1},"unset":["a"]}"#, #"{"id":"ID","set":{"a..b":1}}"#, #"{"id":"ID","set":{"":1}}"#,
    #"{"id":"ID","unset":["a."]}"#, #"{"id":"ID","set":{"actor":""}}"#, #"{"id":"ID","set":{"actor":{}}}"#,
    #"{"id":"ID","set":{"foreign.x":1,"text.y":1}}"#,
  ])
  func badPartialUpdatesAre400AndChangeNothing(body: String) async throws {
    let api = TestAPI.overEngine()
    let x = try #require(await add(api, "x", to: "user/1", #","text":"t""#))
    let id = try #require(x["id"]?.string)
    let answer = await api.call(.post, "activity/", body: body.replacing("ID", with: id))
    #expect(answer.status == 400 && answer.code == 4, "\(answer.body)")
    #expect(answer.json?["exception"]?.string == "InputException")
    let after = await results(api, "activities/", "ids=\(id)")
    #expect(after.first?["text"]?.string == "t" && after.first?.members?.count == 9)
  }

  @Test func unknownActivitiesAreMissingAndNothingChanges() async throws {
    let api = TestAPI.overEngine()
    let id = try #require(await add(api, "x")?["id"]?.string)
    let answer = await api.call(
      .post, "activity/",
      body: #"{"changes":[{"id":"\#(id)","set":{"a":1}},{"foreign_id":"y","time":"\#(Self.time)","set":{"a":1}}]}"#)
    #expect(answer.status == 400 && answer.code == 13)
    #expect(answer.json?["exception"]?.string == "MissingActivityException")
    #expect(await results(api, "activities/", "ids=\(id)").first?["a"] == nil)
    // Another app's token does not reach it.
    let other = await api.call(
      .post, "activity/", body: #"{"id":"\#(id)","set":{"a":1}}"#, token: .text(TestAPI.otherServerToken), key: "other")
    #expect(other.code == 13)
  }

  @Test func changesAreBounded() async {
    let api = TestAPI { $0.activitiesPerUpdateMax = 2 }
    let change = #"{"id":"9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b"}"#
    let list = #"{"changes":[\#(change),\#(change),\#(change)]}"#
    #expect(await api.call(.post, "activity/", body: list).code == 4)
    let names = (0...25).map { "\"n\($0)\":1" }.joined(separator: ",")
    let wide = await api.call(
      .post, "activity/", body: #"{"id":"9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b","set":{\#(names)}}"#)
    #expect(wide.detail == "Errors for fields 'set'")
    let activity = #"{"actor":"a","verb":"v","object":"o","foreign_id":"x","time":"2026-11-21T10:00:00"}"#
    let full = #"{"activities":[\#(activity),\#(activity),\#(activity)]}"#
    #expect(await api.call(.post, "activities/", body: full).code == 4)
    #expect(await api.call(.post, "feed_targets/user/1/activity_to_targets/", body: "[{},{},{}]").code == 4)
    #expect(api.feeds.calls == [])
  }

  @Test func targetsAreChangedAndTold() async throws {
    let api = TestAPI.overEngine()
    let id = try #require(await add(api, "tweet:1", to: "user/1", #","to":["user:2","user:3"]"#)?["id"]?.string)
    let path = "feed_targets/user/1/activity_to_targets/"
    // One SDK always sends all three lists.
    let answer = await api.call(
      .post, path,
      body: #"{"foreign_id":"tweet:1","time":"\#(Self.time)","new_targets":[],"added_targets":["user:4 tok"],"#
        + #""removed_targets":["user:3"]}"#)
    #expect(answer.status == 201)
    #expect(answer.names == ["activity", "added", "removed", "duration"])
    #expect(answer.json?["activity"]?["to"]?.array == [.string("user:2"), .string("user:4")])
    #expect(answer.json?["added"]?.array == [.string("user:4")])
    #expect(answer.json?["removed"]?.array == [.string("user:3")])
    #expect(await results(api, "feed/user/3/") == [])
    #expect(await results(api, "feed/user/4/") == [answer.json?["activity"]])
    let list = await api.call(
      .post, path, body: #"[{"id":"\#(id)","new_targets":["flat:1"]},{"id":"\#(id)","new_targets":[]}]"#)
    #expect(list.status == 201)
    #expect(list.names == ["activity", "added", "removed", "results", "duration"])
    #expect(list.json?["results"]?.array?.count == 2)
    #expect(list.json?["results"]?.array?.last?["activity"]?["to"] == nil)
    #expect(await results(api, "feed/flat/1/") == [])
    #expect(await results(api, "feed/user/1/").count == 1)
  }

  @Test(arguments: [
    #"{"id":"ID"}"#, #"{"new_targets":["user:4"]}"#, #"{"id":"ID","new_targets":"user:4"}"#,
    #"{"id":"ID","new_targets":["user:4"],"added_targets":["user:5"]}"#, #"{"id":"ID","added_targets":["no:4"]}"#,
    #"{"id":"ID","added_targets":["user:4"],"removed_targets":["user:4"]}"#, #"{"id":"ID","added_targets":[4]}"#,
    #"{"foreign_id":"tweet:1","added_targets":["user:4"]}"#, "[]", "[[]]", "7",
  ])
  func badChangesOfTargetsAre400(body: String) async {
    let api = TestAPI()
    let answer = await api.call(
      .post, "feed_targets/user/1/activity_to_targets/",
      body: body.replacing("ID", with: "9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b"))
    #expect(answer.status == 400 && answer.code == 4, "\(answer.body)")
    #expect(api.feeds.calls == [])
  }

  @Test func targetsOfWhatIsNotInTheFeedAreMissing() async {
    let api = TestAPI.overEngine()
    _ = await add(api, "x")
    let body = #"{"foreign_id":"x","time":"\#(Self.time)","new_targets":["user:4"]}"#
    let answer = await api.call(.post, "feed_targets/user/2/activity_to_targets/", body: body)
    #expect(answer.status == 400 && answer.code == 13)
    #expect(await results(api, "feed/user/4/") == [])
    #expect(await api.call(.post, "feed_targets/nogroup/2/activity_to_targets/", body: body).code == 6)
  }

  @Test func usersMayNotChangeWhatServersDo() async {  // P28
    let api = TestAPI()
    let id = "9b8f3c00-c5cd-11f1-8f3a-6b0f0e1d2c3b"
    for (path, body) in [
      ("feed/add_to_many/", #"{"activity":{"actor":"me","verb":"v","object":"o"},"feeds":["user:me"]}"#),
      ("activities/", #"{"activities":[{"actor":"me","verb":"v","object":"o","foreign_id":"x","time":"2026-11-21"}]}"#),
      ("activity/", #"{"id":"\#(id)","set":{"a":1}}"#),
      ("feed_targets/user/me/activity_to_targets/", #"{"id":"\#(id)","new_targets":["user:me"]}"#),
    ] {
      let answer = await api.call(.post, path, body: body, token: .user("me"))
      #expect(answer.status == 403 && answer.code == 17, "\(path)")
    }
    #expect(api.feeds.calls == [])
  }
}
