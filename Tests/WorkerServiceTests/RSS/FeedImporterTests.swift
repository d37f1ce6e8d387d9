import HTTP
import JSON
import Model
import Testing

@testable import WorkerService

@Suite struct FeedImporterTests {
  private static let now = ActivityTime("2026-11-21T10:00:00").map(\.microseconds) ?? 0

  private func importer(_ api: FakeFeedAPI, minutesLater: Int64 = 0, storedMax: Int = FeedImporter.storedMax) throws
    -> FeedImporter
  {
    var options = try RSSOptions(["--base-url=http://localhost:8080/", "--api-key=k y", "x.xml"])
    options.group = "source"
    let credentials = try APICredentials(
      options, variable: { $0 == "MILLRACE_API_SECRET" ? "a-secret-of-more-than-32-characters" : nil },
      readFile: { _ in nil })
    let moment = ActivityTime(microseconds: Self.now + minutesLater * 60_000_000)
    return FeedImporter(
      api: FeedAPI(credentials: credentials, calls: api, now: { moment }), now: { moment }, storedMax: storedMax)
  }

  private let source = FeedID(group: "source", id: "shelf")
  private let timeline = FeedID(group: "timeline", id: "demo")

  private func document(_ titles: [String], date: String = "") throws -> FeedDocument {
    let items = titles.map { "<item><title>\($0)</title><guid>\($0)</guid>\(date)</item>" }
    return try feed("<rss><channel>\(items.joined())</channel></rss>")
  }

  @Test func undatedEntriesKeepDocumentOrderAndASecondImportAddsNothing() async throws {
    let api = FakeFeedAPI()
    let source = try #require(source)
    let document = try document(["a", "b", "c"])
    #expect(try await importer(api).run(document, into: source, followers: []) == .init(added: 3))
    let first = api.entries("source:shelf")
    #expect(first.map(\.foreignID) == ["shelf:a", "shelf:b", "shelf:c"])
    #expect(
      first.map(\.time) == ["2026-11-21T10:00:00.000000", "2026-11-21T09:59:00.000000", "2026-11-21T09:58:00.000000"])
    #expect(try await importer(api, minutesLater: 30).run(document, into: source, followers: []) == .init(unchanged: 3))
    #expect(api.entries("source:shelf").map(\.time) == first.map(\.time))
    #expect(api.state.withLock { $0.batches } == [3])
  }

  @Test func aNewUndatedEntryGoesOnTopAndTheOthersStay() async throws {
    let api = FakeFeedAPI()
    let source = try #require(source)
    _ = try await importer(api).run(document(["b", "c"]), into: source, followers: [])
    let outcome = try await importer(api, minutesLater: 5).run(document(["a", "b", "c"]), into: source, followers: [])
    #expect(outcome == .init(added: 1, unchanged: 2))
    #expect(api.entries("source:shelf").map(\.foreignID) == ["shelf:a", "shelf:b", "shelf:c"])
    #expect(api.entries("source:shelf").first?.time == "2026-11-21T10:05:00.000000")
  }

  @Test func aChangedEntryIsReplacedAtTheTimeItHas() async throws {
    let api = FakeFeedAPI()
    let source = try #require(source)
    let old = try feed(
      "<rss><channel><item><guid>1</guid><title>Tide</title><pubDate>2026-11-01</pubDate></item></channel></rss>")
    let new = try feed(
      "<rss><channel><item><guid>1</guid><title>Tides</title><pubDate>2026-11-02</pubDate></item></channel></rss>")
    #expect(try await importer(api).run(old, into: source, followers: []) == .init(added: 1))
    #expect(try await importer(api).run(new, into: source, followers: []) == .init(changed: 1))
    #expect(api.entries("source:shelf").map(\.time) == ["2026-11-01T00:00:00.000000"])
  }

  @Test func addsInBatchesOfAHundredAndFindsThemAgainOverPages() async throws {
    let api = FakeFeedAPI()
    let source = try #require(source)
    let document = try document((0..<250).map { "n\($0)" })
    #expect(try await importer(api).run(document, into: source, followers: []) == .init(added: 250))
    #expect(api.state.withLock { $0.batches } == [100, 100, 50])
    #expect(
      try await importer(api, minutesLater: 9).run(document, into: source, followers: []) == .init(unchanged: 250))
    #expect(api.state.withLock { $0.batches }.count == 3)
  }

  @Test func undatedEntriesAreRefusedWhereTheFeedIsTooLongToLookThrough() async throws {
    let api = FakeFeedAPI()
    let source = try #require(source)
    _ = try await importer(api).run(document((0..<250).map { "n\($0)" }), into: source, followers: [])
    await #expect(throws: RSSFailure.self) {
      try await importer(api, storedMax: 100).run(document(["n249", "new"]), into: source, followers: [])
    }
    let dated = try document(["new"], date: "<pubDate>2026-11-01</pubDate>")
    #expect(try await importer(api, storedMax: 100).run(dated, into: source, followers: []) == .init(added: 1))
  }

  @Test func entriesEqualInEverythingAreAddedOnce() async throws {
    let api = FakeFeedAPI()
    let source = try #require(source)
    let twice = try feed("<rss><channel><item><title>x</title></item><item><title>x</title></item></channel></rss>")
    #expect(try await importer(api).run(twice, into: source, followers: []) == .init(added: 1))
  }

  @Test func followersFollowAndTheSecretIsInNoAddress() async throws {
    let api = FakeFeedAPI()
    let source = try #require(source)
    let timeline = try #require(timeline)
    _ = try await importer(api).run(document(["a"]), into: source, followers: [timeline])
    #expect(api.state.withLock { $0.follows } == ["timeline:demo source:shelf"])
    let (urls, tokens) = api.state.withLock { ($0.urls, $0.authorizations) }
    #expect(urls.allSatisfy { $0.hasPrefix("http://localhost:8080/api/v1.0/feed/") && $0.contains("api_key=k%20y") })
    #expect(!urls.contains { $0.contains("secret") })
    #expect(tokens.allSatisfy { $0.split(separator: ".").count == 3 })
  }

  @Test func theServersRefusalIsTold() async throws {
    let api = FakeFeedAPI()
    let source = try #require(source)
    api.state.withLock { $0.refusal = (400, #"{"detail":"no group source","code":6}"#) }
    await #expect(throws: RSSFailure("POST feed/source/shelf/: 400/6 no group source")) {
      try await importer(api).run(document(["a"]), into: source, followers: [])
    }
  }

  @Test func oneBadDocumentDoesNotStopTheRest() async throws {
    let api = FakeFeedAPI()
    let run = ImportRun(group: "source", followers: [], importer: try importer(api), documents: api)
    await #expect(throws: RSSFailure("cannot be opened: No such file or directory")) {
      try await run.one("/no/such/file.xml")
    }
    await #expect(throws: RSSFailure("the server answered 404")) { try await run.one("http://x.example/feed.xml") }
  }
}
