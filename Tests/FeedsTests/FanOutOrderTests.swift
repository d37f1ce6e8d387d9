import KeevoClient
import Model
import Testing

@testable import Feeds

/// What a worker does with a fan-out whose visible part did not come far.
@Suite struct FanOutOrderTests {
  private static func entries(_ world: World, _ feed: String) async throws -> Int {
    let range = RowRange(space: FeedKeys.entrySpace)
    return try await world.store.scan(
      ScanRequest(scope: .partition(FeedKeys.feed(world.feed(feed), world.app), range), limit: 100)
    ).rows.count
  }

  @Test func aggregatedTargetsAreEnteredAndHoldNoEntryRows() async throws {  // B15
    let world = World { $0.visibleFeedsMax = 0 }
    try await world.follow("timeline:a", "user:1")
    try await world.add("x", to: "user:1", targets: ["notification:n", "user:2"])
    #expect(try await world.jobs().count >= 1)
    try await world.settle()
    #expect(try await Self.entries(world, "notification:n") == 0)
    #expect(try await world.groups("notification:n").groups.map(\.activityCount) == [1])
    #expect(try await world.read("user:2") == ["x"])
    #expect(try await world.read("timeline:a") == ["x<user:1"])
  }

  @Test func targetsDoNotWaitForTheFollowersOfTheFirstFeed() async throws {  // B8
    let world = World {
      $0.visibleFeedsMax = 0
      $0.fanOutPageMax = 1
    }
    for name in ["a", "b", "c"] { try await world.follow("timeline:\(name)", "user:1") }
    try await world.add("x", to: "user:1", targets: ["user:2"])
    // The answer came before all followers were served.
    #expect(try await world.read("user:2") == ["x"])
    #expect(try await (world.read("timeline:a") + world.read("timeline:b") + world.read("timeline:c")).count < 3)
    try await world.settle()
    for name in ["a", "b", "c"] { #expect(try await world.read("timeline:\(name)") == ["x<user:1"]) }
  }
}
