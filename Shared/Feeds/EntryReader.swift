import KeevoClient
import Model

/// Walks the entries of a feed, newest first or oldest first, one activity at a time: all its rows with its record. What the feed
/// pulls is among them, as if it lay there (B12).
struct EntryReader {
  struct EntryRow {
    var key: EntryKey
    /// Of a hide row: without meaning.
    var value: EntryValue
    var isHide: Bool
    /// The ends of edges as of the call that read the row.
    var ended: Bool
    /// The placement it cites; `nil` if that has gone.
    var cited: CitedPlacement?
    /// It lies in the source.
    var isPulled = false
  }

  struct Group {
    var id: ActivityID
    var rows: [EntryRow]
    /// `nil` when the record is gone.
    var record: ActivityRecord?
    var version: Stamp
  }

  private let engine: FeedEngine
  private let feed: [UInt8]
  private let app: AppID
  private let range: RowRange
  private let partition: Partition
  private let reverse: Bool
  private let merges: Bool
  private var cursor: [UInt8] = []
  private var finished = false
  private var isOpen = false
  /// Groups of the feed's own rows read and not yet given; the last may go on in the next call unless `finished`.
  private var groups: ArraySlice<Group> = []
  /// What the feed pulled as the walk began.
  private var pulled: [PulledRows] = []
  /// Groups put together of both, and not yet given.
  private var merged: ArraySlice<Group> = []
  /// The feed's row for its last read, once anything was read.
  private(set) var lastRead: VersionedValue?

  /// `merges`: whether what the feed pulls is wanted too.
  init(
    _ engine: FeedEngine, feed: [UInt8], app: AppID, range: RowRange, oldestFirst: Bool = false, merges: Bool = true
  ) {
    self.engine = engine
    self.feed = feed
    self.app = app
    self.range = range
    self.merges = merges
    reverse = oldestFirst
    partition = FeedKeys.feed(named: feed, app.rawValue)
  }

  /// The next activity. `expecting`: how many more the caller is likely to want.
  mutating func next(expecting: Int) async throws(StoreError) -> Group? {
    if !isOpen { try await read(expecting) }
    guard !pulled.isEmpty else {
      while !finished, groups.count < 2 { try await read(expecting) }
      return groups.popFirst()
    }
    if merged.isEmpty { try await merge(expecting) }
    return merged.popFirst()
  }

  // MARK: Pulled sources

  /// Puts the next groups together of the feed's own rows and those it pulls, and gets the records that are still missing.
  private mutating func merge(_ expecting: Int) async throws(StoreError) {
    let wanted = min(engine.options.joinRowsMax, max(1, expecting))
    var out: [Group] = []
    while out.count < wanted {
      while !finished, groups.count < 2 { try await read(expecting) }
      try await fill(wanted - out.count)
      var first = groups.first?.id
      for source in pulled {
        guard let id = source.next else { continue }
        if first.map({ isBefore(id, $0) }) ?? true { first = id }
      }
      guard let first else { break }
      var group = Group(id: first, rows: [], record: nil, version: .zero)
      if let own = groups.first, own.id == first {
        group = own
        groups.removeFirst()
      }
      for index in pulled.indices {
        for entry in pulled[index].pop(first) {
          group.rows.append(
            EntryRow(key: entry.key, value: entry.value, isHide: false, ended: false, isPulled: true))
        }
      }
      out.append(group)
    }
    try await complete(&out)
    merged = out[...]
  }

  private func isBefore(_ a: ActivityID, _ b: ActivityID) -> Bool {
    reverse ? (a.ticks, a.low) < (b.ticks, b.low) : (a.ticks, a.low) > (b.ticks, b.low)
  }

  /// Scans pulled sources until it is known what comes next in each: one call for all of them.
  private mutating func fill(_ wanted: Int) async throws(StoreError) {
    // Nobody knows which of them has the next ones: twice the even share of each.
    let share = max(8, 2 * wanted / pulled.count)
    while true {
      let open = pulled.indices.filter { pulled[$0].needsMore }
      if open.isEmpty { return }
      var rest = open[...]
      while !rest.isEmpty {
        let part = rest.prefix(StoreLimits.multiScanMax)
        let pages = try await engine.store.multiScan(
          MultiScanRequest(scans: part.map { pulled[$0].request(expecting: share) })
        ).pages
        for (index, page) in zip(part, pages) { try pulled[index].take(page) }
        rest = rest.dropFirst(max(1, pages.count))
      }
    }
  }

  /// Gets the records of groups that came by pulled rows alone, and what those rows cite.
  private func complete(_ groups: inout [Group]) async throws(StoreError) {
    let missing = groups.indices.filter { groups[$0].rows.allSatisfy(\.isPulled) }
    let rows = try await engine.multiGet(
      missing.map { .init(partition: FeedKeys.activity(groups[$0].id, app), key: FeedKeys.record) })
    for (index, row) in zip(missing, rows) {
      groups[index].record = try engine.record(row)
      groups[index].version = row?.version ?? .zero
    }
    var places: [(group: Int, row: Int)] = []
    var citations: [(record: ActivityRecord?, key: EntryKey)] = []
    for (index, group) in groups.enumerated() {
      for (number, row) in group.rows.enumerated() where row.isPulled {
        places.append((index, number))
        citations.append((group.record, row.key))
      }
    }
    for (place, cited) in zip(places, try await engine.cited(citations, in: feed, app)) {
      groups[place.group].rows[place.row].cited = cited
    }
  }

  // MARK: The feed's own rows

  private mutating func read(_ expecting: Int) async throws(StoreError) {
    // One more than wanted: where the last activity's rows end shows only at the next one's.
    let limit = min(engine.options.joinRowsMax, max(8, expecting + 1))
    let page = try await engine.store.scanJoin(
      ScanJoinRequest(
        partition: partition, range: range, reverse: reverse, limit: limit, cursor: cursor, join: EntryKey.join,
        alsoGet: isOpen ? [FeedKeys.edges] : [FeedKeys.edges, FeedKeys.lastRead]))
    cursor = page.next
    finished = page.next.isEmpty
    let edges = try engine.edgesRow(page.also.first ?? nil)
    if !isOpen {
      isOpen = true
      lastRead = page.also.count > 1 ? page.also[1] : nil
      if merges {
        let limits = engine.pullLimits
        pulled = edges.pulls.map { PulledRows($0, app: app, range: range, reverse: reverse, limits: limits) }
      }
    }
    let joined = try await resolve(page)
    let ends = try await ends(page, edges)
    var records: [ActivityRecord?] = []
    records.reserveCapacity(joined.count)
    var citations: [(record: ActivityRecord?, key: EntryKey)] = []
    citations.reserveCapacity(joined.count)
    for (index, item) in page.rows.enumerated() {
      guard let key = EntryKey(item.row.key.rest) else { throw .unknownFormat("the key of an entry") }
      records.append(
        item.joined == .same && index > 0 ? records[index - 1] : try engine.record(joined[index]))
      citations.append((records[index], key))
    }
    let cited = try await engine.cited(citations, in: feed, app)
    for (index, item) in page.rows.enumerated() {
      let key = citations[index].key
      let isHide = EntryKey.isHide(item.row.key.rest)
      var value = EntryValue(kind: .own, arrival: .zero)
      if !isHide {
        do { value = try EntryValue(item.row.value) } catch { throw .unknownFormat("entry: \(error)") }
      }
      let row = EntryRow(
        key: key, value: value, isHide: isHide, ended: !isHide && key.via != 0 && ends.drop(key, value),
        cited: cited[index])
      if let last = groups.indices.last, groups[last].id == key.id {
        groups[last].rows.append(row)
      } else {
        groups.append(
          Group(
            id: key.id, rows: [row], record: records[index], version: joined[index]?.version ?? .zero)
        )
      }
    }
  }

  /// The record that each row of the page points at.
  private func resolve(_ page: ScanJoinResponse) async throws(StoreError) -> [VersionedValue?] {
    var out: [VersionedValue?] = []
    out.reserveCapacity(page.rows.count)
    var missing: [Int] = []
    for (index, item) in page.rows.enumerated() {
      switch item.joined {
      case .found(let value): out.append(value)
      case .absent: out.append(nil)
      case .unresolved:
        missing.append(index)
        out.append(nil)
      case .same: out.append(out.last ?? nil)
      }
    }
    if missing.isEmpty { return out }
    var items: [MultiGetRequest.Item] = []
    for index in missing {
      guard let key = EntryKey(page.rows[index].row.key.rest) else { throw .unknownFormat("the key of an entry") }
      items.append(.init(partition: FeedKeys.activity(key.id, app), key: FeedKeys.record))
    }
    let rows = try await engine.multiGet(items)
    for (index, row) in zip(missing, rows) { out[index] = row }
    for index in page.rows.indices where page.rows[index].joined == .same { out[index] = out[index - 1] }
    return out
  }

  private mutating func ends(_ page: ScanJoinResponse, _ edges: EdgesRow) async throws(StoreError) -> [EdgeEnd] {
    if edges.more == 0 { return edges.ends }
    let sources = Set(page.rows.compactMap { EntryKey($0.row.key.rest)?.via }).subtracting([0]).sorted()
    let rows = try await engine.multiGet(sources.map { .init(partition: partition, key: FeedKeys.moreEnds($0)) })
    var ends = edges.ends
    for case let row? in rows {
      do { ends += try EdgesRow.decodeMore(row.value) } catch { throw .unknownFormat("ends: \(error)") }
    }
    return ends
  }
}

extension FeedEngine {
  var pullLimits: PulledRows.Limits {
    .init(
      skipMax: options.pullSkipMax, arrivalsMax: options.pullArrivalsMax,
      backdatedMilliseconds: options.pullBackdatedMilliseconds, takesMany: options.faults.contains(.pullsMany))
  }
}
