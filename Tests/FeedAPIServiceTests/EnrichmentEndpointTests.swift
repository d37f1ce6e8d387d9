import FeedAPIService
import Feeds
import HTTP
import Model
import Testing

/// 2.2, 2.8, H6–H10, H14: the enriched reads.
@Suite struct EnrichmentEndpointTests {
  private func filled() async -> TestAPI {
    let api = TestAPI()
    _ = await api.call(.post, "user/", body: #"{"id":"bob","data":{"n":1}}"#)
    _ = await api.call(
      .post, "feed/user/1/", body: #"{"actor":"SU:bob","verb":"v","object":"SO:food:b1","x":["SU:bob"]}"#)
    return api
  }

  private static let bob =
    #"{"id":"bob","data":{"n":1},"created_at":"2026-11-18T11:06:40.000001Z","updated_at":"2026-11-18T11:06:40.000001Z"}"#
  private static let missing =
    #"{"error":"ReferenceNotFound","reference":"SO:food:b1","reference_type":"object","id":"b1","collection":"food"}"#

  @Test func aPageIsEnriched() async throws {
    let api = await filled()
    let page = await api.call(.get, "enrich/feed/user/1/")
    #expect(page.status == 200)
    #expect(page.names == ["results", "next", "duration"])
    let result = try #require(page.json?["results"]?.array?.first)
    #expect(result["actor"]?.description == Self.bob)
    #expect(result["object"]?.description == Self.missing)
    #expect(result["x"]?.description == "[\(Self.bob)]")
    #expect(result["own_reactions"] == nil)
    let plain = await api.call(.get, "feed/user/1/", "withOwnReactions=true")
    #expect(plain.json?["results"]?.array?.first?["actor"]?.string == "SU:bob")
    #expect(plain.json?["results"]?.array?.first?["own_reactions"] == nil, "H13")
    let id = try #require(result["id"]?.string)
    let byID = await api.call(.get, "enrich/activities/", "ids=\(id)")
    #expect(byID.names == ["results", "duration"])
    #expect(byID.json?["results"]?.array == [result])
  }

  @Test func theTagChangesWithWhatIsNamed() async throws {
    let api = await filled()
    let first = await api.call(.get, "enrich/feed/user/1/")
    let tag = try #require(first.header("ETag"))
    #expect(await api.call(.get, "enrich/feed/user/1/", headers: [("If-None-Match", tag)]).status == 304)
    _ = await api.call(.put, "user/bob/", body: #"{"data":{"n":2}}"#)
    let second = await api.call(.get, "enrich/feed/user/1/", headers: [("If-None-Match", tag)])
    #expect(second.status == 200)
    #expect(second.header("ETag") != tag)
    _ = await api.call(.delete, "user/bob/")
    let gone = await api.call(.get, "enrich/feed/user/1/")
    #expect(gone.json?["results"]?.array?.first?["actor"]?["error"]?.string == "ReferenceNotFound")
  }

  @Test func nextNamesTheEnrichedPage() async {
    let api = await filled()
    _ = await api.call(.post, "feed/user/1/", body: TestAPI.activity)
    let page = await api.call(.get, "enrich/feed/user/1/", "limit=1&withOwnReactions=True")
    let next = page.json?["next"]?.string ?? ""
    #expect(next.hasPrefix("/api/v1.0/enrich/feed/user/1/?api_key=key&id_lt="))
    #expect(next.hasSuffix("&limit=1&withOwnReactions=True"))
  }

  @Test func policiesAndScopesAreThoseOfThePlainFeed() async {
    let api = await filled()
    #expect(await api.call(.get, "enrich/feed/timeline/bob/", token: .user("alice")).status == 403)
    #expect(await api.call(.get, "enrich/feed/user/1/", token: .user("alice")).status == 200)
    let reader = TestAPI.Token.scope(resource: "*", action: "read", feedID: "user1")
    #expect(await api.call(.get, "enrich/feed/user/1/", token: reader).status == 200)
    #expect(await api.call(.get, "enrich/feed/user/2/", token: reader).status == 403)
    #expect(await api.call(.get, "enrich/feed/nogroup/2/").code == 6)
    #expect(await api.call(.get, "enrich/activities/").code == 4)
    #expect(await api.call(.get, "enrich/feed/user/1.as2/").code == 4)
    #expect(await api.call(.get, "enrich/feed/user/1/", token: .none, key: "other").status == 200)
    #expect(await api.call(.get, "enrich/activities/", "ids=", token: .none, key: "other").code == 3)
  }

  // MARK: Options

  private func options(
    _ query: String, token: TestAPI.Token = .server, headers: [(String, String)] = []
  ) async -> (EnrichmentOptions?, TestAPI.Answer) {
    let noted = NotedOptions()
    let api = TestAPI(reactions: noted)
    _ = await api.call(.post, "feed/user/1/", body: TestAPI.activity)
    let answer = await api.call(.get, "enrich/feed/user/1/", query, token: token, headers: headers)
    return (noted.options, answer)
  }

  @Test(arguments: ["withOwnReactions", "with_own_reactions", "ownReactions"])
  func ownReactionsHaveThreeSpellings(name: String) async {
    #expect(await options("\(name)=True").0?.withOwnReactions == true)
    #expect(await options("\(name)=0").0 == nil)
  }

  @Test func everyOptionHasItsSpellings() async {
    for name in ["withRecentReactions", "with_recent_reactions"] {
      #expect(await options("\(name)=1").0?.withRecentReactions == true)
    }
    #expect(await options("withFirstReactions=true").0?.withFirstReactions == true)
    for name in ["withReactionCounts", "with_reaction_counts"] {
      #expect(await options("\(name)=t").0?.withReactionCounts == true)
    }
    let base = "withOwnReactions=true&"
    for name in ["withOwnChildren", "with_own_children"] {
      #expect(await options("\(base)\(name)=true").0?.withOwnChildren == true)
    }
    #expect(await options("\(base)withOwnChildrenKinds=a,b").0?.ownChildrenKinds == ["a", "b"])
    for name in ["reactionKindsFilter", "reaction_kinds_filter", "reactionKindsFilter[]"] {
      #expect(await options("\(base)\(name)=like,%20,clap").0?.reactionKinds == ["like", "clap"])
    }
    for name in ["recentReactionsLimit", "recent_reactions_limit", "reaction_limit"] {
      #expect(await options("\(base)\(name)=7").0?.recentReactionsLimit == 7)
      #expect(await options("\(base)\(name)=26").0?.recentReactionsLimit == 25)
      #expect(await options("\(base)\(name)=x").1.code == 4)
    }
    #expect(await options(base).0?.recentReactionsLimit == 5)
  }

  @Test func theUserIsTheTokensThenTheQuerys() async {
    let base = "withOwnReactions=true"
    #expect(await options(base).0?.user == nil, "everybody's")
    #expect(await options("\(base)&user_id=bob").0?.user == "bob")
    #expect(await options("\(base)&withUserId=bob").0?.requestedUser == "bob")
    let own = await options("\(base)&user_id=bob", token: .user("alice")).0
    #expect(own?.user == "alice" && own?.requestedUser == nil, "another's is ignored")
    #expect(await options("\(base)&user_id=alice", token: .user("alice")).0?.requestedUser == "alice")
  }

  @Test func addressesBeginAsTheClientSeesTheServer() async {
    func origin(_ headers: [(String, String)]) async -> String? {
      await options("withOwnReactions=true", headers: headers).0?.origin
    }
    #expect(await origin([("Host", "feeds.example:8080")]) == "http://feeds.example:8080")
    #expect(await origin([("Host", "feeds.example"), ("X-Forwarded-Proto", "https")]) == "https://feeds.example")
    #expect(await origin([("Host", "a\"><b")]) == "http://localhost")
    #expect(await origin([]) == "http://localhost")
  }

  /// G8: what stands in groups is enriched like what stands in flat feeds, to the last member.
  @Test func activitiesInGroupsAreEnrichedLikeFlatOnes() async throws {
    let api = TestAPI(isLive: true)
    _ = await api.call(.post, "user/", body: #"{"id":"bob","data":{"name":"Bob"}}"#)
    _ = await api.call(.post, "collections/food/", body: #"{"id":"b1","data":{"name":"bread"}}"#)
    var first = ""
    for (object, target) in [("SO:food:b1", "SU:nobody"), ("SU:bob", ""), ("{first}", "")] {
      let body =
        #"{"actor":"SU:bob","verb":"v","object":"\#(object.replacing("{first}", with: "SA:\(first)"))","target":"\#(target)","#
        + #""time":"2026-11-21T10:00:00.00000\#(object.count % 10)","to":["user:flat"]}"#
      let added = await api.call(.post, "feed/aggregated/1/", body: body)
      #expect(added.status == 201, "\(added.body)")
      if first.isEmpty { first = try #require(added.json?["id"]?.string) }
    }
    for kind in ["like", "like", "comment"] {
      _ = await api.call(.post, "reaction/", body: #"{"kind":"\#(kind)","activity_id":"\#(first)","user_id":"bob"}"#)
    }
    for options in [
      "", "withOwnReactions=1&user_id=bob", "withRecentReactions=1&withReactionCounts=1&recentReactionsLimit=1",
      "withReactionCounts=1&reactionKindsFilter=comment", "withRecentReactions=1&withOwnChildren=1&user_id=bob",
    ] {
      let flat = await api.call(.get, "enrich/feed/user/flat/", options)
      let grouped = await api.call(.get, "enrich/feed/aggregated/1/", options)
      let one = try #require(flat.json?["results"]?.array).map(\.description).sorted()
      let other = try #require(grouped.json?["results"]?.array).flatMap { $0["activities"]?.array ?? [] }
        .map(\.description).sorted()
      #expect(one.count == 3 && one == other, "\(options)")
      #expect(
        other.joined().contains("\"Bob\"") && other.joined().contains("\"bread\"")
          && other.joined().contains("ReferenceNotFound"))
      #expect(other.joined().contains("reaction_counts") == options.contains("Counts"))
    }
  }
}
