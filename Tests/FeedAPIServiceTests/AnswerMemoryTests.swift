import JSON
import KeevoClient
import Model
import Testing

@testable import FeedAPIService

/// Pages as they were given last: as fresh as any, whoever changes what they are made of.
@Suite struct AnswerMemoryTests {
  private static func live(_ change: (inout APILimits) -> Void = { _ in }) async -> TestAPI {
    let api = TestAPI(isLive: true, change)
    _ = await api.call(
      .post, "feed/user/1/", body: #"{"actor":"SU:bob","verb":"post","object":"a","time":"2026-01-01T00:00:00"}"#)
    return api
  }

  private static func results(_ answer: TestAPI.Answer) -> [JSONValue] { answer.json?["results"]?.array ?? [] }

  @Test(arguments: [
    "feed/user/1/", "enrich/feed/user/1/", "feed/user/1.atom/", "feed/notification/1/", "enrich/feed/notification/1/",
  ])
  func aPageThatStandsIsGivenAgainForOneQuestion(_ path: String) async {
    let api = await Self.live()
    _ = await api.call(.post, "feed/notification/1/", body: TestAPI.activity)
    let first = await api.call(.get, path, "limit=5")
    #expect(first.status == 200)
    let reads = api.store.reads
    for number in 1...3 {
      let again = await api.call(.get, path, "limit=5")
      #expect(again.steadyBody == first.steadyBody && again.header("ETag") == first.header("ETag"))
      #expect(api.store.reads == reads)
      #expect(api.store.questions >= number)
    }
    let known = await api.call(.get, path, "limit=5", headers: [("If-None-Match", first.header("ETag") ?? "")])
    #expect(known.status == 304 && known.response.body.isEmpty)
    #expect(api.store.reads == reads)
    _ = await api.call(.get, path, "limit=4")
    #expect(api.store.reads > reads, "another page")
  }

  @Test func everyChangeIsSeenAtTheNextRead() async throws {
    let api = await Self.live()
    let path = "enrich/feed/user/1/"
    let query = "withReactionCounts=true&withOwnReactions=true&user_id=ann"
    func page() async -> [JSONValue] {
      let first = Self.results(await api.call(.get, path, query))
      #expect(Self.results(await api.call(.get, path, query)) == first)
      return first
    }
    let id = await page().first?["id"]?.string ?? ""
    #expect(await page().first?["actor"]?["error"]?.string == "ReferenceNotFound")
    _ = await api.call(.post, "user/", body: #"{"id":"bob","data":{"name":"Bob"}}"#)
    #expect(await page().first?["actor"]?["data"]?["name"]?.string == "Bob")
    _ = await api.call(.put, "user/bob/", body: #"{"data":{"name":"Robert"}}"#)
    #expect(await page().first?["actor"]?["data"]?["name"]?.string == "Robert")
    _ = await api.call(.post, "reaction/", body: #"{"kind":"like","activity_id":"\#(id)","user_id":"ann"}"#)
    #expect(await page().first?["reaction_counts"]?["like"]?.integer == 1)
    #expect(await page().first?["own_reactions"]?["like"]?.array?.count == 1)
    _ = await api.call(
      .post, "feed/user/1/", body: #"{"actor":"SU:bob","verb":"post","object":"b","time":"2026-01-02T00:00:00"}"#)
    #expect(await page().map { $0["object"]?.string } == ["b", "a"])
    _ = await api.call(.delete, "feed/user/1/\(id)/")
    #expect(await page().map { $0["object"]?.string } == ["b"])
    // What comes by a follow, and goes with it.
    #expect(Self.results(await api.call(.get, "feed/timeline/x/")).isEmpty)
    _ = await api.call(.post, "feed/timeline/x/follows/", body: #"{"target":"user:1"}"#)
    #expect(Self.results(await api.call(.get, "feed/timeline/x/")).count == 1)
    _ = await api.call(.delete, "feed/timeline/x/follows/user:1/")
    #expect(Self.results(await api.call(.get, "feed/timeline/x/")).isEmpty)
  }

  @Test func marksAreMadeAtEachReadAndSeenAtTheNext() async {
    let api = await Self.live()
    func unseen(_ query: String = "") async -> Int? {
      await api.call(.get, "feed/notification/1/", query).json?["unseen"]?.integer
    }
    _ = await api.call(.post, "feed/notification/1/", body: TestAPI.activity)
    #expect(await unseen() == 1)
    #expect(await unseen() == 1)
    #expect(await unseen("mark_seen=true") == 1)
    #expect(await unseen() == 0)
    _ = await api.call(
      .post, "feed/notification/1/", body: #"{"actor":"c","verb":"another","object":"o"}"#)
    #expect(await unseen() == 1)
    #expect(await unseen("mark_seen=true") == 1)
    #expect(await unseen() == 0)
  }

  @Test func whoMayNotReadIsNotGivenWhatAnotherWasGiven() async {
    let api = await Self.live()
    _ = await api.call(.post, "feed/timeline/ann/", body: TestAPI.activity)
    for _ in 0..<2 {
      #expect(await api.call(.get, "feed/timeline/ann/").status == 200)
      #expect(await api.call(.get, "feed/timeline/ann/", token: .user("ann")).status == 200)
      #expect(await api.call(.get, "feed/timeline/ann/", token: .user("bob")).status == 403)
      #expect(await api.call(.get, "feed/timeline/ann/", token: .none).status == 401)
      let other = await api.call(.get, "feed/timeline/ann/", token: .text(TestAPI.otherServerToken), key: "other")
      #expect(Self.results(other).isEmpty)
    }
  }

  @Test func rankedPagesAreMadeAnew() async {
    let api = await Self.live()
    _ = await api.call(.post, "feed/ranked/1/", body: TestAPI.activity)
    _ = await api.call(.get, "feed/ranked/1/", "ranking=popular")
    let reads = api.store.reads
    _ = await api.call(.get, "feed/ranked/1/", "ranking=popular")
    #expect(api.store.reads > reads)
  }

  @Test func theMemoryIsBounded() async {
    let none = await Self.live { $0.answerBytesMax = 0 }
    for _ in 0..<2 { _ = await none.call(.get, "feed/user/1/") }
    let reads = none.store.reads
    #expect(Self.results(await none.call(.get, "feed/user/1/")).count == 1)
    #expect(none.store.reads > reads)
    let small = await Self.live { $0.answerBytesMax = 8_000 }
    _ = await small.call(.get, "feed/user/1/")
    for number in 1...20 { _ = await small.call(.get, "feed/user/1/", "limit=\(number)") }
    let before = small.store.reads
    _ = await small.call(.get, "feed/user/1/")
    #expect(small.store.reads > before, "the oldest has gone")
    let after = small.store.reads
    _ = await small.call(.get, "feed/user/1/")
    #expect(small.store.reads == after)
  }
}
