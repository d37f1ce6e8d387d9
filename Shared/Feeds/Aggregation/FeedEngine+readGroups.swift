import KeevoClient
import Model

/// Reads aggregated and notification feeds (feeds G, N, K10).
extension FeedEngine {
  public func readGroups(
    _ feed: FeedID, of group: FeedGroup, app: AppID, page: PageRequest, ranked: RankedRequest?, marks: GroupMarks
  ) async throws(FeedError) -> AggregatedPage {
    let format: AggregationFormat
    switch formats.format(of: group) {
    case .format(let compiled): format = compiled
    case .wrong(let error): throw .aggregationFormat(error)
    }
    let reading: GroupReading
    let unmarked: AggregatedPage.Unmarked?
    var window: GroupReading.Window
    // Scores need the newest activity of each group only, as long as no filter asks for the others.
    let newestOnly = ranked != nil && page.filter.isEmpty
    do throws(StoreError) {
      var first = try await GroupReading(self, feed: feed.nameBytes, group: group, app: app)
      if group.reaggregate, first.isOf(anotherFormatThan: format) {
        try await regroup(feed.nameBytes, group, format, app, [])
        first = try await GroupReading(self, feed: feed.nameBytes, group: group, app: app)
      }
      reading = first
      unmarked = try await reading.unmarked()
      window = try await reading.window(ranked.map { self.window(of: $0) } ?? page, newestOnly: newestOnly)
    } catch {
      throw .store(error)
    }
    if let ranked { window = try await reading.ranked(window, ranked, newestOnly: newestOnly) }
    if group.kind == .notification, !marks.isEmpty {
      do throws(StoreError) {
        try await mark(
          feed.nameBytes, app, marks, shown: window.groups.map(\.header.hash), upTo: window.readStamp)
      } catch {
        throw .store(error)
      }
    }
    return reading.page(of: window, unmarked: unmarked)
  }
}

extension FeedEngine {
  func aggregateState(_ row: VersionedValue?) throws(StoreError) -> AggregateState? {
    guard let row else { return nil }
    do { return try AggregateState(row.value) } catch { throw .unknownFormat("a feed's state: \(error)") }
  }

  /// The header of the group with that id.
  func header(
    of id: ActivityID, _ generation: UInt32, _ partition: Partition
  ) async throws(StoreError) -> GroupHeader? {
    let rows = try await store.scan(
      ScanRequest(
        scope: .partition(partition, AggregateKeys.headers(generation, idLow: id.low)), limit: Self.collisionsMax)
    ).rows
    for row in rows {
      do {
        let header = try GroupHeader(row.value)
        if header.id == ActivityID(ticks: id.ticks, low: id.low) { return header }
      } catch {
        throw .unknownFormat("a group's header: \(error)")
      }
    }
    return nil
  }

  /// Groups of a feed whose hashes agree in 56 bits: there are hardly ever two.
  private static var collisionsMax: Int { 16 }
}
