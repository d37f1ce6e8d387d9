import KeevoClient
import Model

/// How long entries of the audit log stay: readers do not show what is older, and a worker collects whole days of it.
extension AuditLog {
  /// Days that entries are kept unless a setting says otherwise; 0: for ever.
  public static let retentionDaysDefault = 365
  public static let retentionDaysHelp = "days that entries of the audit log are kept; 0: for ever"

  /// The time before which entries have expired; `nil`: none does.
  public static func expiry(retentionDays: Int, nowMilliseconds: UInt64) -> ActivityTime? {
    guard retentionDays > 0 else { return nil }
    return ActivityTime(microseconds: Int64(nowMilliseconds) * 1_000 - Int64(retentionDays) * 86_400_000_000)
  }

  /// Deletes the entries of all days that ended before `time`, oldest days last, a page at a time; gives how many there were. What
  /// dies on its way, or runs twice, is finished by the next run: a day leaves the list of days when it is empty.
  ///
  /// - Parameter shouldStop: asked between pages.
  public func collect(
    app: AppID, before time: ActivityTime, shouldStop: @Sendable () -> Bool = { false }
  ) async throws(StoreError) -> Int {
    guard Self.day(time) > 0 else { return 0 }
    // Days older than that of `time`, whose inverted numbers are greater.
    let range = RowRange(space: Self.space, start: FeedKeys.bigEndian(~Self.day(time) + 1))
    var count = 0
    while !shouldStop() {
      let days = try await store.scan(
        ScanRequest(scope: .partition(Self.days(app), range), limit: 1, keysOnly: true))
      guard let row = days.rows.first else { return count }
      let day = Self.day(~FeedKeys.integer(row.key.rest), app)
      while !shouldStop() {
        let entries = try await collectPage(day, app)
        count += entries
        if entries == 0 {
          try await write([SubBatch(partition: Self.days(app), operations: [.delete(row.key)])], [])
          break
        }
      }
    }
    return count
  }

  /// Deletes some entries of a day: from the partitions of their entities and users first, so that the day names what is left.
  private func collectPage(_ day: Partition, _ app: AppID) async throws(StoreError) -> Int {
    let rows = try await store.scan(
      ScanRequest(scope: .partition(day, RowRange(space: Self.space)), limit: Self.collectedRowsMax)
    ).rows
    if rows.isEmpty { return 0 }
    var operations: [Partition: [Operation]] = [:]
    for row in rows {
      let entry: AuditEntry
      do { entry = try AuditEntry(row.value) } catch { throw .unknownFormat("audit entry: \(error)") }
      operations[Self.entity(entry.entityType, entry.entityID, app), default: []].append(.delete(row.key))
      if !entry.userID.isEmpty { operations[Self.hashed("u", entry.userID, app), default: []].append(.delete(row.key)) }
    }
    try await write(
      operations.sorted { $0.key.name.lexicographicallyPrecedes($1.key.name) }.map {
        SubBatch(partition: $0.key, operations: $0.value)
      }, [])
    try await write([SubBatch(partition: day, operations: rows.map { .delete($0.key) })], [])
    return rows.count
  }

  private static var collectedRowsMax: Int { 500 }
}
