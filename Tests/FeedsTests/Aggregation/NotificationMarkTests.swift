import Feeds
import Model
import Testing

@Suite struct NotificationMarkTests {
  private func world() async throws -> World {
    let world = World(
      groups: ChangingGroups(
        FeedGroup.standard + [.init(slug: "each", kind: .notification, aggregationFormat: "{{ object }}")]))
    for index in 1...4 { try await world.add("g\(index)", to: "each:n", time: Int64(index) * 1_000_000) }
    return world
  }

  /// Groups as `key`, with `s` where seen and `r` where read; then the counts.
  private func state(_ world: World, marks: GroupMarks = GroupMarks(), limit: Int = 100) async throws -> String {
    let page = try await world.groups("each:n", marks: marks) { $0.limit = limit }
    let groups = page.groups.map { "\($0.key)\($0.isSeen ? "s" : "")\($0.isRead ? "r" : "")" }.joined(separator: " ")
    return "\(groups) \(page.unmarked?.unseen ?? -1)/\(page.unmarked?.unread ?? -1)"
  }

  @Test func marksShowInTheNextReadAndAreIndependent() async throws {  // N1, N3, N4
    let world = try await world()
    #expect(try await state(world) == "g4 g3 g2 g1 4/4")
    #expect(try await state(world, marks: .init(seen: .all)) == "g4 g3 g2 g1 4/4")
    #expect(try await state(world) == "g4s g3s g2s g1s 0/4")
    #expect(try await state(world, marks: .init(read: .all)) == "g4s g3s g2s g1s 0/4")
    #expect(try await state(world) == "g4sr g3sr g2sr g1sr 0/0")
  }

  @Test func aNewActivityResetsBothMarksOfItsGroup() async throws {  // N5
    let world = try await world()
    _ = try await state(world, marks: .init(seen: .all, read: .all))
    _ = try await world.engine.add(
      [
        ActivityInput(actor: "z", verb: "post", object: "g2", time: ActivityTime(microseconds: 2_500_000), idLowBits: 9)
      ],
      to: world.feed("each:n"), world.context)
    #expect(try await state(world) == "g4sr g3sr g2 g1sr 1/1")
    try await world.add("g5", to: "each:n", time: 500)
    #expect(try await state(world) == "g4sr g3sr g2 g1sr g5 2/2")
  }

  @Test func listsMarkThoseGroupsByTheirIdOrAnActivitys() async throws {  // N3, N7
    let world = try await world()
    let page = try await world.groups("each:n")
    let ids = page.groups.map(\.id)
    let unknown = ActivityID(ticks: 5, low: 6)
    _ = try await state(world, marks: .init(seen: .named([ids[0], unknown]), read: .named([ids[1], ids[2]])))
    #expect(try await state(world) == "g4s g3r g2r g1 3/2")
    _ = try await state(world, marks: .init(seen: .named([page.groups[3].items[0].activity.id]), read: .all))
    #expect(try await state(world) == "g4sr g3r g2r g1sr 2/0")
  }

  @Test func currentMarksTheGroupsOfThePage() async throws {  // N6
    let world = try await world()
    #expect(try await state(world, marks: .init(seen: .current, read: .current), limit: 2) == "g4 g3 4/4")
    #expect(try await state(world) == "g4sr g3sr g2 g1 2/2")
  }

  @Test func marksOfAggregatedFeedsAreIgnored() async throws {  // N8
    let world = World()
    try await world.add("x", to: "aggregated:g", time: 1_000_000)
    let page = try await world.groups("aggregated:g", marks: .init(seen: .all, read: .all))
    #expect(page.unmarked == nil && page.groups.count == 1)
  }

  @Test func marksOfAnUntouchedFeedAreNothing() async throws {
    let world = World()
    let page = try await world.groups("notification:none", marks: .init(seen: .all, read: .current))
    #expect(page == AggregatedPage(groups: [], hasMore: false, unmarked: .init(unseen: 0, unread: 0)))
    #expect(try await world.aggregateRows("notification:none") == 0)
  }

  @Test func onlyTheNewestGroupsAreCounted() async throws {  // N2, L18
    let world = World(
      groups: FixedGroups([.init(slug: "each", kind: .notification, aggregationFormat: "{{ object }}")])
    ) { $0.groupsCountedMax = 3 }
    for index in 1...5 { try await world.add("g\(index)", to: "each:n", time: Int64(index) * 1_000_000) }
    #expect(try await state(world) == "g5 g4 g3 g2 g1 3/3")
    let ids = try await world.groups("each:n").groups.map(\.id)
    _ = try await state(world, marks: .init(seen: .named([ids[0], ids[1]])))
    #expect(try await state(world) == "g5s g4s g3 g2 g1 1/3")
    _ = try await state(world, marks: .init(seen: .named([ids[2]])))
    #expect(try await state(world) == "g5s g4s g3s g2 g1 0/3")
  }

  @Test func aRemovalInAMarkedGroupKeepsItMarked() async throws {
    let world = try await world()
    let extra = try await world.engine.add(
      [
        ActivityInput(actor: "z", verb: "post", object: "g4", time: ActivityTime(microseconds: 9_000_000), idLowBits: 9)
      ],
      to: world.feed("each:n"), world.context)
    _ = try await state(world, marks: .init(seen: .all))
    try await world.remove(extra[0], from: "each:n")
    #expect(try await state(world) == "g4s g3s g2s g1s 0/4")
    let other = try await world.groups("each:n").groups[3].items[0].activity
    try await world.remove(other, from: "each:n")
    #expect(try await state(world) == "g4s g3s g2s 0/3")
  }

  /// A group that changes between the page and the mark was not on the page: it stays unseen.
  @Test func whatEntersAfterThePageStaysUnmarked() async throws {
    let world = try await world()
    let gate = WriteGate(world.store)
    let slow = World.engine(
      gate, world.clock, SequenceTimeSource(), FeedEngine.Options(), world.metrics,
      groups: FixedGroups([.init(slug: "each", kind: .notification, aggregationFormat: "{{ object }}")]))
    gate.beforeNextWrite { _ = try? await world.add("g9", to: "each:n", time: 9_000_000) }
    let group = FeedGroup(slug: "each", kind: .notification, aggregationFormat: "{{ object }}")
    _ = try await slow.readGroups(
      world.feed("each:n"), of: group, app: world.app, page: PageRequest(), ranked: nil, marks: .init(seen: .all))
    #expect(try await state(world) == "g9 g4s g3s g2s g1s 1/5")
  }
}
