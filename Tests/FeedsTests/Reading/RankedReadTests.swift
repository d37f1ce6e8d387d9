import Feeds
import KeevoClient
import Model
import Testing

/// K2, K8, K10: ranked reads on a store.
@Suite struct RankedReadTests {
  private func read(
    _ world: World, _ feed: String, _ score: String, _ change: (inout RankedRequest) -> Void = { _ in }
  ) async throws -> FlatPage {
    var request = RankedRequest(
      page: PageRequest(limit: 100), method: try RankingSamples.method(score, defaults: #"{"p":0,"origin":""}"#),
      now: ActivityTime(microseconds: 1_000_000_000), seed: 1)
    change(&request)
    return try await world.engine.readRanked(world.feed(feed), app: world.app, request: request)
  }

  @Test func aTimelineIsRankedAcrossItsSources() async throws {
    let world = World()
    try await world.follow("flat:all", "user:a")
    for (index, p) in [3, 9, 1].enumerated() {
      try await world.add("a\(index)", to: "user:a", time: Int64(1_000 + index), custom: ",\"p\":\(p)")
    }
    let removed = try await world.add("gone", to: "user:a", time: 2_000, custom: ",\"p\":100")
    try await world.remove(removed, from: "user:a")
    try await world.add("own", to: "flat:all", time: 500, custom: ",\"p\":3")
    let page = try await read(world, "flat:all", "p")
    #expect(page.items.map(World.text) == ["a1<user:a", "a0<user:a", "own", "a2<user:a"])
    #expect(page.items.map(\.score) == [9, 3, 3, 1])
    #expect(!page.hasMore)
    let body = String(decoding: page.items[0].activity.body, as: UTF8.self)
    #expect(body.hasSuffix(#","p":9,"score":9}"#))
    let origin = try await read(world, "flat:all", "origin == 'user:a' ? p : 10") { $0.page.limit = 1 }
    #expect(origin.hasMore == true)
    #expect(try await read(world, "user:b", "p").items.isEmpty)
  }

  @Test func onlyTheNewestAreScored() async throws {
    let world = World { $0.rankedWindowMax = 5 }
    for index in 0..<9 {
      try await world.add("n\(index)", to: "user:a", time: Int64(1_000 + index), custom: ",\"p\":\(10 - index)")
    }
    #expect(try await read(world, "user:a", "p").items.map(World.text) == ["n4", "n5", "n6", "n7", "n8"])
    let rest = try await read(world, "user:a", "p") {
      $0.page.offset = 3
      $0.page.limit = 1
    }
    #expect(rest.items.map(World.text) == ["n7"] && rest.hasMore)
    let sixth = try await world.page("user:a").items[4].activity.id
    #expect(
      try await read(world, "user:a", "p") { $0.page.idLessThan = sixth }.items.map(World.text)
        == ["n0", "n1", "n2", "n3"])
  }

  @Test func countsComeFromWhereTheyAreKept() async throws {
    struct Fixed: ActivityCounts {
      func reactions(
        _ kinds: [String], of activities: [ActivityID], app: AppID
      ) async throws(StoreError) -> [[Int]] {
        activities.map { id in kinds.map { $0 == "like" ? Int(id.low & 7) : 0 } }
      }
      func analytics(
        _ names: [String], of activities: [ActivityID], app: AppID
      ) async throws(StoreError) -> [[Double]] {
        activities.map { _ in names.map { Double($0.utf8.count) } }
      }
    }
    let world = World()
    for index in 0..<5 { try await world.add("n\(index)", to: "user:a", time: Int64(1_000 + index)) }
    let engine = FeedEngine(
      store: world.store, times: SequenceTimeSource(), groups: FixedGroups(), timing: World.timing(world.clock),
      activityCounts: Fixed(),
      logger: .silent, metrics: world.metrics)
    let request = RankedRequest(
      page: PageRequest(), method: try RankingSamples.method("reaction_counts.like * 100 + analytics.clicks"),
      now: RankingSamples.now, seed: 1, withVariables: true)
    let page = try await engine.readRanked(world.feed("user:a"), app: world.app, request: request)
    #expect(page.items.map(\.score) == page.items.map { Double($0.activity.id.low & 7) * 100 + 6 })
    #expect(page.items.count == 5 && Set(page.items.map(\.score)).count > 1)
    // Nothing is counted without them.
    #expect(try await read(world, "user:a", "reaction_counts.like + 1").items.map(\.score) == [1, 1, 1, 1, 1])
  }

  @Test func aFailingScoreNamesItsActivity() async throws {
    let world = World()
    let stored = try await world.add("n", to: "user:a", time: 1_000)
    do {
      _ = try await read(world, "user:a", "1 / p")
      Issue.record("a division by zero gave a score")
    } catch FeedError.ranking(let failure) {
      #expect(failure.activity == stored.id)
      #expect(failure.message == "line 1, column 1: division by zero")
    }
  }
}
