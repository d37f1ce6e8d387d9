import FeedAPIService
import JSON
import Testing

/// Feeds 2.5, 2.7, W2, W3, W7, L1, L4, L10.
@Suite struct FollowEndpointTests {
  static let copyLimit = "activity_copy_limit must be a non-negative number not greater than 1000"

  @Test(arguments: ["following", "follows"])
  func bothSpellingsFollowListAndUnfollow(spelling: String) async {
    let api = TestAPI()
    let followed = await api.call(
      .post, "feed/timeline/1/\(spelling)/",
      body: #"{"target":"user:2","target_token":"x","activity_copy_limit":7,"more":{}}"#)
    #expect(followed.status == 201)
    #expect(followed.steadyBody == #"{"duration":"D"}"#)
    let listed = await api.call(.get, "feed/timeline/1/\(spelling)/", "filter=")
    #expect(
      listed.steadyBody
        == #"{"results":[{"feed_id":"timeline:1","target_id":"user:2","created_at":"2026-11-18T11:06:40.000001Z","#
        + #""updated_at":"2026-11-18T11:06:40.000001Z"}],"duration":"D"}"#)
    let followers = await api.call(.get, "feed/user/2/followers/", "filter=timeline:1,%20user:3&limit=1000&offset=1")
    #expect(followers.steadyBody == #"{"results":[],"duration":"D"}"#)
    let unfollowed = await api.call(.delete, "feed/timeline/1/\(spelling)/user:2/")
    #expect(unfollowed.status == 200)
    #expect(unfollowed.steadyBody == #"{"duration":"D"}"#)
    _ = await api.call(.delete, "feed/timeline/1/\(spelling)/user%3A2", "keep_history=True")
    #expect(
      api.feeds.calls == [
        "follow timeline:1>user:2*7", "following timeline:1 25 0 []", "followers user:2 500 1 [timeline:1 user:3]",
        "unfollow timeline:1>user:2", "unfollow timeline:1>user:2 keep",
      ])
  }

  @Test(arguments: ["1001", "-1", "1.5", "\"x\"", "true", "[]", "1e2", "99999999999999999999"])
  func copyLimitsAreCheckedBeforeTheFeeds(limit: String) async {
    let api = TestAPI()
    let one = await api.call(
      .post, "feed/nogroup/1/follows/", body: #"{"target":42,"activity_copy_limit":\#(limit)}"#)
    #expect(one.status == 400 && one.code == 4)
    #expect(one.detail == Self.copyLimit)
    let many = await api.call(
      .post, "follow_many/", body: #"[{"source":"nogroup:1","target":"x","activity_copy_limit":\#(limit)}]"#)
    #expect(many.detail == Self.copyLimit)
    let query = limit.replacing("\"", with: "")
    if query != "[]" {
      let inQuery = await api.call(
        .post, "follow_many/", "activity_copy_limit=\(query)", body: #"[{"source":"nogroup:1","target":"x"}]"#)
      #expect(inQuery.detail == Self.copyLimit)
    }
    #expect(api.feeds.calls == [])
  }

  @Test(arguments: [
    "{}", "[]", #"{"target":null}"#, #"{"target":42}"#, #"{"target":"user"}"#, #"{"target":"nogroup:1"}"#,
    #"{"target":"aggregated:1"}"#, #"{"target":"notification:1"}"#, #"{"target":"timeline:1"}"#, #"["x"]"#, #""x""#,
  ])
  func badTargetsAre400(body: String) async {
    let api = TestAPI()
    let answer = await api.call(.post, "feed/timeline/1/follows/", body: body)
    #expect(answer.status == 400)
    #expect(answer.code == 4)
    #expect(api.feeds.calls == [])
  }

  @Test func listsAreBounded() async {
    let api = TestAPI()
    for query in ["limit=x", "offset=-1", "offset=10001", "filter=user", "filter=user:1,x"] {
      #expect(await api.call(.get, "feed/user/1/followers/", query).code == 4, "\(query)")
    }
    #expect(api.feeds.calls == [])
  }

  @Test func unfollowingNamesItsTarget() async {
    let api = TestAPI()
    #expect(await api.call(.delete, "feed/user/1/follows/user/").code == 4)
    #expect(await api.call(.delete, "feed/user/1/follows/nogroup:1/").code == 6)
  }

  @Test(arguments: [
    "{}", "", #""x""#, #"[1]"#, #"[{"source":"user:1"}]"#, #"[{"source":"user:1","target":42}]"#,
    #"[{"source":"user:1","target":"user:2"},[]]"#,
  ])
  func batchesOfWrongShapeHaveTheExactText(body: String) async {
    let api = TestAPI()
    for path in ["follow_many/", "unfollow_many/"] {
      let answer = await api.call(.post, path, body: body)
      #expect(answer.status == 400)
      #expect(answer.code == 4)
      #expect(answer.detail == "invalid request payload")
    }
    #expect(api.feeds.calls == [])
  }

  @Test func batchesTakeTheItemsLimitFirstAndRepeatsOnce() async {
    let api = TestAPI()
    let answer = await api.call(
      .post, "follow_many/", "activity_copy_limit=5",
      body: """
        [{"source":"user:1","target":"user:2"},{"source":"user:1","target":"user:3","activity_copy_limit":0},
        {"source":"user:1","target":"user:2","activity_copy_limit":9},{"source":"flat:1","target":"user:2"}]
        """)
    #expect(answer.status == 201)
    #expect(answer.steadyBody == #"{"duration":"D"}"#)
    _ = await api.call(.post, "follow_many/", body: #"[{"source":"user:1","target":"user:2"}]"#)
    _ = await api.call(
      .post, "unfollow_many/",
      body: """
        [{"source":"user:1","target":"user:2","keep_history":true},{"source":"user:1","target":"user:3"},
        {"source":"flat:1","target":"user:2","keep_history":"YES"},{"source":"flat:1","target":"user:3","keep_history":0}]
        """)
    #expect(
      api.feeds.calls == [
        "follow user:1>user:2*5 user:1>user:3*0 flat:1>user:2*5", "follow user:1>user:2*100",
        "unfollow user:1>user:2 keep user:1>user:3 flat:1>user:2 keep flat:1>user:3",
      ])
    api.feeds.clear()
    #expect(await api.call(.post, "follow_many/", body: "[]").status == 201)
    #expect(api.feeds.calls == [])
  }

  @Test(arguments: [
    #"[{"source":"user:1","target":"user:2"},{"source":"nogroup:1","target":"user:2"}]"#,
    #"[{"source":"user:1","target":"user:2"},{"source":"user:1","target":"nogroup:2"}]"#,
    #"[{"source":"user:1","target":"user:2"},{"source":"user","target":"user:2"}]"#,
  ])
  func validationOfABatchIsAllOrNothing(body: String) async {
    let api = TestAPI()
    #expect(await api.call(.post, "follow_many/", body: body).code == 4)
    #expect(await api.call(.post, "unfollow_many/", body: body).code == 4)
    #expect(await api.call(.post, "follow_many/", body: #"[{"source":"user:1","target":"user:1"}]"#).code == 4)
    #expect(await api.call(.post, "follow_many/", body: #"[{"source":"user:1","target":"aggregated:1"}]"#).code == 4)
    #expect(api.feeds.calls == [])
  }

  @Test func batchesAreBounded() async {
    let api = TestAPI { $0.followManyMax = 2 }
    let item = #"{"source":"user:1","target":"user:2"}"#
    #expect(await api.call(.post, "follow_many/", body: "[\(item),\(item)]").status == 201)
    #expect(await api.call(.post, "follow_many/", body: "[\(item),\(item),\(item)]").code == 4)
    #expect(await api.call(.post, "unfollow_many/", body: "[\(item),\(item),\(item)]").code == 4)
  }
}
