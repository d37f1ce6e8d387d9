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

  /// Reads for a reader, whose last read is noted.
  func read(_ feed: FeedID, _ app: AppID, _ page: PageRequest) async throws(StoreError) -> FlatPage {
    if let around = page.around { return try await read(feed, app, page, around: around) }
    if let texts = page.filter.foreignIDs, let found = try await read(feed, app, page, foreignIDs: texts) {
      return found
    }
    guard let range = Self.range(page) else { return FlatPage(items: [], hasMore: false) }
    return try await walk(feed, app, range, page, notes: true)
  }

  /// Reads entries until the page is full, or as many were looked at as a filtered read may. `notes`: whether it counts
  /// as a read of the feed by those who use it.
  func walk(
    _ feed: FeedID, _ app: AppID, _ range: RowRange, _ page: PageRequest, oldestFirst: Bool = false,
    notes: Bool = false
  ) async throws(StoreError) -> FlatPage {
    let name = feed.nameBytes
    let isFiltered = !page.filter.isEmpty
    var reader = EntryReader(self, feed: name, app: app, range: range, oldestFirst: oldestFirst)
    var taker = PageTaker<FeedItem>(page)
    var pending: [FeedItem] = []
    var garbage: [EntryReader.EntryRow] = []
    var left = isFiltered ? options.filterScanMax : .max
    var last: ActivityID?
    while !taker.isDone {
      guard left > 0 else {
        taker.stop(after: last)
        break
      }
      guard let group = try await reader.next(expecting: isFiltered ? left : taker.wanted - pending.count) else {
        break
      }
      left -= 1
      last = group.id
      for source in judge(group, name, &garbage) {
        let item = try item(group, source)
        if isFiltered, !page.filter.keeps(item.activity, origin: item.origin) { continue }
        pending.append(item)
      }
      // Referenced activities are looked up for all that may be on the page at once.
      if pending.count >= taker.wanted || left == 0 {
        taker.take(try await standing(pending, page.filter, app))
        pending = []
      }
    }
    taker.take(try await standing(pending, page.filter, app))
    if !garbage.isEmpty { collect(garbage, name, app) }
    if notes { noteReadLater(name, reader.lastRead, app) }
    return taker.page
  }

  /// The items whose referenced activities are all there, if the filter asks for that.
  func standing(
    _ items: [FeedItem], _ filter: ActivityFilter, _ app: AppID
  ) async throws(StoreError) -> [FeedItem] {
    guard filter.discardsDeleted else { return items }
    let references = items.map { ActivityFilter.references(of: $0.activity) }
    let ids = Array(Set(references.joined()))
    let rows = try await multiGet(ids.map { .init(partition: FeedKeys.activity($0, app), key: FeedKeys.record) })
    let gone = Set(zip(ids, rows).filter { $1 == nil }.map(\.0))
    return zip(items, references).filter { gone.isDisjoint(with: $1) }.map(\.0)
  }

  /// A page around an activity, which need not be there: newer ones for half of it, older ones for the rest. Two walks.
  private func read(
    _ feed: FeedID, _ app: AppID, _ page: PageRequest, around: ActivityID
  ) async throws(StoreError) -> FlatPage {
    var newer = page
    newer.around = nil
    newer.offset = 0
    var older = newer
    newer.limit = page.limit / 2
    newer.idGreaterThan = max(page.idGreaterThan ?? around, around)
    older.idLessThanOrEqual = min(page.idLessThanOrEqual ?? around, around)
    var items: [FeedItem] = []
    if newer.limit > 0, let range = Self.range(newer) {
      items = try await walk(feed, app, range, newer, oldestFirst: true).items.reversed()
    }
    older.limit = page.limit - items.count
    guard let range = Self.range(older) else { return FlatPage(items: items, hasMore: false) }
    let rest = try await walk(feed, app, range, older, notes: true)
    return FlatPage(items: items + rest.items, hasMore: rest.hasMore, stop: rest.stop)
  }

  /// Activities by foreign id: hints name them, so that the feed need not be walked. `nil` if there are too many.
  private func read(
    _ feed: FeedID, _ app: AppID, _ page: PageRequest, foreignIDs: [String]
  ) async throws(StoreError) -> FlatPage? {
    var ids: Set<ActivityID> = []
    for text in Set(foreignIDs) {
      let partition = FeedKeys.foreignID(hash: FeedKeys.foreignIDHash(text), app)
      let hints = try await store.scan(
        ScanRequest(
          scope: .partition(partition, RowRange(space: FeedKeys.foreignIDSpace)), limit: options.foreignIDHintsMax))
      guard hints.next.isEmpty else { return nil }
      ids.formUnion(hints.rows.compactMap { FeedKeys.hintedID($0) })
      guard ids.count <= options.foreignIDHintsMax else { return nil }
    }
    let candidates = ids.filter { page.admits($0) }.sorted(by: >)
    var one = page
    one.offset = 0
    one.limit = 1
    let request = one
    let found = await concurrently(candidates) { [self] id in
      await Result.of { () throws(StoreError) in try await walk(feed, app, EntryKey.range(id), request).items }
    }
    var taker = PageTaker<FeedItem>(page)
    for result in found { taker.take(try result.get()) }
    return taker.page
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
    case placement(CitedPlacement)
  }

  /// By what the feed holds an activity: nothing, or the one origin that is shown (feeds F11). Rows that cite what is gone
  /// are noted as garbage.
  private func judge(
    _ group: EntryReader.Group, _ feed: [UInt8], _ garbage: inout [EntryReader.EntryRow]
  ) -> [Origin] {
    guard group.record != nil else {
      garbage += group.rows.filter { !$0.isPulled }
      return []
    }
    let hidden = Set(group.rows.filter(\.isHide).map(\.key))
    var origins: [Origin] = []
    for row in group.rows {
      guard let cited = row.cited else {
        // A source's rows are its own readers' to collect.
        if !row.isPulled { garbage.append(row) }
        continue
      }
      if row.isHide || row.ended || hidden.contains(row.key) { continue }
      origins.append(row.key.via == 0 ? .own : .placement(cited))
    }
    if origins.count < 2 || options.faults.contains(.notIdempotent) { return origins }
    var first: CitedPlacement?
    for origin in origins {
      guard case .placement(let cited) = origin else { return [.own] }
      if first.map({ cited.order < $0.order }) ?? true { first = cited }
    }
    return first.map { [.placement($0)] } ?? []
  }

  private func item(_ group: EntryReader.Group, _ origin: Origin) throws(StoreError) -> FeedItem {
    guard let record = group.record else { throw .unknownFormat("an item without its activity") }
    var feed: FeedID?
    if case .placement(let cited) = origin {
      feed = FeedID(nameBytes: cited.feed)
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
        var citations: [(record: ActivityRecord?, key: EntryKey)] = []
        for (row, found) in zip(rows, records) { citations.append((try record(found), row.key)) }
        let cited = try await cited(citations, in: feed, app)
        var operations: [Operation] = []
        for (row, cited) in zip(rows, cited) where cited == nil {
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
