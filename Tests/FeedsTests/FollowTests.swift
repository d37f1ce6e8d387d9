import Feeds
import KeevoClient
import Model
import Testing

@Suite struct FollowTests {
  @Test func aFollowCopiesTheNewestOnceAndFansOutLaterOnes() async throws {  // W1, W2
    let world = World()
    for index in 0..<5 { try await world.add("p\(index)", to: "user:a", time: Int64(1_000_000 + index)) }
    try await world.follow("timeline:f", "user:a", copy: 2)
    #expect(try await world.read("timeline:f") == ["p4<user:a", "p3<user:a"])
    try await world.add("live", to: "user:a")
    try await world.follow("timeline:f", "user:a", copy: 100)
    #expect(try await world.read("timeline:f") == ["live<user:a", "p4<user:a", "p3<user:a"])
  }

  @Test func aCopyTakesOwnAddsAndDeliveriesButNotWhatCameByFollows() async throws {  // W2
    let world = World { $0.joinRowsMax = 4 }
    try await world.follow("flat:mix", "user:far")
    for index in 0..<10 { try await world.add("far\(index)", to: "user:far", time: Int64(9_000_000 + index)) }
    try await world.add("own", to: "flat:mix", time: 2_000_000)
    try await world.add("to", to: "user:b", time: 1_000_000, targets: ["flat:mix"])
    try await world.follow("timeline:f", "flat:mix", copy: 2)
    #expect(try await world.read("timeline:f") == ["own<flat:mix", "to<flat:mix"])
    try await world.follow("timeline:g", "flat:mix", copy: 0)
    #expect(try await world.read("timeline:g") == [])
  }

  @Test func followingAgainChangesNeitherOrderNorTime() async throws {  // W1
    let world = World()
    try await world.follow("timeline:f", "user:a")
    try await world.follow("timeline:f", "user:b")
    let before = try await world.engine.following(world.feed("timeline:f"), app: world.app, list: .init())
    try await world.follow("timeline:f", "user:a")
    #expect(try await world.engine.following(world.feed("timeline:f"), app: world.app, list: .init()) == before)
    #expect(before.map(\.target.id) == ["b", "a"])
    #expect(before.allSatisfy { $0.createdAt == $0.updatedAt })
  }

  @Test func unfollowRemovesOnlyThatFeedsActivities() async throws {  // W5
    let world = World()
    try await world.follow("timeline:f", "user:a")
    try await world.follow("timeline:f", "user:b")
    try await world.add("both", to: "user:a", time: 1_000_000, targets: ["user:b"])
    try await world.add("a", to: "user:a", time: 2_000_000)
    try await world.add("b", to: "user:b", time: 3_000_000)
    try await world.add("own", to: "timeline:f", time: 4_000_000)
    try await world.unfollow("timeline:f", "user:a")
    for _ in 0..<2 {
      #expect(try await world.read("timeline:f") == ["own", "b<user:b", "both<user:b"])
      try await world.settle()
    }
    try await world.unfollow("timeline:f", "user:never")
    try await world.add("late", to: "user:a")
    #expect(try await world.read("timeline:f").first == "own")
  }

  @Test func anUnfollowLeavesNothingBehindADayLater() async throws {
    let world = World()
    for index in 0..<5 { try await world.add("p\(index)", to: "user:a", time: Int64(1_000_000 + index)) }
    try await world.follow("timeline:f", "user:a")
    try await world.unfollow("timeline:f", "user:a")
    try await world.settle()
    #expect(try await world.jobs().count == 1)
    world.clock.advance(86_400_001)
    try await world.settle()
    #expect(try await world.jobs().isEmpty)
    let rows = try await world.store.scan(
      ScanRequest(scope: .partition(Partition(app: 1, "f/timeline:f"), RowRange(space: UInt8(ascii: "e"))))
    ).rows
    #expect(rows.isEmpty)
    let edges = try await world.store.scan(
      ScanRequest(scope: .partition(Partition(app: 1, "f/user:a"), RowRange(space: UInt8(ascii: "r"))))
    ).rows
    #expect(edges.isEmpty)
  }

  @Test func keepHistoryKeepsWhatCameAndOnlyThat() async throws {  // W5
    let world = World()
    try await world.follow("timeline:f", "user:a")
    let first = try await world.add("first", to: "user:a", time: 1_000_000)
    try await world.add("second", to: "user:a", time: 2_000_000)
    try await world.unfollow("timeline:f", "user:a", keepHistory: true)
    try await world.add("later", to: "user:a", time: 3_000_000)
    for _ in 0..<2 {
      #expect(try await world.read("timeline:f") == ["second<user:a", "first<user:a"])
      try await world.settle()
      world.clock.advance(90_000_000)
      try await world.settle()
    }
    try await world.remove(first, from: "user:a")
    #expect(try await world.read("timeline:f") == ["second<user:a"])
    try await world.follow("timeline:f", "user:a", copy: 1)
    #expect(try await world.read("timeline:f") == ["later<user:a", "second<user:a"])
    try await world.unfollow("timeline:f", "user:a")
    #expect(try await world.read("timeline:f") == ["second<user:a"])
  }

  @Test func aFollowAfterAnUnfollowCopiesAnew() async throws {
    let world = World()
    try await world.add("x", to: "user:a")
    try await world.follow("timeline:f", "user:a")
    try await world.unfollow("timeline:f", "user:a")
    #expect(try await world.read("timeline:f") == [])
    try await world.follow("timeline:f", "user:a")
    #expect(try await world.read("timeline:f") == ["x<user:a"])
    try await world.settle()
    world.clock.advance(90_000_000)
    try await world.settle()
    #expect(try await world.read("timeline:f") == ["x<user:a"])
    try await world.add("y", to: "user:a")
    #expect(try await world.read("timeline:f") == ["y<user:a", "x<user:a"])
  }

  @Test func listsAreNewestFirstAndTiesOfABatchLastFirst() async throws {  // W8
    let world = World()
    try await world.follow("timeline:f", "user:first")
    try await world.engine.follow(
      ["a", "b", "c"].map { FollowRequest(source: world.feed("timeline:f"), target: world.feed("user:\($0)")) },
      app: world.app, traceID: [])
    func following(_ list: FollowListRequest) async throws -> [String] {
      try await world.engine.following(world.feed("timeline:f"), app: world.app, list: list).map(\.target.id)
    }
    #expect(try await following(.init()) == ["c", "b", "a", "first"])
    #expect(try await following(.init(limit: 2, offset: 1)) == ["b", "a"])
    #expect(try await following(.init(offset: 9)) == [])
    let filter = ["user:first", "user:b", "user:b", "user:none"].map(world.feed)
    #expect(try await following(.init(filter: filter)) == ["b", "first"])
    #expect(try await following(.init(limit: 1, offset: 1, filter: filter)) == ["first"])
    try await world.unfollow("timeline:f", "user:b")
    #expect(try await following(.init()) == ["c", "a", "first"])
    #expect(try await following(.init(filter: filter)) == ["first"])

    for name in ["x", "y", "z"] { try await world.follow("timeline:\(name)", "user:a") }
    func followers(_ list: FollowListRequest) async throws -> [String] {
      try await world.engine.followers(world.feed("user:a"), app: world.app, list: list).map(\.source.id)
    }
    #expect(try await followers(.init()) == ["z", "y", "x", "f"])
    #expect(try await followers(.init(filter: [world.feed("timeline:x"), world.feed("timeline:z")])) == ["z", "x"])
    try await world.unfollow("timeline:y", "user:a")
    #expect(try await followers(.init(limit: 2, offset: 1)) == ["x", "f"])
  }

  @Test func countsMoveWithTheRowsTheyCount() async throws {  // B16
    let world = World()
    func count(_ partition: String, _ name: String) async throws -> Int64 {
      let row = try await world.store.get(
        GetRequest(
          partition: Partition(app: 1, partition), key: RowKey(space: UInt8(ascii: "c"), rest: Array(name.utf8)))
      ).row
      return row.map { $0.value.reversed().reduce(0) { $0 << 8 | Int64($1) } } ?? 0
    }
    for _ in 0..<2 {
      try await world.follow("timeline:f", "user:a")
      try await world.follow("timeline:f", "user:b")
      try await world.follow("timeline:g", "user:a")
    }
    #expect(try await count("f/timeline:f", "following") == 2)
    #expect(try await count("f/timeline:f", "following/user") == 2)
    #expect(try await count("f/user:a", "followers") == 2)
    for _ in 0..<2 { try await world.unfollow("timeline:f", "user:a") }
    try await world.follow("timeline:g", "user:a")
    try await world.settle()
    #expect(try await count("f/timeline:f", "following") == 1)
    #expect(try await count("f/user:a", "followers") == 1)
  }

  @Test func moreEndsThanTheEdgesRowHoldsAreHeededToo() async throws {
    let world = World()
    for index in 0..<520 {
      try await world.follow("timeline:f", "user:u\(index)", copy: 0)
      if index >= 508 { try await world.add("x\(index)", to: "user:u\(index)", time: Int64(1_000_000 + index)) }
    }
    #expect(try await world.read("timeline:f").count == 12)
    try await world.engine.unfollow(
      (0..<520).map { UnfollowRequest(source: world.feed("timeline:f"), target: world.feed("user:u\($0)")) },
      app: world.app, traceID: [])
    #expect(try await world.read("timeline:f") == [])
    try await world.settle()
    world.clock.advance(90_000_000)
    try await world.settle()
    let rows = try await world.store.scan(
      ScanRequest(scope: .partition(Partition(app: 1, "f/timeline:f"), RowRange(space: UInt8(ascii: "f"), prefix: [0])))
    ).rows
    #expect(rows.isEmpty)
    #expect(try await world.read("timeline:f") == [])
  }
}
