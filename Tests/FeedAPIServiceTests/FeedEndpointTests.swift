import FeedAPIService
import Feeds
import JSON
import Model
import Testing

/// Feeds 2.2–2.4, 2.8: adding, reading and removing.
@Suite struct FeedEndpointTests {
  static let id = "00000000-0000-1000-8000-000000000001"

  @Test func oneActivityComesBackAsItIsReadPlusDuration() async throws {
    let api = TestAPI()
    let body =
      #"{"x":0.50,"actor":1,"verb":"v","object":"o","foreign_id":7,"time":"2026-11-21T10:00:00.1","to":["user:2 t"],"l":[]}"#
    let added = await api.call(.post, "feed/user/1/", body: body)
    #expect(added.status == 201)
    let id = try #require(added.json?["id"]?.string)
    let activity =
      #"{"id":"\#(id)","actor":"1","verb":"v","object":"o","target":"","foreign_id":"7","#
      + #""time":"2026-11-21T10:00:00.100000","origin":null,"to":["user:2"],"x":0.50,"l":[]"#
    #expect(added.steadyBody == activity + #","duration":"D"}"#)
    let page = await api.call(.get, "feed/user/1/")
    #expect(page.status == 200)
    #expect(page.steadyBody == #"{"results":[\#(activity)}],"next":"","duration":"D"}"#)
    let byID = await api.call(.get, "activities/", "ids=\(id)")
    #expect(byID.steadyBody == #"{"results":[\#(activity)}],"duration":"D"}"#)
    let byForeignID = await api.call(.get, "activities/", "foreign_ids=7&timestamps=2026-11-21T10:00:00.1")
    #expect(byForeignID.steadyBody == byID.steadyBody)
  }

  @Test func aBatchComesBackInOrder() async {
    let api = TestAPI()
    let added = await api.call(
      .post, "feed/user/1/",
      body: #"{"activities":[{"actor":"a","verb":"v","object":"1"},{"actor":"a","verb":"v","object":"2"}]}"#)
    #expect(added.status == 201)
    #expect(added.names == ["activities", "duration"])
    #expect(added.json?["activities"]?.array?.map { $0["object"]?.string } == ["1", "2"])
    #expect(api.feeds.calls == ["add 2 to 1/user:1"])
  }

  @Test func limitsOfAnAddAreKept() async {
    let api = TestAPI {
      $0.activitiesPerAddMax = 2
      $0.targetsMax = 2
    }
    let one = TestAPI.activity
    #expect(await api.call(.post, "feed/user/1/", body: #"{"activities":[\#(one),\#(one)]}"#).status == 201)
    #expect(await api.call(.post, "feed/user/1/", body: #"{"activities":[\#(one),\#(one),\#(one)]}"#).code == 4)
    #expect(await api.call(.post, "feed/user/1/", body: #"{"activities":[]}"#).code == 4)
    #expect(await api.call(.post, "feed/user/1/", body: #"{"activities":{}}"#).code == 4)
    #expect(
      await api.call(.post, "feed/user/1/", body: #"{"activities":[1]}"#).detail
        == "activities[0]: an activity must be an object")
    let targets = #"{"actor":"a","verb":"v","object":"o","to":["user:2","user:3","user:4"]}"#
    #expect(await api.call(.post, "feed/user/1/", body: targets).code == 4)
    #expect(await api.call(.post, "feed/user/2/", body: targets).status == 201)
  }

  @Test func unknownGroupsStoreNothing() async {
    let api = TestAPI()
    func add(to feed: String, _ to: String = "[]") async -> TestAPI.Answer {
      await api.call(.post, "feed/\(feed)/1/", body: #"{"actor":"a","verb":"v","object":"o","to":\#(to)}"#)
    }
    let unknown = await add(to: "nogroup")
    #expect(unknown.status == 400 && unknown.code == 6)
    #expect(unknown.json?["exception"]?.string == "FeedConfigException")
    #expect(await api.call(.post, "follow_many/", body: #"[{"source":"nogroup:1","target":"user:1"}]"#).code == 4)
    let target = await add(to: "user", #"["nogroup:1"]"#)
    #expect(target.code == 4)
    #expect(target.json?["exception_fields"]?.description == #"{"to":["the feed group nogroup does not exist"]}"#)
    for name in ["us%20er/1", "user/a.b", "user/\(String(repeating: "x", count: 256))", "user/%C3%A9"] {
      #expect(await api.call(.get, "feed/\(name)/").code == 4)
    }
    #expect(api.feeds.calls == [])
  }

  @Test func usersMayOnlyWhatPoliciesAllow() async {
    let api = TestAPI()
    func add(_ feed: String, actor: String? = nil, to: String? = nil, as user: String = "alice") async -> Int {
      let members = [actor.map { #""actor":"\#($0)""# }, to.map { #""to":["\#($0)"]"# }, #""verb":"v","object":"o""#]
      let answer = await api.call(
        .post, "feed/\(feed)/", body: "{\(members.compactMap { $0 }.joined(separator: ","))}", token: .user(user))
      return answer.status
    }
    #expect(await add("user/alice", actor: "SU:alice") == 201)
    #expect(await add("user/alice", actor: "alice") == 201)
    #expect(await add("timeline/alice") == 201)
    #expect(await add("wall/bob") == 201)
    #expect(await add("user/alice", to: "wall:bob") == 201)
    #expect(await add("user/alice", to: "timeline:alice") == 201)
    #expect(await add("user/alice", actor: "bob") == 403)
    #expect(await add("user/bob") == 403)
    #expect(await add("user/alice", to: "user:bob") == 403)
    #expect(await add("user/alice", to: "timeline:bob") == 403)
    let added = await api.call(.post, "feed/user/alice/", body: #"{"verb":"v","object":"o"}"#, token: .user("alice"))
    #expect(added.json?["actor"]?.string == "SU:alice")
    func read(_ feed: String) async -> Int {
      let answer = await api.call(.get, "feed/\(feed)/", token: .user("alice"))
      return answer.status
    }
    #expect(await read("user/bob") == 200)
    #expect(await read("wall/bob") == 200)
    #expect(await read("timeline/alice") == 200)
    #expect(await read("timeline/bob") == 403)
    let refused = await api.call(.get, "feed/timeline/bob/", token: .user("alice"))
    #expect(refused.code == 17)
    #expect(
      refused.detail
        == "You do not have permission to do this, you got this error because there are no policies allowing this request "
        + "on this application. Please consult the documentation https://getstream.io/docs/")
    for (path, method) in [("user/bob/followers", "get"), ("user/bob/following", "get")] {
      #expect(method == "get")
      #expect(await api.call(.get, "feed/\(path)/", token: .user("alice")).status == 403)
    }
    #expect(await api.call(.get, "feed/user/alice/followers/", token: .user("alice")).status == 200)
    #expect(await api.call(.delete, "feed/user/bob/\(Self.id)/", token: .user("alice")).status == 403)
    #expect(await api.call(.delete, "feed/user/alice/\(Self.id)/", token: .user("alice")).status == 200)
    let follow = #"{"target":"timeline:bob"}"#
    #expect(await api.call(.post, "feed/timeline/alice/follows/", body: follow, token: .user("alice")).status == 201)
    #expect(await api.call(.post, "feed/timeline/carl/follows/", body: follow, token: .user("alice")).status == 403)
    #expect(await api.call(.delete, "feed/timeline/carl/follows/user:bob/", token: .user("alice")).status == 403)
    #expect(await api.call(.post, "follow_many/", body: "[]", token: .user("alice")).status == 403)
    #expect(await api.call(.post, "unfollow_many/", body: "[]", token: .user("alice")).status == 403)
    #expect(await api.call(.post, "follow_many/", body: "{}", token: .user("alice")).status == 400)
    #expect(await api.call(.get, "activities/", "ids=\(Self.id)", token: .user("alice")).status == 200)
  }

  @Test func readOnlyTokensReadTheirFeedAndNothingElse() async {
    let api = TestAPI()
    let token = TestAPI.Token.scope(resource: "*", action: "read", feedID: "user1")
    for path in ["feed/user/1/", "feed/user/1/followers/", "feed/user/1/follows/"] {
      #expect(await api.call(.get, path, token: token).status == 200)
    }
    for path in ["feed/user/2/", "activities/", "feed/flat/1/"] {
      #expect(await api.call(.get, path, "ids=\(Self.id)", token: token).status == 403)
    }
    #expect(await api.call(.post, "feed/user/1/", body: TestAPI.activity, token: token).status == 403)
    #expect(await api.call(.delete, "feed/user/1/\(Self.id)/", token: token).status == 403)
  }

  @Test func removalEchoesWhatWasGiven() async {
    let api = TestAPI()
    let byID = await api.call(.delete, "feed/user/1/\(Self.id)/")
    #expect(byID.status == 200)
    #expect(byID.steadyBody == #"{"removed":"\#(Self.id)","duration":"D"}"#)
    let byForeignID = await api.call(.delete, "feed/user/1/tweet%3A10/a%2Fb/", "foreign_id=1")
    #expect(byForeignID.steadyBody == #"{"removed":"tweet:10/a/b","duration":"D"}"#)
    #expect(api.feeds.calls == ["remove \(Self.id) from 1/user:1", "remove foreign tweet:10/a/b from 1/user:1"])
    #expect(await api.call(.delete, "feed/user/1/tweet:10/").code == 4)
    #expect(await api.call(.delete, "feed/user/1/tweet:10/", "foreign_id=0").code == 4)
  }

  @Test func activitiesAreAskedInOneOfTwoWays() async {
    let api = TestAPI()
    func code(_ query: String) async -> Int? { await api.call(.get, "activities/", query).code }
    #expect(await code("") == 4)
    #expect(await code("ids=\(Self.id)&foreign_ids=a&timestamps=2026-11-21") == 4)
    #expect(await code("foreign_ids=a") == 4)
    #expect(await code("timestamps=2026-11-21") == 4)
    #expect(await code("foreign_ids=a,b&timestamps=2026-11-21") == 4)
    #expect(await code("foreign_ids=a&timestamps=yesterday") == 4)
    #expect(await code("ids=x") == 4)
    let many = (0..<101).map { _ in Self.id }.joined(separator: ",")
    #expect(await code("ids=\(many)") == 4)
    #expect(api.feeds.calls == [])
    let ids = "\(Self.id),00000000-0000-1000-8000-000000000002"
    for query in [
      "ids=\(ids)", "ids=" + ids.replacing(",", with: "&ids="), "ids[]=" + ids.replacing(",", with: "&ids[]="),
      "ids[0]=" + ids.replacing(",", with: "&ids[1]="), "ids=%20\(ids),,\(Self.id)",
    ] {
      #expect(await api.call(.get, "activities/", query).status == 200, "\(query)")
    }
    #expect(api.feeds.calls == Array(repeating: "activities 2 of 1", count: 5))
  }

  @Test func onePathNeverShowsAnotherAppsFeed() async throws {
    let api = TestAPI()
    let added = await api.call(.post, "feed/user/1/", body: TestAPI.activity)
    let id = try #require(added.json?["id"]?.string)
    let page = await api.call(.get, "feed/user/1/", token: .none, key: "other")
    #expect(page.json?["results"]?.array?.isEmpty == true)
    #expect(api.feeds.calls.last == "read 2/user:1")
    #expect(await api.call(.get, "activities/", "ids=\(id)").json?["results"]?.array?.count == 1)
  }
}
