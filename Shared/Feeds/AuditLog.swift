import Jobs
import KeevoClient
import Model
import Synchronization

/// An app's audit log (feeds 2.15, S2–S4): every entry lies in the partition of its day, of its entity and of its user, newest
/// first in each, so that every filter reads one partition, or days one after another.
///
/// An entry is made durable by a job in the sub-batch of the change itself; it is written here before the answer, and by a
/// worker if that fails. Writing it twice changes nothing.
public final class AuditLog: Sendable {
  static let space = UInt8(ascii: "l")
  private static let dayMicroseconds: Int64 = 86_400_000_000

  let store: any KeyValueStore
  /// Days that this process has put into the list of days.
  private let listed = Mutex<Set<Partition>>([])
  private static let listedMax = 10_000

  public init(store: any KeyValueStore) { self.store = store }

  // MARK: Partitions

  static func day(_ time: ActivityTime) -> UInt64 { UInt64(max(0, time.microseconds) / dayMicroseconds) }

  static func day(_ day: UInt64, _ app: AppID) -> Partition {
    Partition(app: app.rawValue, "l/d/\(day)")
  }

  /// The list of days that have entries.
  static func days(_ app: AppID) -> Partition { Partition(app: app.rawValue, "l/days") }

  static func hashed(_ kind: String, _ text: String, _ app: AppID) -> Partition {
    let hash = FeedKeys.hexadecimal(Array(SHA256Digest.of(Array(text.utf8)).prefix(16)))
    return Partition(app: app.rawValue, name: Array("l/\(kind)/".utf8) + hash)
  }

  static func entity(_ type: AuditEntry.EntityType, _ id: String, _ app: AppID) -> Partition {
    hashed("e", "\(type.rawValue) \(id)", app)
  }

  // MARK: Writing

  /// Writes entries that are not part of a change in the feed domain.
  public func write(_ entries: [AuditEntry], app: AppID, traceID: [UInt8] = []) async throws(FeedError) {
    do throws(StoreError) { try await put(entries, app, traceID) } catch { throw .store(error) }
  }

  /// Writes entries and ends the jobs that carry them. What fails here is a worker's.
  func deliver(_ notes: [(note: ChangeNote, job: JobID)], _ app: AppID, _ traceID: [UInt8]) async {
    if notes.isEmpty { return }
    do throws(StoreError) {
      try await put(notes.compactMap(\.note.entry), app, traceID)
      try await write(
        notes.map { SubBatch(partition: $0.job.partition, operations: [.delete($0.job.key)]) }, traceID)
    } catch {
      // The jobs stand in the changes' own writes.
    }
  }

  /// Writes entries into all their partitions.
  func put(_ entries: [AuditEntry], _ app: AppID, _ traceID: [UInt8]) async throws(StoreError) {
    try await write(try await batches(entries, app, traceID), traceID)
  }

  /// What writes entries into all their partitions; new days are listed at once.
  func batches(_ entries: [AuditEntry], _ app: AppID, _ traceID: [UInt8]) async throws(StoreError) -> [SubBatch] {
    var operations: [Partition: [Operation]] = [:]
    var days: Set<UInt64> = []
    for entry in entries {
      let put = Operation.put(entry.key, value: entry.encoded)
      days.insert(Self.day(entry.createdAt))
      operations[Self.day(Self.day(entry.createdAt), app), default: []].append(put)
      operations[Self.entity(entry.entityType, entry.entityID, app), default: []].append(put)
      if !entry.userID.isEmpty { operations[Self.hashed("u", entry.userID, app), default: []].append(put) }
    }
    try await list(days, app, traceID)
    // In a fixed order, so that a run can be replayed.
    return operations.sorted { $0.key.name.lexicographicallyPrecedes($1.key.name) }.map {
      SubBatch(partition: $0.key, operations: $0.value)
    }
  }

  /// Notes days before their first entries.
  private func list(_ days: Set<UInt64>, _ app: AppID, _ traceID: [UInt8]) async throws(StoreError) {
    let new = days.filter { day in !listed.withLock { $0.contains(Self.day(day, app)) } }
    if new.isEmpty { return }
    let operations = new.map { Operation.put(RowKey(space: Self.space, rest: FeedKeys.bigEndian(~$0)), value: [1]) }
    try await write([SubBatch(partition: Self.days(app), operations: operations)], traceID)
    listed.withLock { listed in
      if listed.count > Self.listedMax { listed = [] }
      for day in new { listed.insert(Self.day(day, app)) }
    }
  }

  func write(_ batches: [SubBatch], _ traceID: [UInt8]) async throws(StoreError) {
    var rest = batches[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(StoreLimits.subBatchesMax))
      rest = rest.dropFirst(part.count)
      _ = try await store.write(WriteRequest(batches: part, traceID: traceID))
    }
  }

  // MARK: Reading

  /// Which entries, and which page of them.
  public struct Query: Hashable, Sendable {
    public var entity: (type: AuditEntry.EntityType, id: String)?
    public var userID: String?
    public var limit: Int
    /// `next` or `previous` of a page before.
    public var older: [UInt8]?
    public var newer: [UInt8]?

    public init(
      entity: (type: AuditEntry.EntityType, id: String)? = nil, userID: String? = nil, limit: Int = 25,
      older: [UInt8]? = nil, newer: [UInt8]? = nil
    ) {
      self.entity = entity
      self.userID = userID
      self.limit = limit
      self.older = older
      self.newer = newer
    }

    public static func == (a: Query, b: Query) -> Bool {
      a.entity?.type == b.entity?.type && a.entity?.id == b.entity?.id && a.userID == b.userID && a.limit == b.limit
        && a.older == b.older && a.newer == b.newer
    }

    public func hash(into hasher: inout Hasher) {
      hasher.combine(entity?.id)
      hasher.combine(userID)
      hasher.combine(limit)
    }
  }

  /// Entries newest first, with what leads to the pages before and after; `nil` at the ends (feeds S4).
  public struct Page: Hashable, Sendable {
    public var entries: [AuditEntry]
    public var older: [UInt8]?
    public var newer: [UInt8]?

    public init(entries: [AuditEntry], older: [UInt8]? = nil, newer: [UInt8]? = nil) {
      self.entries = entries
      self.older = older
      self.newer = newer
    }
  }

  /// Bytes of a cursor.
  public static let cursorBytes = 16

  /// - Parameter notBefore: older entries have expired and are not shown, whether they have been collected or not.
  public func page(_ query: Query, app: AppID, notBefore: ActivityTime? = nil) async throws(FeedError) -> Page {
    let reading = Reading(query: query, app: app, notBefore: notBefore)
    do throws(StoreError) {
      if let newer = query.newer { return try await newerPage(reading, newer) }
      var found = try await entries(reading, from: query.older, newerFirst: true, query.limit + 1)
      let more = found.count > query.limit
      found = Array(found.prefix(query.limit))
      return Page(
        entries: found, older: more ? found.last?.key.rest : nil,
        newer: query.older == nil || found.isEmpty ? nil : found.first?.key.rest)
    } catch {
      throw .store(error)
    }
  }

  /// What one page is read by.
  private struct Reading {
    var query: Query
    var app: AppID
    var notBefore: ActivityTime?

    /// A range that ends where entries, or days, have expired. Keys begin with the inverted time or day.
    func cut(_ range: inout RowRange, at number: (ActivityTime) -> UInt64) {
      guard let notBefore, number(notBefore) > 0 else { return }
      let end = FeedKeys.bigEndian(~number(notBefore) + 1)
      if range.end.isEmpty || end.lexicographicallyPrecedes(range.end) { range.end = end }
    }
  }

  private func newerPage(_ reading: Reading, _ cursor: [UInt8]) async throws(StoreError) -> Page {
    var found = try await entries(reading, from: cursor, newerFirst: false, reading.query.limit + 1)
    let more = found.count > reading.query.limit
    found = found.prefix(reading.query.limit).reversed()
    return Page(entries: found, older: found.last?.key.rest, newer: more ? found.first?.key.rest : nil)
  }

  /// Up to `count` entries past a position, walking to older ones (`newerFirst`) or to newer ones.
  private func entries(
    _ reading: Reading, from cursor: [UInt8]?, newerFirst: Bool, _ count: Int
  ) async throws(StoreError) -> [AuditEntry] {
    var found: [AuditEntry] = []
    let partition: Partition
    if let entity = reading.query.entity {
      partition = Self.entity(entity.type, entity.id, reading.app)
    } else if let user = reading.query.userID {
      partition = Self.hashed("u", user, reading.app)
    } else {
      return try await walkDays(reading, from: cursor, newerFirst: newerFirst, count)
    }
    try await gather(&found, partition, reading, from: cursor, newerFirst: newerFirst, count)
    return found
  }

  private func walkDays(
    _ reading: Reading, from cursor: [UInt8]?, newerFirst: Bool, _ count: Int
  ) async throws(StoreError) -> [AuditEntry] {
    var found: [AuditEntry] = []
    // A cursor is a caller's: whatever it holds, ticks have 60 bits.
    let day = cursor.map { Self.day(ActivityTime(ticks: ~FeedKeys.integer($0.prefix(8)) & 0x0FFF_FFFF_FFFF_FFFF)) }
    var range = RowRange(space: Self.space)
    if let day {
      if newerFirst {
        range.start = FeedKeys.bigEndian(~day)
      } else {
        range.end = FeedKeys.bigEndian(~day &+ 1)
      }
    }
    reading.cut(&range) { Self.day($0) }
    if !range.end.isEmpty, !range.start.lexicographicallyPrecedes(range.end) { return [] }
    var next: [UInt8] = []
    repeat {
      let page = try await store.scan(
        ScanRequest(
          scope: .partition(Self.days(reading.app), range), reverse: !newerFirst, limit: 100, cursor: next,
          keysOnly: true))
      next = page.next
      for row in page.rows where found.count < count {
        try await gather(
          &found, Self.day(~FeedKeys.integer(row.key.rest), reading.app), reading, from: cursor,
          newerFirst: newerFirst, count)
      }
    } while !next.isEmpty && found.count < count
    return found
  }

  /// Reads on in one partition until there are `count` entries that the query wants.
  private func gather(
    _ found: inout [AuditEntry], _ partition: Partition, _ reading: Reading, from cursor: [UInt8]?, newerFirst: Bool,
    _ count: Int
  ) async throws(StoreError) {
    let query = reading.query
    var range = RowRange(space: Self.space)
    if let cursor {
      if newerFirst { range.start = cursor + [0] } else { range.end = cursor }
    }
    reading.cut(&range) { $0.ticks }
    if !range.end.isEmpty, !range.start.lexicographicallyPrecedes(range.end) { return }
    var next: [UInt8] = []
    repeat {
      let page = try await store.scan(
        ScanRequest(
          scope: .partition(partition, range), reverse: !newerFirst, limit: max(64, count - found.count), cursor: next))
      next = page.next
      for row in page.rows where found.count < count {
        let entry: AuditEntry
        do { entry = try AuditEntry(row.value) } catch { throw .unknownFormat("audit entry: \(error)") }
        // A partition's name is a hash: what it holds is looked at.
        if let entity = query.entity, entry.entityType != entity.type || entry.entityID != entity.id { continue }
        if let user = query.userID, entry.userID != user { continue }
        found.append(entry)
      }
    } while !next.isEmpty && found.count < count
  }
}
