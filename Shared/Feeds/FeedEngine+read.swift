import Jobs
import KeevoClient
import Model

extension FeedEngine {
  public func readFlat(_ feed: FeedID, app: AppID, page: PageRequest) async throws(FeedError) -> FlatPage {
    do throws(StoreError) {
      return try await read(feed, app, page)
    } catch {
      throw .store(error)
    }
  }

  private func read(_ feed: FeedID, _ app: AppID, _ page: PageRequest) async throws(StoreError) -> FlatPage {
    guard let range = Self.range(page) else { return FlatPage(items: [], hasMore: false) }
    let name = feed.nameBytes
    let limit = max(0, page.limit)
    var skip = max(0, page.offset)
    var reader = EntryReader(self, feed: name, app: app, range: range)
    var items: [FeedItem] = []
    items.reserveCapacity(limit)
    var garbage: [EntryReader.EntryRow] = []
    var hasMore = false
    while let group = try await reader.next(expecting: skip + limit + 1 - items.count) {
      let sources = judge(group, name, &garbage)
      for source in sources {
        if skip > 0 {
          skip -= 1
        } else if items.count < limit {
          items.append(try item(group, source))
        } else {
          hasMore = true
        }
      }
      if hasMore { break }
    }
    if !garbage.isEmpty { collect(garbage, name, app) }
    return FlatPage(items: items, hasMore: hasMore)
  }

  /// The entries between the bounds; `nil` if they leave nothing.
  static func range(_ page: PageRequest) -> RowRange? {
    // Newest first: the upper bound of ids is where the range starts.
    var start: [UInt8] = []
    var end: [UInt8] = []
    if let id = page.idLessThanOrEqual { start = FeedKeys.inverted(id) }
    if let id = page.idLessThan {
      let after = RowRange(space: FeedKeys.entrySpace, prefix: FeedKeys.inverted(id)).end
      if after.isEmpty { return nil }
      if start.lexicographicallyPrecedes(after) { start = after }
    }
    if let id = page.idGreaterThanOrEqual {
      end = RowRange(space: FeedKeys.entrySpace, prefix: FeedKeys.inverted(id)).end
    }
    if let id = page.idGreaterThan {
      let before = FeedKeys.inverted(id)
      if end.isEmpty || before.lexicographicallyPrecedes(end) { end = before }
    }
    if !end.isEmpty, !start.lexicographicallyPrecedes(end) { return nil }
    return RowRange(space: FeedKeys.entrySpace, start: start, end: end)
  }

  /// Where an item came from.
  private enum Origin {
    case own
    case placement(Int)
  }

  /// By what the feed holds an activity: nothing, or the one origin that is shown (feeds F11). Rows that cite what is gone
  /// are noted as garbage.
  private func judge(
    _ group: EntryReader.Group, _ feed: [UInt8], _ garbage: inout [EntryReader.EntryRow]
  ) -> [Origin] {
    guard let record = group.record else {
      garbage += group.rows
      return []
    }
    let hidden = Set(group.rows.filter(\.isHide).map(\.key))
    var origins: [Origin] = []
    for row in group.rows {
      let position: Int?
      if row.key.via == 0 {
        position = record.placements.firstIndex { $0.epoch == row.key.placement && $0.feed == feed }
      } else {
        position = record.position(via: row.key.via, epoch: row.key.placement)
      }
      guard let position else {
        garbage.append(row)
        continue
      }
      if row.isHide || row.ended || hidden.contains(row.key) { continue }
      origins.append(row.key.via == 0 ? .own : .placement(position))
    }
    if origins.count < 2 || options.faults.contains(.notIdempotent) { return origins }
    var first = Int.max
    for origin in origins {
      guard case .placement(let position) = origin else { return [.own] }
      first = min(first, position)
    }
    return [.placement(first)]
  }

  private func item(_ group: EntryReader.Group, _ origin: Origin) throws(StoreError) -> FeedItem {
    guard let record = group.record else { throw .unknownFormat("an item without its activity") }
    var feed: FeedID?
    if case .placement(let position) = origin {
      feed = FeedID(nameBytes: record.placements[position].feed)
      if feed == nil { throw .unknownFormat("a placement's feed") }
    }
    return FeedItem(activity: record.stored(group.id, version: group.version), origin: feed)
  }

  /// Has rows deleted whose citation no longer stands, beside the request and never more than a bounded number. The records are
  /// looked at again: an entry that was read is older than its record is now.
  private func collect(_ garbage: [EntryReader.EntryRow], _ feed: [UInt8], _ app: AppID) {
    let rows = Array(garbage.prefix(options.garbagePerReadMax))
    runtime.spawn { [self] in
      do throws(StoreError) {
        let records = try await multiGet(
          rows.map { .init(partition: FeedKeys.activity($0.key.id, app), key: FeedKeys.record) })
        var operations: [Operation] = []
        for (row, found) in zip(rows, records) {
          if let record = try record(found) {
            let stands =
              row.key.via == 0
              ? record.lists(feed, row.key.placement)
              : record.position(via: row.key.via, epoch: row.key.placement) != nil
            if stands { continue }
          }
          operations.append(.delete(row.isHide ? row.key.hide : row.key.row))
          if row.key.via == 0, !row.isHide {
            operations.append(
              .delete(FeedKeys.arrival(row.value.arrival, row.key.id, placement: row.key.placement)))
          }
        }
        if operations.isEmpty { return }
        garbageRows.increment(by: operations.count)
        _ = try await write([SubBatch(partition: FeedKeys.feed(named: feed, app.rawValue), operations: operations)], [])
      } catch {
        logger.debug("garbage of a feed stays until its job or the next read", [("error", "\(error)")])
      }
    }
  }
}
