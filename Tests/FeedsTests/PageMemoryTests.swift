import KeevoClient
import Model
import Telemetry
import Testing

@testable import Feeds

@Suite struct PageMemoryTests {
  /// A world whose reads are counted.
  private struct Counted {
    let world = World()
    let store: CountingStore
    let engine: FeedEngine

    init(_ change: (inout FeedEngine.Options) -> Void = { _ in }) {
      store = CountingStore(world.store)
      var options = FeedEngine.Options()
      change(&options)
      engine = World.engine(store, world.clock, SequenceTimeSource(), options, Metrics())
    }

    func read(_ feed: String, limit: Int = 10, app: AppID? = nil) async throws -> [String] {
      try await engine.readFlat(world.feed(feed), app: app ?? world.app, page: PageRequest(limit: limit))
        .items.map(World.text)
    }
  }

  @Test func aPageThatStandsIsNotSentAgain() async throws {
    let counted = Counted()
    for name in ["a", "b", "c"] { try await counted.world.add(name, to: "user:1") }
    #expect(try await counted.read("user:1") == ["c", "b", "a"])
    #expect(counted.store.unchanged == 0)
    for _ in 0..<3 { #expect(try await counted.read("user:1") == ["c", "b", "a"]) }
    #expect(counted.store.unchanged == 3)
    #expect(try await counted.read("user:1", limit: 2) == ["c", "b"], "another page")
    #expect(counted.store.unchanged == 3)
  }

  @Test func everyChangeIsSeenAtTheNextRead() async throws {
    let counted = Counted()
    let world = counted.world
    try await world.follow("timeline:a", "user:1")
    let first = try await world.add("first", to: "user:1")
    func expect(_ page: [String]) async throws {
      for _ in 0..<2 { #expect(try await counted.read("timeline:a") == page) }
    }
    try await expect(["first<user:1"])
    try await world.add("second", to: "user:1")
    try await expect(["second<user:1", "first<user:1"])
    try await world.remove(first, from: "user:1")
    try await expect(["second<user:1"])
    try await world.add("own", to: "timeline:a")
    try await expect(["own", "second<user:1"])
    try await world.unfollow("timeline:a", "user:1")
    try await expect(["own"])
    try await world.follow("timeline:a", "user:1")
    try await expect(["own", "second<user:1"])
  }

  @Test func pagesOfTwoAppsAreTwo() async throws {
    let counted = Counted()
    try await counted.world.add("one", to: "user:1")
    try await counted.world.add("two", to: "user:1", app: AppID(2))
    for _ in 0..<2 {
      #expect(try await counted.read("user:1") == ["one"])
      #expect(try await counted.read("user:1", app: AppID(2)) == ["two"])
    }
    #expect(counted.store.unchanged == 2)
  }

  @Test func aPageOfSeveralAnswersIsReadAnew() async throws {
    let counted = Counted { $0.joinRowsMax = 8 }
    for number in 0..<20 { try await counted.world.add("\(number)", to: "user:1") }
    for _ in 0..<3 { #expect(try await counted.read("user:1", limit: 20).count == 20) }
    #expect(counted.store.unchanged == 0)
  }

  @Test func itIsBounded() async throws {
    let memory = PageMemory(bytesMax: 20_000)
    func key(_ number: Int) -> ByteKey { PageMemory.key([UInt8(number)], AppID(1), PageRequest()) }
    for number in 0..<200 {
      memory.keep(key(number), .init(digest: [UInt8(number)], page: FlatPage(items: [], hasMore: false)))
      _ = memory.page(key(0))
    }
    #expect(memory.page(key(0))?.digest == [0])
    #expect(memory.page(key(199))?.digest == [199])
    #expect(memory.page(key(100)) == nil)
    let none = Counted { $0.pageMemoryBytes = 0 }
    try await none.world.add("a", to: "user:1")
    for _ in 0..<2 { #expect(try await none.read("user:1") == ["a"]) }
    #expect(none.store.unchanged == 0)
  }
}
