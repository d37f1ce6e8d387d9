import Feeds
import Model
import Testing

@Suite struct GroupPagingTests {
  private func world(_ count: Int) async throws -> World {
    let world = World(
      groups: FixedGroups([
        .init(slug: "each", kind: .aggregated, aggregationFormat: "{{ object }}"), .init(slug: "user", kind: .flat),
      ])
    ) { $0.joinRowsMax = 4 }
    for index in 0..<count { try await world.add("g\(index)", to: "each:n", time: Int64(index + 1) * 1_000_000) }
    return world
  }

  private func keys(_ world: World, _ change: (inout PageRequest) -> Void) async throws -> [String] {
    try await world.groups("each:n", change).groups.map(\.key)
  }

  @Test func pagesFollowOneAnotherByTheLastGroup() async throws {  // G5, G6, F13
    let world = try await world(10)
    var seen: [String] = []
    var last: ActivityID?
    while true {
      let page = try await world.groups("each:n") {
        $0.limit = 3
        $0.idLessThan = last
      }
      seen += page.groups.map(\.key)
      last = page.groups.last?.id
      if !page.hasMore { break }
    }
    #expect(seen == (0..<10).reversed().map { "g\($0)" })
    #expect(try await keys(world) { $0.offset = 8 } == ["g1", "g0"])
    #expect(try await keys(world) { $0.limit = 0 } == [])
    #expect(try await world.groups("each:n") { $0.limit = 10 }.hasMore == false)
  }

  @Test func boundsSelectByTheNamedGroupsPlace() async throws {  // G6
    let world = try await world(6)
    // g1 moves to the top: its id is older than its place.
    _ = try await world.engine.add(
      [
        ActivityInput(
          actor: "z", verb: "post", object: "g1", time: ActivityTime(microseconds: 99_000_000), idLowBits: 3)
      ],
      to: world.feed("each:n"), world.context)
    let groups = try await world.groups("each:n").groups
    #expect(groups.map(\.key) == ["g1", "g5", "g4", "g3", "g2", "g0"])
    #expect(try await keys(world) { $0.idLessThan = groups[0].id } == ["g5", "g4", "g3", "g2", "g0"])
    #expect(try await keys(world) { $0.idLessThanOrEqual = groups[3].id } == ["g3", "g2", "g0"])
    #expect(try await keys(world) { $0.idGreaterThan = groups[2].id } == ["g1", "g5"])
    #expect(try await keys(world) { $0.idGreaterThanOrEqual = groups[2].id } == ["g1", "g5", "g4"])
    let both = try await keys(world) {
      $0.idLessThanOrEqual = groups[4].id
      $0.idGreaterThanOrEqual = groups[4].id
    }
    #expect(both == ["g2"])
  }

  @Test func unknownIdsCompareByTheirTime() async throws {  // G6
    let world = try await world(4)
    let unknown = ActivityID(ticks: ActivityTime(microseconds: 3_000_000).ticks, low: 42)
    #expect(try await keys(world) { $0.idLessThan = unknown } == ["g1", "g0"])
    #expect(try await keys(world) { $0.idLessThanOrEqual = unknown } == ["g2", "g1", "g0"])
    #expect(try await keys(world) { $0.idGreaterThan = unknown } == ["g3"])
    #expect(try await keys(world) { $0.idGreaterThanOrEqual = unknown } == ["g3", "g2"])
  }
}
