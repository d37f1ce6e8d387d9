import FeedAPIService
import HTTP
import JSON
import Testing

/// 2.9, R13–R18, and H6–H11 with real reactions.
@Suite struct ReactionListTests {
  private func filled(_ count: Int, kinds: [String] = ["like"]) async throws -> (TestAPI, [String]) {
    let api = TestAPI(isLive: true)
    var ids: [String] = []
    for number in 0..<count {
      let added = await ReactionEndpointTests.add(api, kind: kinds[number % kinds.count], user: "u\(number % 2)")
      ids.append(try #require(added.json?["id"]?.string))
    }
    return (api, ids)
  }

  private func ids(_ answer: TestAPI.Answer) -> [String] {
    (answer.json?["results"]?.array ?? []).compactMap { $0["id"]?.string }
  }

  private let path = "reaction/activity_id/\(ReactionEndpointTests.activity)/"

  /// L12, R14, R15, R17.
  @Test func pagesHaveTenAndAtMostTwentyFive() async throws {
    let (api, all) = try await filled(27, kinds: ["like", "clap"])
    let newest = Array(all.reversed())
    let first = await api.call(.get, path, headers: [("Host", "feeds.example:8080")])
    #expect(first.names == ["results", "next", "duration"])
    #expect(ids(first) == Array(newest[..<10]))
    #expect(
      first.json?["next"]?.string
        == "http://feeds.example:8080/api/v1.0/reaction/activity_id/\(ReactionEndpointTests.activity)/?id_lt=\(newest[9])&limit=10"
    )
    let cut = await api.call(.get, path, "limit=500&with_own_children=true")
    #expect(ids(cut) == Array(newest[..<25]))
    #expect(cut.json?["next"]?.string?.hasSuffix("?id_lt=\(newest[24])&limit=25&with_own_children=true") == true)
    let last = await api.call(.get, path, "id_lt=\(newest[24])&limit=2")
    #expect(ids(last) == Array(newest[25...]) && last.json?["next"]?.string == "")
    let up = await api.call(.get, path + "like/", "id_gte=\(all[2])&limit=2")
    #expect(ids(up) == [all[2], all[4]])
    #expect(up.json?["next"]?.string?.hasSuffix("/like/?id_gt=\(all[4])&limit=2") == true)
    let between = await api.call(.get, path, "id_gt=\(all[2])&id_lt=\(all[5])")
    #expect(ids(between) == [all[4], all[3]])
    #expect(await api.call(.get, path, "id_lt=x").status == 400)
    #expect(await api.call(.get, path, "limit=-1").status == 400)
    #expect(ids(await api.call(.get, path, "limit=0")) == [])
  }

  @Test func filtersCombine() async throws {
    let (api, all) = try await filled(8, kinds: ["like", "like", "clap", "clap"])
    #expect(ids(await api.call(.get, path, "user_id=u1")) == [all[7], all[5], all[3], all[1]])
    #expect(ids(await api.call(.get, path, "filter_user_id=u1&kind=clap")) == [all[7], all[3]])
    #expect(ids(await api.call(.get, path + "clap/", "filter_user_id=")) == [all[7], all[6], all[3], all[2]])
    #expect(ids(await api.call(.get, "reaction/user_id/u0/like/")) == [all[4], all[0]])
    #expect(ids(await api.call(.get, "reaction/user_id/nobody/")) == [])
    #expect(ids(await api.call(.get, "reaction/reaction_id/\(ReactionEndpointTests.unknown)/")) == [])
    #expect(ids(await api.call(.get, "reaction/activity_id/x/")) == [])
    #expect(await api.call(.get, "reaction/by_magic/x/").status == 404)
    #expect(ids(await api.call(.get, path, token: .text(TestAPI.otherServerToken), key: "other")) == [])
  }

  /// R16.
  @Test func theActivityComesWithItsReactions() async throws {
    let api = TestAPI(isLive: true)
    let added = await api.call(.post, "feed/user/1/", body: #"{"actor":"a","verb":"v","object":"o","to":["flat:x"]}"#)
    let id = try #require(added.json?["id"]?.string)
    for user in ["al", "bob"] {
      _ = await api.call(.post, "reaction/", body: #"{"kind":"like","activity_id":"\#(id)","user_id":"\#(user)"}"#)
    }
    let list = "reaction/activity_id/\(id)/"
    #expect(await api.call(.get, list).json?["activity"] == nil)
    let answer = await api.call(.get, list, "with_activity_data=true", token: .user("al"))
    #expect(answer.names == ["results", "next", "activity", "duration"])
    let activity = try #require(answer.json?["activity"])
    let plain = try #require(await api.call(.get, "activities/", "ids=\(id)").json?["results"]?.array?.first)
    let members = activity.members?.map(\.name) ?? []
    #expect(
      members.suffix(4) == ["own_reactions", "latest_reactions", "latest_reactions_extra", "reaction_counts"])
    #expect(JSONValue.object(Array(activity.members?.dropLast(4) ?? [])) == plain)
    #expect(activity["own_reactions"]?["like"]?.array?.count == 1)
    #expect(activity["latest_reactions"]?["like"]?.array == answer.json?["results"]?.array)
    #expect(activity["reaction_counts"]?.description == #"{"like":2}"#)
    let none = await api.call(.get, path, "with_activity_data=true")
    #expect(none.json?["activity"] == nil && none.status == 200)
  }

  /// H6–H10, traps 17–19.
  @Test func enrichedReadsShowReactions() async throws {
    let api = TestAPI(isLive: true)
    let added = await api.call(.post, "feed/user/1/", body: TestAPI.activity)
    let id = try #require(added.json?["id"]?.string)
    var likes: [String] = []
    for number in 0..<7 {
      let like = await api.call(
        .post, "reaction/", body: #"{"kind":"like","activity_id":"\#(id)","user_id":"u\#(number % 2)"}"#)
      likes.append(try #require(like.json?["id"]?.string))
    }
    let clap = await api.call(.post, "reaction/", body: #"{"kind":"clap","activity_id":"\#(id)","user_id":"u0"}"#)
    let clapID = try #require(clap.json?["id"]?.string)
    _ = await api.call(.delete, "reaction/\(clapID)/")
    _ = await ReactionEndpointTests.add(api, kind: "comment", user: "u0", parent: likes[6])
    func read(_ query: String, _ token: TestAPI.Token = .server) async throws -> JSONValue {
      let answer = await api.call(
        .get, "enrich/feed/user/1/", query, token: token, headers: [("Host", "h:1"), ("X-Forwarded-Proto", "https")])
      return try #require(answer.json?["results"]?.array?.first)
    }
    func shown(_ value: JSONValue?) -> [String] { value?.array?.compactMap { $0["id"]?.string } ?? [] }
    let newest = Array(likes.reversed())
    let all = try await read("withOwnReactions=true&withRecentReactions=true&withReactionCounts=true")
    #expect(all["reaction_counts"]?.description == #"{"clap":0,"like":7}"#)
    #expect(shown(all["latest_reactions"]?["like"]) == Array(newest[..<5]))
    #expect(all["latest_reactions"]?.members?.count == 1 && all["latest_reactions_extra"]?.members?.count == 1)
    #expect(
      all["latest_reactions_extra"]?["like"]?["next"]?.string
        == "https://h:1/api/v1.0/reaction/activity_id/\(id)/like/?id_lt=\(newest[4])&limit=5&withOwnChildren=false")
    #expect(shown(all["own_reactions"]?["like"]) == Array(newest[..<5]), "everybody's, where nobody is named (H9)")
    #expect(all["latest_reactions"]?["like"]?.array?.first?["children_counts"]?.description == #"{"comment":1}"#)
    #expect(all["latest_reactions"]?["like"]?.array?.first?["own_children"] == nil)
    let own = try await read("withOwnReactions=1&withOwnChildren=1", .user("u0"))
    #expect(shown(own["own_reactions"]?["like"]) == [likes[6], likes[4], likes[2], likes[0]])
    #expect(own["own_reactions"]?["like"]?.array?.first?["own_children"]?["comment"]?.array?.count == 1)
    #expect(own["own_reactions"]?["like"]?.array?.last?["own_children"]?.description == "{}")
    #expect(own["latest_reactions"] == nil && own["reaction_counts"] == nil)
    let named = try await read("withOwnReactions=1&user_id=u1&with_recent_reactions=1&recent_reactions_limit=6")
    #expect(shown(named["own_reactions"]?["like"]) == [likes[5], likes[3], likes[1]])
    #expect(
      named["latest_reactions_extra"]?["like"]?["next"]?.string?.hasSuffix(
        "?id_lt=\(newest[5])&limit=6&withOwnChildren=false&user_id=u1") == true)
    let few = try await read(
      "withRecentReactions=1&recentReactionsLimit=7&withReactionCounts=1&reactionKindsFilter=clap,like")
    #expect(few["latest_reactions_extra"]?["like"]?["next"]?.string == "")
    #expect(few["reaction_counts"]?.description == #"{"clap":0,"like":7}"#)
    let other = try await read(
      "withRecentReactions=1&withReactionCounts=1&reactionKindsFilter[]=clap&reactionKindsFilter[]=")
    #expect(other["latest_reactions"]?.description == "{}" && other["latest_reactions_extra"]?.description == "{}")
    #expect(other["reaction_counts"]?.description == #"{"clap":0}"#)
    let first = try await read("withFirstReactions=true&recentReactionsLimit=2")
    #expect(shown(first["latest_reactions"]?["like"]) == [likes[0], likes[1]])
    let byID = await api.call(.get, "enrich/activities/", "ids=\(id)&withOwnReactions=true", token: .user("u1"))
    #expect(shown(byID.json?["results"]?.array?.first?["own_reactions"]?["like"]).count == 3, "H14")
  }
}
