import KeevoClient
import Model

/// Walks the entries of a feed, newest first or oldest first, one activity at a time: all its rows with its record.
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
  private var cursor: [UInt8] = []
  private var finished = false
  /// Groups read and not yet given; the last may go on in the next call unless `finished`.
  private var groups: ArraySlice<Group> = []
  private var knownDigest: [UInt8]?
  /// The store has answered that what the caller made of the answer with `knownDigest` still stands. Nothing was read.
  private(set) var isUnchanged = false
  /// Of the answer that everything was made of; `nil` if that was more than one, or a digest was not wanted.
  private(set) var digest: [UInt8]?

  /// `knownDigest`: of the answer that the caller has, or empty; `nil`: no digest is wanted.
  init(
    _ engine: FeedEngine, feed: [UInt8], app: AppID, range: RowRange, oldestFirst: Bool = false,
    knownDigest: [UInt8]? = nil
  ) {
    self.engine = engine
    self.knownDigest = knownDigest
    self.feed = feed
    self.app = app
    self.range = range
    reverse = oldestFirst
    partition = FeedKeys.feed(named: feed, app.rawValue)
  }

  /// The next activity. `expecting`: how many more the caller is likely to want.
  mutating func next(expecting: Int) async throws(StoreError) -> Group? {
    while !finished, groups.count < 2 { try await read(expecting) }
    return groups.popFirst()
  }

  private mutating func read(_ expecting: Int) async throws(StoreError) {
    // One more than wanted: where the last activity's rows end shows only at the next one's.
    let limit = min(engine.options.joinRowsMax, max(8, expecting + 1))
    let page = try await engine.store.scanJoin(
      ScanJoinRequest(
        partition: partition, range: range, reverse: reverse, limit: limit, cursor: cursor, join: EntryKey.join,
        alsoGet: [FeedKeys.edges], knownDigest: knownDigest))
    // A second answer has no part in a digest.
    digest = knownDigest == nil || page.digest.isEmpty ? nil : page.digest
    knownDigest = nil
    if page.isUnchanged {
      isUnchanged = true
      finished = true
      return
    }
    cursor = page.next
    finished = page.next.isEmpty
    let joined = try await resolve(page)
    let ends = try await ends(page)
    var records: [ActivityRecord?] = []
    records.reserveCapacity(joined.count)
    var citations: [(record: ActivityRecord?, key: EntryKey)] = []
    citations.reserveCapacity(joined.count)
    for (index, item) in page.rows.enumerated() {
      guard let key = EntryKey(item.row.key.rest) else { throw .unknownFormat("the key of an entry") }
      records.append(
        item.joined == .same && index > 0 ? records[index - 1] : try engine.record(joined[index]))
      citations.append((records[index], key))
      // Placements in rows are looked up beside.
      if let record = records[index], record.more > 0 { digest = nil }
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

  private mutating func ends(_ page: ScanJoinResponse) async throws(StoreError) -> [EdgeEnd] {
    guard let row = page.also.first ?? nil else { return [] }
    let edges: EdgesRow
    do { edges = try EdgesRow(row.value) } catch { throw .unknownFormat("edges: \(error)") }
    if edges.more == 0 { return edges.ends }
    digest = nil
    let sources = Set(page.rows.compactMap { EntryKey($0.row.key.rest)?.via }).subtracting([0]).sorted()
    let rows = try await engine.multiGet(sources.map { .init(partition: partition, key: FeedKeys.moreEnds($0)) })
    var ends = edges.ends
    for case let row? in rows {
      do { ends += try EdgesRow.decodeMore(row.value) } catch { throw .unknownFormat("ends: \(error)") }
    }
    return ends
  }
}
