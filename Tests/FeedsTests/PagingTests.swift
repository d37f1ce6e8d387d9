import Feeds
import KeevoClient
import Model
import Testing

@Suite struct PagingTests {
  /// A feed of 60 activities: own ones, ones by two follows at once, and removed ones among them.
  private func filled(remoteShards: Set<UInt32> = [], joinRows: Int = 256) async throws -> (World, [FeedItem]) {
    let world = World(remoteShards: remoteShards) { $0.joinRowsMax = joinRows }
    try await world.follow("flat:all", "user:a")
    try await world.follow("flat:all", "user:b")
    for index in 0..<70 {
      let time = Int64(1_000_000 + index * 7)
      let stored: StoredActivity
      switch index % 3 {
      case 0: stored = try await world.add("n\(index)", to: "flat:all", time: time)
      case 1: stored = try await world.add("n\(index)", to: "user:a", time: time, targets: ["user:b"])
      default: stored = try await world.add("n\(index)", to: "user:b", time: time)
      }
      if index % 7 == 6 { try await world.remove(stored, from: index % 2 == 0 ? "flat:all" : "user:b") }
    }
    let all = try await world.page("flat:all") { $0.limit = 100 }
    return (world, all.items)
  }

  @Test func everyFormOfPagingGivesTheSameOrder() async throws {  // F12, F13
    for (remote, joinRows) in [([], 256), (Set(0..<8), 5), (Set([1, 4]), 9)] as [(Set<UInt32>, Int)] {
      let (world, all) = try await filled(remoteShards: remote, joinRows: joinRows)
      #expect(all.count > 50)
      #expect(all.map(\.activity.id) == all.map(\.activity.id).sorted().reversed())
      for limit in [1, 4, 25] {
        var byID: [FeedItem] = []
        var last: ActivityID?
        while true {
          let page = try await world.page("flat:all") {
            $0.limit = limit
            $0.idLessThan = last
          }
          byID += page.items
          last = page.items.last?.activity.id
          if !page.hasMore { break }
          #expect(page.items.count == limit)
        }
        #expect(byID == all)
        var byOffset: [FeedItem] = []
        while true {
          let page = try await world.page("flat:all") {
            $0.limit = limit
            $0.offset = byOffset.count
          }
          byOffset += page.items
          if !page.hasMore { break }
        }
        #expect(byOffset == all)
      }
    }
  }

  @Test func boundsSelectExactlyTheirRange() async throws {
    let (world, all) = try await filled()
    let ids = all.map(\.activity.id)
    func read(_ change: (inout PageRequest) -> Void) async throws -> [ActivityID] {
      try await world.page("flat:all", change).items.map(\.activity.id)
    }
    for (i, j) in [(10, 30), (0, 1), (20, 20), (ids.count - 1, 0)] {
      #expect(
        try await read {
          $0.limit = 100
          $0.idLessThan = ids[i]
        } == ids.filter { $0 < ids[i] })
      #expect(
        try await read {
          $0.limit = 100
          $0.idLessThanOrEqual = ids[i]
        } == ids.filter { $0 <= ids[i] })
      #expect(
        try await read {
          $0.limit = 100
          $0.idGreaterThan = ids[j]
        } == ids.filter { $0 > ids[j] })
      #expect(
        try await read {
          $0.limit = 100
          $0.idGreaterThanOrEqual = ids[j]
        } == ids.filter { $0 >= ids[j] })
      #expect(
        try await read {
          $0.limit = 100
          $0.idLessThanOrEqual = ids[i]
          $0.idGreaterThan = ids[j]
        } == ids.filter { $0 <= ids[i] && $0 > ids[j] })
    }
    #expect(
      try await read {
        $0.idLessThanOrEqual = ids[5]
        $0.idGreaterThanOrEqual = ids[5]
      } == [ids[5]])
    let between = ActivityID(ticks: ids[5].ticks - 1, low: 0)
    #expect(
      try await read {
        $0.limit = 3
        $0.idLessThan = between
      } == Array(ids[6..<9]))
    #expect(
      try await read {
        $0.limit = 3
        $0.offset = 2
        $0.idLessThan = between
      } == Array(ids[8..<11]))
    #expect(try await read { $0.idGreaterThan = ActivityID(ticks: .max, low: .max) } == [])
    #expect(try await read { $0.idLessThan = ActivityID(ticks: 0, low: 0) } == [])
  }

  @Test func aPageOfNothingTellsWhetherThereIsSomething() async throws {
    let (world, _) = try await filled()
    let page = try await world.page("flat:all") { $0.limit = 0 }
    #expect(page.items.isEmpty && page.hasMore)
    let empty = try await world.page("flat:none") { $0.limit = 0 }
    #expect(empty.items.isEmpty && !empty.hasMore)
  }

  @Test func aBackDatedActivityAppearsInItsPlace() async throws {  // F12
    let world = World()
    try await world.add("new", to: "user:a", time: 9_000_000)
    try await world.add("old", to: "user:a", time: 1_000_000)
    try await world.add("middle", to: "user:a", time: 5_000_000)
    #expect(try await world.read("user:a") == ["new", "middle", "old"])
  }

  @Test func garbageIsSkippedAndDeletedByReads() async throws {
    let world = World { $0.joinRowsMax = 3 }
    try await world.follow("timeline:f", "user:a")
    var gone: [StoredActivity] = []
    for index in 0..<20 { gone.append(try await world.add("x\(index)", to: "user:a", time: Int64(2_000_000 + index))) }
    try await world.add("old", to: "user:a", time: 1_000_000)
    for activity in gone { try await world.remove(activity, from: "user:a") }
    let page = try await world.page("timeline:f") { $0.limit = 1 }
    #expect(page.items.map(World.text) == ["old<user:a"])
    #expect(!page.hasMore)
    let entries = ScanRequest(
      scope: .partition(Partition(app: 1, "f/timeline:f"), RowRange(space: UInt8(ascii: "e"))), limit: 100)
    for _ in 0..<1_000 where try await world.store.scan(entries).rows.count > 1 { await Task.yield() }
    #expect(try await world.store.scan(entries).rows.count == 1)
  }
}
