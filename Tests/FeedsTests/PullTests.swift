import Feeds
import KeevoClient
import Model
import Testing

/// Push and pull (B12): by the number of followers, by readers who are gone, and what of it may be seen: nothing.
@Suite struct PullTests {
  private static func groups(pullAbove: Int) -> FixedGroups {
    FixedGroups(
      FeedGroup.standard.map { group in
        var group = group
        if group.slug == "user" { group.pullAbove = pullAbove }
        return group
      })
  }

  /// Rows of a feed's own that came by follows.
  private func pushed(_ world: World, _ feed: String) async throws -> Int {
    let rows = try await world.store.scan(
      ScanRequest(scope: .partition(Partition(app: 1, "f/\(feed)"), RowRange(space: UInt8(ascii: "e"))))
    ).rows
    return rows.count { $0.key.rest.count == 40 && $0.key.rest[16..<24].contains { $0 != 0 } }
  }

  @Test func aboveTheLimitFollowersPullAndBelowThreeQuartersOfItTheyArePushedToAgain() async throws {
    let world = World(groups: Self.groups(pullAbove: 4))
    let followers = (0..<5).map { "timeline:f\($0)" }
    try await world.add("before", to: "user:star")
    for name in followers.prefix(4) { try await world.follow(name, "user:star") }
    try await world.settle()
    try await world.add("pushed", to: "user:star")
    #expect(try await pushed(world, followers[0]) == 2)
    try await world.follow(followers[4], "user:star")
    try await world.settle()
    try await world.add("pulled", to: "user:star")
    try await world.settle()
    for name in followers {
      #expect(try await pushed(world, name) == 2, "\(name) was written to")
      #expect(
        try await world.read(name) == ["pulled<user:star", "pushed<user:star", "before<user:star"], "\(name)")
    }
    // Four are more than three quarters of the limit: nothing goes back yet.
    try await world.unfollow(followers[4], "user:star")
    try await world.settle()
    try await world.add("still pulled", to: "user:star")
    try await world.settle()
    #expect(try await pushed(world, followers[0]) == 2)
    try await world.unfollow(followers[3], "user:star")
    try await world.settle()
    #expect(try await pushed(world, followers[0]) == 4, "what was pulled is copied")
    try await world.add("pushed again", to: "user:star")
    try await world.settle()
    for name in followers.prefix(3) {
      #expect(try await pushed(world, name) == 5)
      #expect(
        try await world.read(name)
          == ["pushed again", "still pulled", "pulled", "pushed", "before"].map { "\($0)<user:star" })
    }
    #expect(try await world.read(followers[3]) == [])
    #expect(try await world.read(followers[4]) == [])
  }

  @Test func aFollowOfAFeedThatPullsAlreadyIsNeverSwitched() async throws {
    let world = World(groups: Self.groups(pullAbove: 0))
    for star in ["a", "b", "c"] {
      try await world.add("\(star) before", to: "user:\(star)")
      try await world.follow("timeline:first", "user:\(star)")
    }
    try await world.settle()
    let switches = world.metrics.counter("feed_follows_switched_total")
    #expect(switches.value == 3)
    // Several of one source, which all change its `edges` row.
    let late = ["a", "b", "c"].map {
      FollowRequest(source: world.feed("timeline:late"), target: world.feed("user:\($0)"), activityCopyLimit: 100)
    }
    try await world.engine.follow(late, app: world.app, traceID: [])
    try await world.add("a after", to: "user:a")
    #expect(try await pushed(world, "timeline:late") == 3)
    #expect(
      Set(try await world.read("timeline:late"))
        == ["a after<user:a", "a before<user:a", "b before<user:b", "c before<user:c"])
    try await world.settle()
    #expect(switches.value == 3)
    try await world.unfollow("timeline:late", "user:a")
    #expect(Set(try await world.read("timeline:late")) == ["b before<user:b", "c before<user:c"])
  }

  @Test func aggregatedFeedsAreAlwaysPushedTo() async throws {
    let world = World(groups: Self.groups(pullAbove: 0))
    try await world.follow("timeline:f", "user:star")
    try await world.follow("notification:n", "user:star")
    try await world.settle()
    try await world.add("x", to: "user:star")
    try await world.settle()
    #expect(try await pushed(world, "timeline:f") == 0)
    #expect(try await world.read("timeline:f") == ["x<user:star"])
    #expect(try await world.groups("notification:n").groups.map(\.activityCount) == [1])
  }

  @Test func pulledActivitiesAreRemovedHiddenAndKeptLikePushedOnes() async throws {
    let world = World(groups: Self.groups(pullAbove: 0))
    try await world.follow("timeline:f", "user:star")
    try await world.follow("timeline:g", "user:star")
    try await world.settle()
    let first = try await world.add("first", to: "user:star", time: 1_000_000)
    let second = try await world.add("second", to: "user:star", time: 2_000_000)
    try await world.add("third", to: "user:star", time: 3_000_000)
    try await world.engine.addToMany(
      world.input("many", time: 4_000_000), feeds: [world.feed("user:star")], world.context)
    #expect(try await world.read("timeline:f") == ["third", "second", "first"].map { "\($0)<user:star" })
    try await world.remove(first, from: "user:star")
    #expect(try await world.read("timeline:f") == ["third<user:star", "second<user:star"])
    try await world.remove(second, from: "timeline:f")
    for _ in 0..<2 {
      #expect(try await world.read("timeline:f") == ["third<user:star"])
      #expect(try await world.read("timeline:g") == ["third<user:star", "second<user:star"])
      try await world.settle()
    }
    try await world.unfollow("timeline:g", "user:star", keepHistory: true)
    try await world.add("late", to: "user:star", time: 5_000_000)
    for _ in 0..<3 {
      #expect(try await world.read("timeline:g") == ["third<user:star", "second<user:star"])
      try await world.settle()
      world.clock.advance(90_000_000)
    }
    #expect(try await pushed(world, "timeline:g") == 2, "what is kept is the feed's own")
    try await world.unfollow("timeline:f", "user:star")
    #expect(try await world.read("timeline:f") == [])
    try await world.follow("timeline:g", "user:star", copy: 0)
    try await world.settle()
    try await world.add("anew", to: "user:star", time: 6_000_000)
    #expect(try await world.read("timeline:g") == ["anew", "third", "second"].map { "\($0)<user:star" })
  }

  @Test(arguments: [
    // By id; by id and after three rows by arrival; by arrival at once; by arrival in vain, for there are too many.
    (3_600_000 as UInt64, 1_000, 10_000), (.max, 3, 10_000), (0, 1_000, 10_000), (0, 1_000, 3), (.max, 0, 3),
  ])
  func pagesOfEveryFormAreMergedWhicheverWaySourcesAreRead(
    _ backdated: UInt64, _ skip: Int, _ arrivals: Int
  ) async throws {
    let world = World(groups: Self.groups(pullAbove: 0)) {
      $0.pullBackdatedMilliseconds = backdated
      $0.pullSkipMax = skip
      $0.pullArrivalsMax = arrivals
      $0.joinRowsMax = 4
    }
    for index in 0..<10 { try await world.add("old\(index)", to: "user:a", time: Int64(index) * 2_000_000 + 1_000_000) }
    try await world.follow("timeline:f", "user:a", copy: 0)
    try await world.follow("timeline:f", "user:b", copy: 0)
    try await world.settle()
    var wanted: [String] = []
    var all: [StoredActivity] = []
    for index in 0..<12 {
      let source = index % 3 == 0 ? "timeline:f" : index % 3 == 1 ? "user:a" : "user:b"
      // Every other one is made after the switch, the others were made long before.
      let time = Int64(index) * 2_000_000 + (index % 2 == 0 ? 0 : Int64(world.clock.milliseconds) * 1_000)
      all.append(try await world.add("p\(index)", to: source, time: time))
      wanted.append(index % 3 == 0 ? "p\(index)" : "p\(index)<\(source)")
    }
    let order = wanted.indices.sorted { all[$0].id > all[$1].id }
    let whole = order.map { wanted[$0] }
    #expect(try await world.read("timeline:f") == whole)
    for (position, index) in order.enumerated() {
      let id = all[index].id
      #expect(try await world.read("timeline:f") { $0.idLessThan = id } == Array(whole[(position + 1)...]))
      #expect(try await world.read("timeline:f") { $0.idGreaterThanOrEqual = id } == Array(whole[...position]))
      #expect(
        try await world.read("timeline:f") {
          $0.offset = position
          $0.limit = 2
        } == Array(whole[position...].prefix(2)))
      #expect(
        try await world.read("timeline:f") {
          $0.around = id
          $0.limit = 3
        } == Array(whole[max(0, position - 1)...].prefix(3)))
    }
    // By walking, and by foreign ids.
    for member in ["object", "foreign_id"] {
      let filter = try ActivityFilter(parsing: "{\"\(member)\":[\"p1\",\"p5\",\"p6\"]}")
      #expect(
        try await world.read("timeline:f") { $0.filter = filter }
          == whole.filter { ["p1<user:a", "p5<user:b", "p6"].contains($0) })
    }
  }

  @Test func aFeedPullsNoMoreEdgesThanItMay() async throws {
    let world = World(groups: Self.groups(pullAbove: 0)) { $0.pullEdgesMax = 2 }
    for name in ["a", "b", "c"] {
      try await world.follow("timeline:f", "user:\(name)")
      try await world.settle()
    }
    for name in ["a", "b", "c"] { try await world.add(name, to: "user:\(name)") }
    try await world.settle()
    #expect(try await pushed(world, "timeline:f") == 1)
    #expect(try await world.read("timeline:f") == ["c<user:c", "b<user:b", "a<user:a"])
  }

  @Test func readersWhoAreGoneForAMonthPullUntilTheyComeBack() async throws {
    let day: UInt64 = 86_400_000
    let world = World { $0.idleMilliseconds = 30 * day }
    try await world.follow("timeline:gone", "user:a")
    try await world.follow("timeline:here", "user:a")
    for _ in 0..<33 {
      world.clock.advance(day)
      _ = try await world.read("timeline:here")
      await Task.yield()
      try await world.settle()
    }
    try await world.add("x", to: "user:a")
    try await world.settle()
    #expect(try await pushed(world, "timeline:gone") == 0)
    #expect(try await pushed(world, "timeline:here") == 1)
    #expect(try await world.read("timeline:gone") == ["x<user:a"])
    for _ in 0..<1_000 where try await pushed(world, "timeline:gone") == 0 {
      await Task.yield()
      try await world.settle()
    }
    #expect(try await pushed(world, "timeline:gone") == 1, "who reads again is pushed to again")
    try await world.add("y", to: "user:a")
    #expect(try await pushed(world, "timeline:gone") == 2)
    #expect(try await world.read("timeline:gone") == ["y<user:a", "x<user:a"])
  }

  @Test func theLastReadIsWrittenOnceADay() async throws {
    let world = World { $0.idleMilliseconds = 1_000_000_000 }
    func lastRead() async throws -> Stamp? {
      try await world.store.get(
        GetRequest(
          partition: Partition(app: 1, "f/timeline:f"),
          key: RowKey(space: UInt8(ascii: "c"), rest: Array("read".utf8)))
      ).row?.version
    }
    _ = try await world.read("timeline:f")
    await Task.yield()
    #expect(try await lastRead() == nil, "who follows nothing is not noted")
    try await world.follow("timeline:f", "user:a")
    let first = try await lastRead()
    #expect(first != nil)
    for _ in 0..<3 { _ = try await world.read("timeline:f") }
    for _ in 0..<100 { await Task.yield() }
    #expect(try await lastRead() == first)
    world.clock.advance(86_400_000)
    _ = try await world.read("timeline:f")
    for _ in 0..<1_000 where try await lastRead() == first { await Task.yield() }
    #expect(try await lastRead() != first)
  }

  @Test func aLastReadOfALaterFormatIsCountedAndTheFeedIsServed() async throws {
    let world = World { $0.idleMilliseconds = 1_000_000_000 }
    try await world.add("a", to: "user:a")
    try await world.follow("timeline:f", "user:a")
    let unreadable = world.metrics.counter("feed_unreadable_rows_total")
    _ = try await world.read("timeline:f")
    #expect(unreadable.value == 0)
    let row = RowKey(space: UInt8(ascii: "c"), rest: Array("read".utf8))
    _ = try await world.store.write(
      WriteRequest(batches: [
        SubBatch(partition: Partition(app: 1, "f/timeline:f"), operations: [.put(row, value: [99])])
      ]))
    #expect(try await world.read("timeline:f") == ["a<user:a"])
    #expect(unreadable.value == 1)
  }
}
