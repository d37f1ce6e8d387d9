import FeedAPIService
import Feeds
import JSON
import Model
import Testing

/// Feeds 2.2 for aggregated and notification feeds.
@Suite struct GroupEndpointTests {
  private static let time = "2026-11-21T10:00:00.000001"
  private static let body = #"{"actor":"a","verb":"li\"ke","object":"o","time":"\#(time)"}"#

  @Test func aGroupHasExactlyItsMembersInTheirOrder() async throws {  // G2
    let api = TestAPI()
    for (group, marks, counts) in [
      ("aggregated", "", ""), ("notification", #""is_seen":false,"is_read":true,"#, #","unseen":1,"unread":0"#),
    ] {
      let added = await api.call(.post, "feed/\(group)/1/", body: Self.body)
      #expect(added.status == 201)
      let id = try #require(added.json?["id"]?.string)
      let activity =
        #"{"id":"\#(id)","actor":"a","verb":"li\"ke","object":"o","target":"","foreign_id":"","time":"\#(Self.time)","#
        + #""origin":null}"#
      let page = await api.call(.get, "feed/\(group)/1/")
      #expect(page.status == 200)
      #expect(
        page.steadyBody == #"{"results":[{"id":"\#(id)","group":"key \#(id)","verb":"li\"ke","activity_count":1,"#
          + #""actor_count":1,\#(marks)"created_at":"\#(Self.time)","updated_at":"\#(Self.time)","#
          + #""activities":[\#(activity)]}],"next":""\#(counts),"duration":"D"}"#)
    }
  }

  @Test func aFormatThatDoesNotCompileIsToldInTheExactWords() async {  // J9
    let groups = [FeedGroup(slug: "bad", kind: .aggregated, aggregationFormat: "{{test[]}}")]
    let api = TestAPI()
    do {
      _ = try AggregationFormat(groups[0].aggregationFormat ?? "")
      Issue.record("the format compiles")
    } catch {
      api.feeds.fail(with: .aggregationFormat(error))
    }
    let answer = await api.call(.get, "feed/aggregated/1/")
    #expect(answer.status == 400 && answer.code == 14)
    #expect(answer.json?["exception"]?.string == "JinjaRuntimeException")
    #expect(answer.detail == "the format contains syntax errors")
    #expect(answer.names == ["detail", "status_code", "code", "exception", "duration", "more_info"])
  }

  @Test(arguments: [
    ("mark_seen=true", "GroupMarks(seen: all, read: nothing)"), ("mark_read=1&mark_seen=", "seen: nothing, read: all"),
    ("mark_seen=True&mark_read=current", "seen: all, read: current"),
    ("mark_seen=false&mark_read=0", "nothing, read: nothing"),
    ("mark_seen=00000000-0000-1000-8000-000000000001,nonsense,00000000-0000-1000-8000-000000000002", "named([2])"),
    ("mark_read[]=00000000-0000-1000-8000-000000000001", "named([1])"),
    ("mark_seen=nonsense", "nothing, read: nothing"),
  ])
  func marksAreReadInAllTheirForms(_ query: String, _ marks: String) async {  // N3, N6, N7
    let api = TestAPI()
    #expect(await api.call(.get, "feed/notification/1/", query).status == 200)
    let call = api.feeds.calls.last ?? ""
    let plain = call.replacing("Feeds.GroupMarks.Mark.", with: "")
    guard let count = marks.firstMatch(of: /named\(\[(\d)\]\)/)?.1 else {
      #expect(plain.contains(marks), "\(call)")
      return
    }
    #expect(plain.contains("named("))
    #expect(call.components("00000000-0000-1000-8000-") == Int(count), "\(call)")
  }

  @Test func tooManyMarksAreRefused() async {
    let api = TestAPI { $0.marksMax = 2 }
    let id = "00000000-0000-1000-8000-000000000001"
    #expect(await api.call(.get, "feed/notification/1/", "mark_seen=\(id),\(id)").status == 200)
    let refused = await api.call(.get, "feed/notification/1/", "mark_seen=\(id),\(id),\(id)")
    #expect(refused.status == 400 && refused.code == 4)
    #expect(refused.detail == "mark_seen may name at most 2 groups, this one names 3")
  }

  @Test func usersReadAndMarkTheirOwnOnly() async {  // P1, P3, N9
    let api = TestAPI()
    #expect(await api.call(.get, "feed/notification/alice/", "mark_seen=true", token: .user("alice")).status == 200)
    #expect(api.feeds.calls.last?.contains("seen: Feeds.GroupMarks.Mark.all") == true)
    api.feeds.clear()
    for group in ["notification", "aggregated"] {
      let refused = await api.call(.get, "feed/\(group)/bob/", "mark_seen=true", token: .user("alice"))
      #expect(refused.status == 403 && refused.code == 17)
    }
    #expect(api.feeds.calls == [])
    // A read token is enough to mark (A7).
    let token = TestAPI.Token.scope(resource: "feed", action: "read", feedID: "notificationbob")
    #expect(await api.call(.get, "feed/notification/bob/", "mark_read=true", token: token).status == 200)
    #expect(api.feeds.calls.last?.contains("read: Feeds.GroupMarks.Mark.all") == true)
  }

  @Test func usersAddressNotificationsOfOthersButAddOnlyToTheirOwn() async {  // P7, P22
    let api = TestAPI()
    func activity(to: String) -> String { #"{"actor":"alice","verb":"v","object":"o","to":["\#(to)"]}"# }
    #expect(
      await api.call(.post, "feed/user/alice/", body: activity(to: "notification:bob"), token: .user("alice")).status
        == 201)
    #expect(
      await api.call(.post, "feed/user/alice/", body: activity(to: "aggregated:bob"), token: .user("alice")).status
        == 403)
    let own = #"{"actor":"alice","verb":"v","object":"o"}"#
    #expect(await api.call(.post, "feed/notification/bob/", body: own, token: .user("alice")).status == 403)
    #expect(await api.call(.post, "feed/notification/alice/", body: own, token: .user("alice")).status == 201)
  }

  @Test func pagesNameTheNextByTheLastGroup() async throws {  // F13, G6
    let api = TestAPI()
    for index in 0..<5 {
      _ = await api.call(.post, "feed/aggregated/1/", body: #"{"actor":"a","verb":"v","object":"\#(index)"}"#)
    }
    let first = await api.call(.get, "feed/aggregated/1/", "limit=2&x=y")
    let last = try #require(first.json?["results"]?.array?.last?["id"]?.string)
    #expect(
      first.json?["next"]?.string == "/api/v1.0/feed/aggregated/1/?api_key=key&id_lt=\(last)&limit=2&x=y")
    let second = await api.call(.get, "feed/aggregated/1/", "limit=2&offset=2")
    #expect(second.json?["next"]?.string == "/api/v1.0/feed/aggregated/1/?api_key=key&limit=2&offset=4")
    #expect(await api.call(.get, "feed/aggregated/1/", "limit=9").json?["next"]?.string == "")
    #expect(await api.call(.get, "feed/aggregated/1/", "id_lt=x").code == 4)
  }

  @Test func anUnchangedPageIsAnswered304AndMarksTakeEffectAllTheSame() async throws {  // C12a
    let api = TestAPI()
    _ = await api.call(.post, "feed/notification/1/", body: Self.body)
    let tag = try #require(await api.call(.get, "feed/notification/1/").header("ETag"))
    api.feeds.clear()
    let again = await api.call(.get, "feed/notification/1/", "mark_seen=true", headers: [("If-None-Match", tag)])
    // The parameter is repeated by no `next` here, so that the page is the same.
    #expect(again.status == 304 && again.response.body.isEmpty)
    #expect(api.feeds.calls.last?.contains("seen: Feeds.GroupMarks.Mark.all") == true)
    _ = await api.call(.post, "feed/notification/1/", body: TestAPI.activity)
    #expect(await api.call(.get, "feed/notification/1/", headers: [("If-None-Match", tag)]).status == 200)
  }

  @Test func otherFormatsListTheActivitiesOfTheGroups() async {  // C12b
    let api = TestAPI()
    _ = await api.call(.post, "feed/aggregated/1/", body: Self.body)
    let answer = await api.call(.get, "feed/aggregated/1.jsonfeed/")
    #expect(answer.status == 200 && answer.header("Content-Type") == "application/feed+json; charset=utf-8")
    #expect(answer.json?["items"]?.array?.count == 1)
  }

  @Test func aggregatedFeedsFollowAndAreNotFollowed() async {  // W3
    let api = TestAPI()
    for group in ["aggregated", "notification"] {
      #expect(await api.call(.post, "feed/\(group)/1/follows/", body: #"{"target":"user:1"}"#).status == 201)
      #expect(
        await api.call(.post, "follow_many/", body: #"[{"source":"\#(group):1","target":"user:1"}]"#).status == 201)
      #expect(await api.call(.get, "feed/\(group)/1/following/").status == 200)
      #expect(await api.call(.delete, "feed/\(group)/1/follows/user:1/").status == 200)
      #expect(await api.call(.post, "feed/user/1/follows/", body: #"{"target":"\#(group):1"}"#).code == 4)
      #expect(await api.call(.delete, "feed/\(group)/1/x/", "foreign_id=1").status == 200)
    }
  }
}

extension String {
  /// How often a text occurs.
  fileprivate func components(_ text: String) -> Int {
    split(separator: text, omittingEmptySubsequences: false).count - 1
  }
}
