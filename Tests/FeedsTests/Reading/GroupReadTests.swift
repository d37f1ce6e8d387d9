import Feeds
import KeevoClient
import Model
import Testing

/// Ranked, filtered and opened reads of aggregated and notification feeds (feeds K10; ours beyond 2.2).
@Suite struct GroupReadTests {
  private static let group = FeedGroup(slug: "each", kind: .notification, aggregationFormat: "{{ about }}")

  /// Groups g0 … g5, each of three activities `g<group>.<0…2>`, the group with the greatest number newest; `p` is 10 less the
  /// group's number in its newest activity and 100 in the others.
  private func world(_ change: (inout FeedEngine.Options) -> Void = { _ in }) async throws -> World {
    let world = World(groups: FixedGroups([Self.group, .init(slug: "user", kind: .flat)]), change)
    for number in 0..<6 {
      for item in 0..<3 {
        try await world.add(
          "g\(number).\(item)", to: "each:n", time: Int64(number * 10 + item + 1) * 1_000_000, actor: "SU:\(item)",
          custom: ",\"about\":\"g\(number)\",\"p\":\(item == 2 ? 10 - number : 100)")
      }
    }
    return world
  }

  private func read(
    _ world: World, _ score: String? = nil, marks: GroupMarks = GroupMarks(), engine: FeedEngine? = nil,
    _ change: (inout PageRequest) -> Void = { _ in }, ranked: (inout RankedRequest) -> Void = { _ in }
  ) async throws -> AggregatedPage {
    var page = PageRequest(limit: 100)
    change(&page)
    var request = try score.map {
      RankedRequest(
        page: page, method: try RankingSamples.method($0), now: ActivityTime(microseconds: 1_000_000_000), seed: 7)
    }
    if var changed = request {
      ranked(&changed)
      request = changed
    }
    return try await (engine ?? world.engine).readGroups(
      world.feed("each:n"), of: Self.group, app: world.app, page: page, ranked: request, marks: marks)
  }

  private func keys(_ page: AggregatedPage) -> String { page.groups.map(\.key).joined(separator: " ") }

  // MARK: Ranking

  @Test func groupsAreRankedByTheirNewestActivity() async throws {  // K10
    let world = try await world()
    let page = try await read(world, "p")
    #expect(keys(page) == "g0 g1 g2 g3 g4 g5")
    #expect(page.groups.map(\.score) == [10, 9, 8, 7, 6, 5])
    // Each activity carries its own.
    #expect(page.groups[1].items.map(World.text) == ["g1.2", "g1.1", "g1.0"])
    #expect(page.groups[1].items.map(\.score) == [9, 100, 100])
    let body = String(decoding: page.groups[1].items[1].activity.body, as: UTF8.self)
    #expect(body.hasSuffix(#","p":100,"score":100}"#))
    #expect(page.groups[1].activityCount == 3 && page.groups[1].actorCount == 3)
    #expect(page.unmarked == .init(unseen: 6, unread: 6) && !page.hasMore)
    // Without a ranking there is no score.
    #expect(try await read(world).groups.allSatisfy { $0.score == nil && $0.items.allSatisfy { $0.score == nil } })
  }

  @Test func equalScoresKeepTheOrderOfTime() async throws {  // K2, G5
    let world = try await world()
    #expect(keys(try await read(world, "1")) == "g5 g4 g3 g2 g1 g0")
    #expect(keys(try await read(world, "p > 7")) == "g2 g1 g0 g5 g4 g3")
  }

  @Test func rankedPagesGoByOffsetOrBelowAScore() async throws {  // K12
    let world = try await world()
    let page = try await read(world, "p") {
      $0.offset = 1
      $0.limit = 2
    }
    #expect(keys(page) == "g1 g2" && page.hasMore)
    #expect(keys(try await read(world, "p") { $0.offset = 5 }) == "g5")
    #expect(keys(try await read(world, "p", ranked: { $0.scoreLessThan = 7 })) == "g4 g5")
    // Bounds come first, and name groups.
    let all = try await read(world).groups
    #expect(keys(try await read(world, "p") { $0.idLessThan = all[2].id }) == "g0 g1 g2")
  }

  @Test func sharesAndVariablesStandInTheActivities() async throws {  // K11, K11a
    let world = try await world()
    let page = try await read(
      world, "p + 1", { $0.limit = 1 },
      ranked: {
        $0.withVariables = true
        $0.explains = true
      })
    for (item, p) in zip(page.groups[0].items, [10, 100, 100]) {
      let body = String(decoding: item.activity.body, as: UTF8.self)
      let ending =
        #","score":\#(p + 1),"score_vars":{"p":\#(p)},"explain":[{"term":"p","share":\#(p)},{"term":"1","share":1}]}"#
      #expect(body.hasSuffix(ending), "\(body)")
    }
  }

  @Test func onlyTheNewestGroupsAreScored() async throws {  // K8
    let world = try await world { $0.rankedWindowMax = 3 }
    #expect(keys(try await read(world, "p")) == "g3 g4 g5")
  }

  @Test func aRankedReadLooksUpOneActivityAGroupAndThoseItShows() async throws {
    let world = try await world()
    let store = CountingStore(world.store)
    let engine = World.engine(
      store, world.clock, SequenceTimeSource(), FeedEngine.Options(), world.metrics, groups: world.groupSource)
    let page = try await read(world, "p", engine: engine) { $0.limit = 2 }
    #expect(keys(page) == "g0 g1")
    #expect(store.multiGets == [6, 6])
  }

  @Test func aGroupWhoseNewestHasGoneIsScoredByTheNext() async throws {
    let world = try await world()
    let newest = try await read(world).groups[0].items[0].activity
    // The body goes; the feed has not heard of it yet.
    let name = [newest.id.ticks, newest.id.low].map { number in
      let digits = String(number, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
    let partition = Partition(app: 1, name)
    let rows = try await world.store.scan(
      ScanRequest(scope: .partition(partition, RowRange(space: UInt8(ascii: "a"))))
    ).rows
    try #require(!rows.isEmpty)
    _ = try await world.store.write(
      WriteRequest(batches: [SubBatch(partition: partition, operations: rows.map { .delete($0.key) })]))
    let page = try await read(world, "p")
    #expect(keys(page) == "g5 g0 g1 g2 g3 g4")
    #expect(page.groups[0].items.map(World.text) == ["g5.1", "g5.0"])
    #expect(page.groups[0].score == 100)
  }

  @Test func aScoreThatFailsNamesItsActivity() async throws {  // K7
    let world = try await world()
    do {
      _ = try await read(world, "1 / (p - 8)")
      Issue.record("a division by zero gave a score")
    } catch FeedError.ranking(let failure) {
      #expect(failure.message.contains("division by zero"))
    }
  }

  @Test func marksOfARankedReadAreThoseOfItsPage() async throws {  // N6
    let world = try await world()
    _ = try await read(world, "p", marks: .init(seen: .current)) { $0.limit = 2 }
    #expect(try await read(world).groups.filter(\.isSeen).map(\.key) == ["g1", "g0"])
  }

  // MARK: Filters

  @Test func aFilterKeepsActivitiesAndTheGroupsThatShowSome() async throws {
    let world = try await world()
    let some = try ActivityFilter(parsing: #"{"p":[100,7]}"#)
    let page = try await read(world) { $0.filter = some }
    #expect(keys(page) == "g5 g4 g3 g2 g1 g0")
    #expect(page.groups.map { $0.items.count } == [2, 2, 3, 2, 2, 2])
    // Counts and verb are the group's own.
    #expect(page.groups[0].activityCount == 3 && page.groups[0].actorCount == 3)
    let one = try ActivityFilter(parsing: #"{"object":["g4.0","g1.2"]}"#)
    #expect(try await read(world) { $0.filter = one }.groups.map(World.text) == ["g4 3/3 g4.0", "g1 3/3 g1.2"])
    #expect(
      try await read(world) {
        $0.filter = one
        $0.offset = 1
      }.groups.map(\.key) == ["g1"])
    #expect(try await read(world) { $0.filter.discardedActors = ["SU:1", "SU:2"] }.groups[0].items.count == 1)
    #expect(try await read(world) { $0.filter.discardedActors = ["SU:0", "SU:1", "SU:2"] }.groups.isEmpty)
  }

  @Test func theVerbStaysThatOfTheNewestActivity() async throws {  // G4
    let world = try await world()
    _ = try await world.engine.add(
      [
        ActivityInput(
          actor: "z", verb: "other", object: "g5.3", time: ActivityTime(microseconds: 99_000_000),
          customMembers: Array(#","about":"g5""#.utf8), idLowBits: 3)
      ], to: world.feed("each:n"), world.context)
    let old = try ActivityFilter(parsing: #"{"object":"g5.0"}"#)
    let group = try await read(world) { $0.filter = old }.groups[0]
    #expect(group.items.map(World.text) == ["g5.0"])
    #expect(String(decoding: group.verb, as: UTF8.self) == "\"other\"")
  }

  @Test func activitiesThatReferToWhatIsGoneAreDiscarded() async throws {
    let world = try await world()
    let kept = try await world.add("kept", to: "user:a", time: 1_000)
    let gone = try await world.add("gone", to: "user:a", time: 1_001)
    for (index, id) in [kept.id, gone.id, gone.id].enumerated() {
      try await world.add(
        "share\(index)", to: "each:n", time: Int64(100 + index) * 1_000_000,
        custom: #","about":"s\#(min(index, 1))","shared":"SA:\#(id)""#)
    }
    try await world.remove(gone, from: "user:a")
    #expect(keys(try await read(world) { $0.limit = 3 }) == "s1 s0 g5")
    #expect(
      keys(
        try await read(world) {
          $0.filter.discardsDeleted = true
          $0.limit = 2
        }) == "s0 g5")
  }

  @Test func aFilteredReadLooksAtABoundedNumberAndGoesOn() async throws {
    for most in [1, 3, 7, 18, 100] {
      let world = try await world { $0.filterScanMax = most }
      var request = PageRequest(limit: 1, offset: 1)
      request.filter = try ActivityFilter(parsing: #"{"object":["g4.0","g3.2","g1.1","g0.0"]}"#)
      var found: [String] = []
      var pages = 0
      while pages < 20 {
        let asked = request
        let page = try await read(world) { $0 = asked }
        pages += 1
        found += page.groups.map(\.key)
        guard page.hasMore else { break }
        request.idLessThan = page.stop?.after ?? page.groups.last?.id
        request.offset = page.stop?.offsetLeft ?? 0
      }
      #expect(found == ["g3", "g1", "g0"], "\(most)")
      #expect(pages == (most < 18 ? pages : 3))
    }
  }

  @Test func aRankedFilteredReadScoresWhatTheFilterKeeps() async throws {  // K12
    let world = try await world()
    let old = try ActivityFilter(parsing: #"{"object":["g4.2","g1.1","g0.2"]}"#)
    let page = try await read(world, "p") { $0.filter = old }
    #expect(page.groups.map(World.text) == ["g1 3/3 g1.1", "g0 3/3 g0.2", "g4 3/3 g4.2"])
    #expect(page.groups.map(\.score) == [100, 10, 6])
  }

  // MARK: Opening a feed at a group

  @Test func aFeedOpensAtAGroup() async throws {
    let world = try await world()
    let all = try await read(world).groups
    func around(_ id: ActivityID, _ limit: Int) async throws -> AggregatedPage {
      try await read(world) {
        $0.around = id
        $0.limit = limit
      }
    }
    let page = try await around(all[3].id, 4)
    #expect(keys(page) == "g4 g3 g2 g1" && page.hasMore)
    #expect(keys(try await around(all[0].id, 4)) == "g5 g4 g3 g2")
    #expect(keys(try await around(all[5].id, 4)) == "g2 g1 g0")
    #expect(try await around(all[5].id, 4).hasMore == false)
    // By an activity in it, whatever its place in the group.
    for item in all[3].items { #expect(keys(try await around(item.activity.id, 2)) == "g3 g2") }
    #expect(keys(try await around(all[3].id, 1)) == "g2")
    #expect(try await around(all[3].id, 0).groups.isEmpty)
    // An id that names nothing stands for its time.
    let between = ActivityID(ticks: ActivityTime(microseconds: 27_000_000).ticks, low: 1 << 63)
    #expect(keys(try await around(between, 4)) == "g4 g3 g2 g1")
  }

  @Test func aroundTakesAFilter() async throws {
    let world = try await world()
    let all = try await read(world).groups
    let odd = try ActivityFilter(parsing: #"{"about":["g1","g3","g5"]}"#)
    let page = try await read(world) {
      $0.around = all[3].id
      $0.limit = 2
      $0.filter = odd
    }
    #expect(keys(page) == "g3 g1" && !page.hasMore)
  }
}
