import Feeds
import KeevoClient
import Model
import Testing

@Suite struct FlatFeedTests {
  @Test func addReachesOriginTargetsAndTheFollowersOfBothAndGoesNoFurther() async throws {  // F9
    let world = World()
    try await world.follow("timeline:fan", "user:alice")
    try await world.follow("timeline:far", "timeline:fan")
    try await world.follow("timeline:group", "flat:news")
    try await world.add("x", to: "user:alice", targets: ["flat:news"])
    #expect(try await world.read("user:alice") == ["x"])
    #expect(try await world.read("flat:news") == ["x"])
    #expect(try await world.read("timeline:fan") == ["x<user:alice"])
    #expect(try await world.read("timeline:group") == ["x<flat:news"])
    #expect(try await world.read("timeline:far") == [])
  }

  @Test func anAnswerHasTheMembersInTheOrderOfF7() async throws {
    let world = World()
    let stored = try await world.add(
      "a\"b", to: "user:alice", time: 1_795_255_200_123_456, targets: ["flat:news", "user:alice", "flat:x"],
      custom: ",\"n\":12345678901234567890.10")
    let head = String(decoding: stored.body[..<stored.originOffset], as: UTF8.self)
    let tail = String(decoding: stored.body[stored.originOffset...], as: UTF8.self)
    #expect(
      head == "{\"id\":\"\(stored.id)\",\"actor\":\"alice\",\"verb\":\"post\",\"object\":\"a\\\"b\",\"target\":\"\","
        + "\"foreign_id\":\"a\\\"b\",\"time\":\"2026-11-21T10:00:00.123456\",\"origin\":")
    #expect(tail == ",\"to\":[\"flat:news\",\"flat:x\"],\"n\":12345678901234567890.10}")
  }

  @Test func addingAPairAgainReplacesTheContentEverywhereAndKeepsOneEntry() async throws {  // F4
    let world = World()
    try await world.follow("timeline:fan", "user:alice")
    let first = try await world.add("x", to: "user:alice", time: 1_000_000, targets: ["flat:one"])
    let again = try await world.add("x", to: "user:bob", time: 1_000_000, targets: ["flat:two"], actor: "bob")
    #expect(first.id == again.id)
    for feed in ["user:alice", "user:bob", "flat:one", "flat:two", "timeline:fan"] {
      let page = try await world.page(feed)
      #expect(page.items.count == 1)
      #expect(page.items.first.map { World.member("actor", $0.activity) } == "bob")
    }
    #expect(String(decoding: again.body, as: UTF8.self).hasSuffix(",\"to\":[\"flat:one\",\"flat:two\"]}"))
  }

  @Test func aPairAddedAgainUnchangedKeepsItsVersion() async throws {
    let world = World()
    let first = try await world.add("x", to: "user:alice", time: 1_000_000)
    let again = try await world.add("x", to: "user:alice", time: 1_000_000)
    #expect(first == again)
  }

  @Test func aFeedHoldsAnActivityOnceAndShowsTheFirstSource() async throws {  // F11
    let world = World()
    for target in ["flat:b", "user:a", "flat:c"] { try await world.follow("timeline:fan", target) }
    let stored = try await world.add("x", to: "user:a", targets: ["flat:b", "flat:c"])
    #expect(try await world.read("timeline:fan") == ["x<user:a"])
    try await world.unfollow("timeline:fan", "user:a")
    #expect(try await world.read("timeline:fan") == ["x<flat:b"])
    try await world.add("x", to: "timeline:fan", time: ActivityTimeText.microseconds(stored))
    #expect(try await world.read("timeline:fan") == ["x"])
  }

  @Test func removingFromItsOriginTakesItFromTargetsAndFollowersOfAll() async throws {  // F18
    let world = World()
    try await world.follow("timeline:fan", "user:alice")
    try await world.follow("timeline:group", "flat:news")
    let gone = try await world.add("x", to: "user:alice", targets: ["flat:news"])
    try await world.add("y", to: "user:alice")
    try await world.remove(gone, from: "user:alice")
    for settled in [false, true] {
      if settled { try await world.settle() }
      #expect(try await world.read("user:alice") == ["y"])
      #expect(try await world.read("flat:news") == [])
      #expect(try await world.read("timeline:fan") == ["y<user:alice"])
      #expect(try await world.read("timeline:group") == [])
      #expect(try await world.engine.activities([gone.id], app: world.app) == [nil])
    }
  }

  @Test func whatWasAddedToASecondFeedInItsOwnRightStaysThere() async throws {  // F18
    let world = World()
    let stored = try await world.add("x", to: "user:alice", time: 1_000_000)
    try await world.add("x", to: "user:bob", time: 1_000_000)
    try await world.remove(stored, from: "user:alice")
    #expect(try await world.read("user:alice") == [])
    #expect(try await world.read("user:bob") == ["x"])
    #expect(try await world.engine.activities([stored.id], app: world.app)[0] != nil)
  }

  @Test func removingFromATargetTakesItFromThereAndItsFollowersOnly() async throws {  // F19
    let world = World()
    try await world.follow("timeline:group", "flat:news")
    let stored = try await world.add("x", to: "user:alice", targets: ["flat:news"])
    try await world.remove(stored, from: "flat:news")
    #expect(try await world.read("flat:news") == [])
    #expect(try await world.read("timeline:group") == [])
    #expect(try await world.read("user:alice") == ["x"])
    let now = try #require(try await world.engine.activities([stored.id], app: world.app)[0])
    #expect(!String(decoding: now.body, as: UTF8.self).contains("\"to\""))
  }

  @Test func removingFromAFollowerHidesItThereAlone() async throws {  // F19
    let world = World()
    try await world.follow("timeline:a", "user:alice")
    try await world.follow("timeline:b", "user:alice")
    let stored = try await world.add("x", to: "user:alice")
    try await world.remove(stored, from: "timeline:a")
    try await world.settle()
    #expect(try await world.read("timeline:a") == [])
    #expect(try await world.read("timeline:b") == ["x<user:alice"])
    try await world.remove(stored, from: "timeline:nobody")
  }

  @Test func anActivityAddedAgainAfterItsRemovalReachesEveryoneAnew() async throws {
    let world = World()
    try await world.follow("timeline:fan", "user:alice")
    let stored = try await world.add("x", to: "user:alice", time: 1_000_000)
    try await world.remove(stored, from: "timeline:fan")
    try await world.remove(stored, from: "user:alice")
    #expect(try await world.read("timeline:fan") == [])
    try await world.add("x", to: "user:alice", time: 1_000_000)
    for _ in 0..<2 {
      #expect(try await world.read("timeline:fan") == ["x<user:alice"])
      #expect(try await world.read("user:alice") == ["x"])
      try await world.settle()
    }
  }

  @Test func removalByForeignIDActsOnEveryTimeInThatFeedAndOnNoOther() async throws {  // F19
    let world = World()
    for time in [1_000_000, 2_000_000, 3_000_000] as [Int64] { try await world.add("x", to: "user:a", time: time) }
    try await world.add("y", to: "user:a", time: 2_000_000)
    try await world.add("x", to: "user:b", time: 4_000_000)
    try await world.engine.remove(foreignID: "x", from: world.feed("user:a"), app: world.app, traceID: [])
    #expect(try await world.read("user:a") == ["y"])
    #expect(try await world.read("user:b") == ["x"])
    try await world.settle()
    try await world.add("x", to: "user:a", time: 1_000_000)
    try await world.engine.remove(foreignID: "x", from: world.feed("user:a"), app: world.app, traceID: [])
    #expect(try await world.read("user:a") == ["y"])
  }

  @Test func timesOfABatchGrowInListOrderAndReadBackReversed() async throws {  // T5
    let world = World()
    let stored = try await world.engine.add(
      ["1", "2", "3"].map { world.input($0) }, to: world.feed("user:a"), app: world.app, traceID: [])
    #expect(stored.map(\.id) == stored.map(\.id).sorted())
    #expect(try await world.read("user:a") == ["3", "2", "1"])
  }

  @Test func aBatchThatNamesOnePairTwiceKeepsTheLast() async throws {
    let world = World()
    let stored = try await world.engine.add(
      [world.input("x", time: 1_000_000, actor: "first"), world.input("x", time: 1_000_000, actor: "last")],
      to: world.feed("user:a"), app: world.app, traceID: [])
    #expect(stored.count == 2)
    let page = try await world.page("user:a")
    #expect(page.items.map { World.member("actor", $0.activity) } == ["last"])
  }

  @Test func activitiesOfOneTimeAreOrderedByID() async throws {  // T7
    let world = World()
    var ids: [ActivityID] = []
    for name in ["a", "b", "c", "d"] { ids.append(try await world.add(name, to: "user:a", time: 5_000_000).id) }
    #expect(try await world.page("user:a").items.map(\.activity.id) == ids.sorted().reversed())
  }

  @Test func appsWithTheSameIDsDoNotMeet() async throws {  // B7
    let world = World()
    let other = AppID(2)
    let mine = try await world.add("x", to: "user:a", time: 1_000_000)
    try await world.add("x", to: "user:a", time: 1_000_000, actor: "other", app: other)
    try await world.remove(mine, from: "user:a")
    #expect(try await world.read("user:a") == [])
    #expect(try await world.read("user:a", app: other) == ["x"])
  }

  @Test func pastTheVisibleFollowersAWorkerFinishes() async throws {  // F10
    let world = World { options in
      options.visibleFeedsMax = 3
      options.fanOutPageMax = 2
    }
    for index in 0..<10 { try await world.follow("timeline:f\(index)", "user:a") }
    try await world.add("x", to: "user:a")
    func reached() async throws -> Int {
      var count = 0
      for index in 0..<10 where try await world.read("timeline:f\(index)") == ["x<user:a"] { count += 1 }
      return count
    }
    #expect(try await reached() == 3)
    try await world.settle()
    #expect(try await reached() == 10)
    #expect(try await world.jobs().isEmpty)
  }

  @Test func aJobOfAnActivityThatHasGoneLeavesNoRows() async throws {
    let world = World { $0.visibleFeedsMax = 1 }
    for index in 0..<4 { try await world.follow("timeline:f\(index)", "user:a") }
    let before = world.store.rowCount
    let stored = try await world.add("x", to: "user:a", time: 1_000_000)
    try await world.remove(stored, from: "user:a")
    try await world.settle()
    #expect(world.store.rowCount == before)
  }

  @Test func moreFeedsThanARecordHoldsAreRefused() async throws {
    let world = World { $0.placementsMax = 3 }
    await #expect(throws: FeedError.self) {
      try await world.add("x", to: "user:a", targets: ["flat:1", "flat:2", "flat:3"])
    }
    #expect(try await world.read("user:a") == [])
  }
}

/// The time of a stored activity.
enum ActivityTimeText {
  static func microseconds(_ activity: StoredActivity) -> Int64 { ActivityTime(ticks: activity.id.ticks).microseconds }
}
