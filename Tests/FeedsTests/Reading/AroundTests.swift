import Feeds
import Model
import Testing

/// Ours beyond feeds 2.2: a feed opened at an activity.
@Suite struct AroundTests {
  private func filled() async throws -> (World, [ActivityID]) {
    let world = World(remoteShards: [3]) { $0.joinRowsMax = 4 }
    try await world.follow("flat:all", "user:a")
    try await world.follow("flat:all", "user:b")
    for index in 0..<21 {
      let stored = try await world.add(
        "n\(index)", to: index % 2 == 0 ? "user:a" : "flat:all", time: Int64(1_000 + index),
        targets: index % 3 == 0 ? ["user:b"] : [])
      if index == 9 || index == 12 { try await world.remove(stored, from: index % 2 == 0 ? "user:a" : "flat:all") }
    }
    return (world, try await world.page("flat:all").items.map(\.activity.id))
  }

  @Test func halfOfThePageIsNewer() async throws {
    let (world, all) = try await filled()
    for (place, id) in all.enumerated() {
      for limit in [1, 2, 5, 8] {
        let page = try await world.page("flat:all") {
          $0.around = id
          $0.limit = limit
        }
        let start = max(0, place - limit / 2)
        #expect(
          page.items.map(\.activity.id) == Array(all.dropFirst(start).prefix(limit)), "place \(place), limit \(limit)")
        #expect(page.hasMore == (start + limit < all.count))
      }
    }
  }

  @Test func theActivityNeedNotBeThere() async throws {
    let (world, all) = try await filled()
    // n9 has gone; n8 and n10 stand where it was.
    let nine = ActivityTime(microseconds: 1_009).ticks
    let page = try await world.page("flat:all") {
      $0.around = ActivityID(ticks: nine, low: 0)
      $0.limit = 4
    }
    let place = try #require(all.firstIndex { $0.ticks < nine })
    #expect(page.items.map(\.activity.id) == Array(all[(place - 2)..<(place + 2)]))
    let newest = try await world.page("flat:all") {
      $0.around = ActivityID(ticks: .max >> 4, low: .max)
      $0.limit = 3
    }
    #expect(newest.items.map(\.activity.id) == Array(all.prefix(3)))
    let oldest = try await world.page("flat:all") {
      $0.around = ActivityID(ticks: 0, low: 0)
      $0.limit = 4
    }
    #expect(oldest.items.map(\.activity.id) == Array(all.suffix(2)) && !oldest.hasMore)
  }

  @Test func boundsAndFiltersHoldOnBothSides() async throws {
    let (world, all) = try await filled()
    let page = try await world.page("flat:all") {
      $0.around = all[8]
      $0.limit = 100
      $0.idGreaterThan = all[12]
      $0.idLessThanOrEqual = all[5]
    }
    #expect(page.items.map(\.activity.id) == Array(all[5...11]))
    let filter = try ActivityFilter(parsing: #"{"origin":"user:a"}"#)
    let filtered = try await world.page("flat:all") {
      $0.around = all[8]
      $0.limit = 4
      $0.filter = filter
    }
    let own = try await world.page("flat:all").items.filter { $0.origin?.description == "user:a" }.map(\.activity.id)
    let place = try #require(own.firstIndex { $0 <= all[8] })
    #expect(filtered.items.map(\.activity.id) == Array(own[(place - 2)..<(place + 2)]))
  }
}
