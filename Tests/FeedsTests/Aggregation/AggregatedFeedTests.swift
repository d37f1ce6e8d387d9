import Feeds
import JSON
import KeevoClient
import Model
import Testing

/// Aggregated and notification feeds over the in-memory store (feeds G, N).
@Suite struct AggregatedFeedTests {
  @Test func activitiesWithEqualKeysFormOneGroup() async throws {  // G1–G4
    let world = World()
    try await world.add("a", to: "notification:n", time: 1_000_000, actor: "x")
    try await world.add("b", to: "notification:n", time: 3_000_000, actor: "y")
    try await world.add("c", to: "notification:n", time: 2_000_000, actor: "x")
    try await world.add("d", to: "notification:n", time: 90_000_000_000, actor: "x")
    let page = try await world.groups("notification:n")
    #expect(page.groups.map(World.text) == ["post_1970-01-02 1/1 d", "post_1970-01-01 3/2 b,c,a"])
    let group = page.groups[1]
    #expect(group.createdAt == ActivityTime(microseconds: 1_000_000))
    #expect(group.updatedAt == ActivityTime(microseconds: 3_000_000))
    #expect(String(decoding: group.verb, as: UTF8.self) == "\"post\"")
    #expect(group.id.ticks == group.createdAt.ticks && group.id.version == 1)
    #expect(page.unmarked == .init(unseen: 2, unread: 2))
    #expect(!page.hasMore)
  }

  @Test func followersWithAggregatedFeedsGetWhatIsAdded() async throws {  // F9, W4
    let world = World()
    try await world.add("old", to: "user:a", time: 1_000_000)
    try await world.follow("notification:n", "user:a")
    try await world.follow("timeline:flat", "user:a")
    try await world.add("new", to: "user:a", time: 2_000_000, targets: ["aggregated:to"])
    #expect(try await world.grouped("notification:n") == ["post_1970-01-01 2/1 new<user:a,old<user:a"])
    #expect(try await world.grouped("aggregated:to") == ["alice_post_1970-01-01 1/1 new"])
    #expect(try await world.read("timeline:flat") == ["new<user:a", "old<user:a"])
    #expect(try await world.groups("aggregated:to").unmarked == nil)
  }

  @Test func anActivityIsCountedOnceWhateverBroughtIt() async throws {  // F11
    let world = World()
    for user in ["a", "b"] { try await world.follow("notification:n", "user:\(user)") }
    let activity = try await world.add("x", to: "user:a", time: 1_000_000, targets: ["user:b", "notification:n"])
    #expect(try await world.grouped("notification:n") == ["post_1970-01-01 1/1 x"])
    try await world.remove(activity, from: "notification:n")
    #expect(try await world.grouped("notification:n") == [])
    try await world.add("y", to: "user:a", time: 2_000_000, targets: ["user:b"])
    #expect(try await world.grouped("notification:n") == ["post_1970-01-01 1/1 y<user:a"])
    try await world.unfollow("notification:n", "user:a")
    #expect(try await world.grouped("notification:n") == ["post_1970-01-01 1/1 y<user:b"])
    try await world.unfollow("notification:n", "user:b")
    #expect(try await world.grouped("notification:n") == [])
    try await world.settle()
    #expect(try await world.grouped("notification:n") == [])
  }

  @Test func aRemovalRecountsAndTheLastOneEndsTheGroup() async throws {  // G7, F18
    let world = World()
    try await world.follow("notification:n", "user:a")
    let one = try await world.add("one", to: "user:a", time: 1_000_000, actor: "x")
    let two = try await world.add("two", to: "user:a", time: 2_000_000, actor: "y")
    let before = try await world.groups("notification:n").groups[0]
    try await world.remove(two, from: "user:a")
    let after = try await world.groups("notification:n").groups[0]
    #expect(World.text(after) == "post_1970-01-01 1/1 one<user:a")
    #expect(after.updatedAt == ActivityTime(microseconds: 1_000_000))
    #expect(after.id == before.id && after.createdAt == before.createdAt)
    try await world.remove(one, from: "user:a")
    #expect(try await world.grouped("notification:n") == [])
    try await world.settle()
    world.clock.advance(90_000_000)
    try await world.settle()
    #expect(try await world.jobs().isEmpty)
    #expect(try await world.aggregateRows("notification:n") == 1, "nothing but the feed's state is left")
  }

  @Test func keptHistoryStaysAndGoesWithItsOrigin() async throws {  // W5
    let world = World()
    try await world.follow("aggregated:g", "user:a")
    let first = try await world.add("first", to: "user:a", time: 1_000_000)
    try await world.add("second", to: "user:a", time: 2_000_000)
    try await world.unfollow("aggregated:g", "user:a", keepHistory: true)
    try await world.add("later", to: "user:a", time: 3_000_000)
    for _ in 0..<2 {
      #expect(try await world.grouped("aggregated:g") == ["alice_post_1970-01-01 2/1 second<user:a,first<user:a"])
      try await world.settle()
      world.clock.advance(90_000_000)
    }
    try await world.remove(first, from: "user:a")
    #expect(try await world.grouped("aggregated:g") == ["alice_post_1970-01-01 1/1 second<user:a"])
  }

  @Test func aGroupShowsItsNewestActivitiesAndCountsAll() async throws {  // G3, L17
    let shown = [FeedGroup(slug: "aggregated", kind: .aggregated, aggregationFormat: "all", activitiesPerGroupMax: 3)]
    let world = World(groups: FixedGroups(FeedGroup.standard.filter { $0.slug != "aggregated" } + shown))
    var added: [StoredActivity] = []
    for index in 0..<8 {
      added.append(
        try await world.add(
          "p\(index)", to: "aggregated:g", time: Int64(1_000_000 + (index * 5) % 8), actor: "u\(index % 4)"))
    }
    // Times rank them 0 5 2 7 4 1 6 3.
    #expect(try await world.grouped("aggregated:g") == ["all 8/4 p3,p6,p1"])
    try await world.remove(added[6], from: "aggregated:g")
    #expect(try await world.grouped("aggregated:g") == ["all 7/4 p3,p1,p4"])
    for index in [3, 1, 4, 7] { try await world.remove(added[index], from: "aggregated:g") }
    #expect(try await world.grouped("aggregated:g") == ["all 3/3 p2,p5,p0"])
    try await world.remove(added[2], from: "aggregated:g")
    #expect(try await world.grouped("aggregated:g") == ["all 2/2 p5,p0"])
  }

  @Test func addingAgainChangesContentAndActorButNotTheGroup() async throws {  // F4, J1, N5
    let world = World()
    try await world.follow("notification:n", "user:a")
    try await world.add("x", to: "user:a", time: 1_000_000, actor: "one")
    try await world.add("y", to: "user:a", time: 2_000_000, actor: "one")
    _ = try await world.groups("notification:n", marks: GroupMarks(seen: .all, read: .all))
    try await world.add("x", to: "user:a", time: 1_000_000, actor: "two", custom: ",\"n\":1")
    let page = try await world.groups("notification:n")
    #expect(page.groups.map(World.text) == ["post_1970-01-01 2/2 y<user:a,x<user:a"])
    #expect(page.unmarked == .init(unseen: 0, unread: 0), "an update of content does not reset marks")
    #expect(String(decoding: page.groups[0].items[1].activity.body, as: UTF8.self).contains("\"n\":1"))
    try await world.add("x", to: "user:a", time: 1_000_000, actor: "one")
    #expect(try await world.grouped("notification:n") == ["post_1970-01-01 2/1 y<user:a,x<user:a"])
    try await world.settle()
    #expect(try await world.grouped("notification:n") == ["post_1970-01-01 2/1 y<user:a,x<user:a"])
  }

  @Test func equalKeysInTwoFeedsAndTwoAppsAreDifferentGroups() async throws {  // G6, B7
    let world = World()
    for feed in ["notification:n", "notification:m"] { try await world.add("x", to: feed, time: 1_000_000) }
    try await world.add("x", to: "notification:n", time: 1_000_000, actor: "other", app: AppID(2))
    let one = try await world.groups("notification:n").groups
    let two = try await world.groups("notification:m").groups
    #expect(one[0].key == two[0].key && one[0].id != two[0].id)
    let other = try await world.groups("notification:n", app: AppID(2)).groups
    #expect(other.count == 1 && World.member("actor", other[0].items[0].activity) == "other")
    _ = try await world.groups("notification:n", app: AppID(2), marks: GroupMarks(seen: .named([one[0].id])))
    #expect(try await world.groups("notification:n").unmarked?.unseen == 1)
  }

  // MARK: Formats

  @Test func aFormatThatDoesNotCompileLetsAddsPassAndReadsFail() async throws {  // J9
    let groups = [
      FeedGroup(slug: "broken", kind: .aggregated, aggregationFormat: "{{test[]}}"),
      FeedGroup(slug: "user", kind: .flat),
      FeedGroup(slug: "timeline", kind: .flat),
    ]
    let source = ChangingGroups(groups)
    let world = World(groups: source)
    try await world.follow("broken:b", "user:a")
    try await world.follow("timeline:t", "user:a")
    try await world.add("x", to: "broken:b", time: 1_000_000)
    try await world.add("y", to: "user:a", time: 2_000_000, targets: ["broken:b"])
    #expect(try await world.read("timeline:t") == ["y<user:a"])
    await #expect(throws: FeedError.self) { try await world.groups("broken:b") }
    try await world.settle()
    source.set(FeedGroup(slug: "broken", kind: .aggregated, aggregationFormat: "{{ verb }}"))
    #expect(try await world.grouped("broken:b") == [], "what was written meanwhile has no group")
    let z = try await world.add("z", to: "user:a", time: 3_000_000)
    #expect(try await world.grouped("broken:b") == ["post 1/1 z<user:a"])
    try await world.remove(z, from: "user:a")
    #expect(try await world.grouped("broken:b") == [])
  }

  @Test func aChangeOfFormatConcernsWhatComesAfterIt() async throws {  // J1
    let source = ChangingGroups(FeedGroup.standard)
    let world = World(groups: source)
    try await world.add("x", to: "aggregated:g", time: 1_000_000)
    source.set(FeedGroup(slug: "aggregated", kind: .aggregated, aggregationFormat: "{{ object }}"))
    try await world.add("y", to: "aggregated:g", time: 2_000_000)
    #expect(try await world.grouped("aggregated:g") == ["y 1/1 y", "alice_post_1970-01-01 1/1 x"])
    try await world.add("x", to: "aggregated:g", time: 1_000_000, actor: "bob")
    #expect(try await world.grouped("aggregated:g") == ["y 1/1 y", "alice_post_1970-01-01 1/1 x"])
  }

  @Test func groupsThisProcessHasNotHeardOfAreNotTakenForFlat() async throws {
    let source = ChangingGroups([FeedGroup(slug: "user", kind: .flat)])
    let world = World(groups: source)
    try await world.follow("user:f", "user:a")
    try await world.add("x", to: "user:a", time: 1_000_000, targets: ["news:n"])
    source.set(FeedGroup(slug: "news", kind: .notification))
    try await world.settle()
    #expect(try await world.grouped("news:n") == ["post_1970-01-01 1/1 x"])
    #expect(try await world.read("user:f") == ["x<user:a"])
  }
}

/// A change of format with `reaggregate` on (feeds J1a).
@Suite struct ReaggregationTests {
  private static func group(_ format: String) -> FeedGroup {
    FeedGroup(slug: "news", kind: .notification, aggregationFormat: format, reaggregate: true)
  }

  private func world(_ change: (inout FeedEngine.Options) -> Void = { _ in }) -> (World, ChangingGroups) {
    let source = ChangingGroups(FeedGroup.standard + [Self.group("{{ actor }}")])
    return (World(groups: source, change), source)
  }

  @Test func aReadRegroupsASmallFeedAtOnce() async throws {
    let (world, source) = world()
    for (index, actor) in ["x", "y", "x"].enumerated() {
      try await world.add("p\(index)", to: "news:n", time: Int64(index + 1) * 1_000_000, actor: actor)
    }
    let x = try await world.groups("news:n").groups[0].id
    _ = try await world.groups("news:n", marks: .init(seen: .named([x]), read: .all))
    source.set(Self.group("{{ object }}"))
    let page = try await world.groups("news:n")
    #expect(page.groups.map(World.text) == ["p2 1/1 p2", "p1 1/1 p1", "p0 1/1 p0"])
    #expect(page.groups.map(\.isSeen) == [true, false, true] && page.groups.allSatisfy(\.isRead))
    #expect(page.unmarked == .init(unseen: 1, unread: 0))
    #expect(page.groups.map(\.createdAt.microseconds) == [3_000_000, 2_000_000, 1_000_000])
    source.set(Self.group("{{ verb }}"))
    let merged = try await world.groups("news:n")
    #expect(merged.groups.map(World.text) == ["post 3/2 p2,p1,p0"])
    #expect(merged.unmarked == .init(unseen: 1, unread: 0), "unseen as soon as one of those that came into it is")
    #expect(try await world.jobs().isEmpty)
  }

  @Test func aLargeFeedIsRegroupedByAJobWithoutBeingClosed() async throws {
    let (world, source) = world { $0.stepRowsMax = 4 }
    for index in 0..<18 {
      try await world.add("p\(index)", to: "news:n", time: Int64(index + 1) * 1_000_000, actor: "u\(index % 3)")
    }
    source.set(Self.group("{{ verb }}"))
    #expect(try await world.grouped("news:n").count == 3, "the old groups are shown until the job has run")
    #expect(try await world.jobs().count == 1)
    _ = try await world.groups("news:n")
    #expect(try await world.jobs().count == 1, "one job, however often it is read")
    try await world.add("late", to: "news:n", time: 99_000_000)
    try await world.settle()
    let page = try await world.groups("news:n")
    #expect(page.groups.map { "\($0.key) \($0.activityCount)/\($0.actorCount)" } == ["post 19/4"])
    #expect(try await world.jobs().isEmpty)
  }

  @Test func aWriteRegroupsAsWell() async throws {
    let (world, source) = world()
    try await world.add("a", to: "news:n", time: 1_000_000, actor: "x")
    source.set(Self.group("{{ verb }}"))
    try await world.add("b", to: "news:n", time: 2_000_000, actor: "y")
    // Beside the request: what a read without the setting shows tells that it has happened.
    var group = Self.group("{{ verb }}")
    group.reaggregate = false
    source.set(group)
    for _ in 0..<1_000 where try await world.grouped("news:n").count > 1 { await Task.yield() }
    #expect(try await world.grouped("news:n") == ["post 2/2 b,a"])
  }
}
