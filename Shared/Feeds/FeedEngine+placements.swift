import Jobs
import KeevoClient
import Model

/// What the store knows of an activity, its placements in rows included.
struct ActivityState: Sendable {
  var record: ActivityRecord?
  var version: Stamp?
  /// Placements beyond the header, in order.
  var rows: [Placement] = []

  /// All placements: the header's, then those in rows.
  var placements: [Placement] { (record?.placements ?? []) + rows }
}

/// Placements, whether they lie in the record's header or in rows of their own (B8).
extension FeedEngine {
  /// The activities' records with all their placements. Rows and record are read one after the other: who changes the
  /// activity does so under the record's version, which every change of its rows renews.
  func states(_ ids: [ActivityID], _ app: AppID) async throws(StoreError) -> [ActivityState] {
    let found = try await multiGet(ids.map { .init(partition: FeedKeys.activity($0, app), key: FeedKeys.record) })
    var states: [ActivityState] = []
    states.reserveCapacity(ids.count)
    for (id, row) in zip(ids, found) {
      var state = ActivityState(record: try record(row), version: row?.version)
      if let more = state.record?.more, more > 0 { state.rows = try await placementRows(id, app) }
      states.append(state)
    }
    return states
  }

  private func placementRows(_ id: ActivityID, _ app: AppID) async throws(StoreError) -> [Placement] {
    var placements: [Placement] = []
    var cursor: [UInt8] = []
    repeat {
      let page = try await store.scan(
        ScanRequest(
          scope: .partition(FeedKeys.activity(id, app), PlacementRow.range), limit: StoreLimits.scanRowsMax,
          cursor: cursor))
      cursor = page.next
      for row in page.rows { placements.append(try Self.placement(row.key.rest, row.value)) }
    } while !cursor.isEmpty
    return placements.sorted { $0.epoch == $1.epoch ? ($0.row ?? 0) < ($1.row ?? 0) : $0.epoch < $1.epoch }
  }

  private static func placement(_ rest: [UInt8], _ value: [UInt8]) throws(StoreError) -> Placement {
    do { return try PlacementRow.placement(rest, value) } catch { throw .unknownFormat("placement: \(error)") }
  }

  /// Whether the activity is in the feed by the placement of that epoch.
  func stands(
    _ activity: ActivityID, _ feed: [UInt8], _ epoch: Stamp, _ app: AppID
  ) async throws(StoreError) -> Bool {
    let record = try await activityRecord(activity, app).record
    let key = EntryKey(activity, via: 0, placement: epoch, edge: .zero)
    return try await cited([(record, key)], in: feed, app)[0] != nil
  }

  /// The placements that rows of `feed` cite; `nil` for those that have gone. One more call only where an activity has
  /// placements in rows and the header does not hold the one that is asked for.
  func cited(
    _ citations: [(record: ActivityRecord?, key: EntryKey)], in feed: [UInt8], _ app: AppID
  ) async throws(StoreError) -> [CitedPlacement?] {
    var out: [CitedPlacement?] = []
    out.reserveCapacity(citations.count)
    var missing: [Int] = []
    for (index, (record, key)) in citations.enumerated() {
      out.append(record?.cited(via: key.via, epoch: key.placement, in: feed))
      if out[index] == nil, let record, record.more > 0, !options.faults.contains(.noRows) { missing.append(index) }
    }
    if missing.isEmpty { return out }
    let own = FeedKeys.feedHash(feed)
    let keys = missing.map { index in
      let key = citations[index].key
      return PlacementRow.key(feedHash: key.via == 0 ? own : key.via, epoch: key.placement)
    }
    let rows = try await multiGet(
      zip(missing, keys).map { .init(partition: FeedKeys.activity(citations[$0].key.id, app), key: $1) })
    for ((index, key), row) in zip(zip(missing, keys), rows) {
      guard let row else { continue }
      let placement = try Self.placement(key.rest, row.value)
      if citations[index].key.via == 0, placement.feed != feed { continue }
      out[index] = CitedPlacement(
        feed: placement.feed, kind: placement.kind,
        order: PlacementOrder(epoch: placement.epoch, inRow: true, number: Int(placement.row ?? 0)))
    }
    return out
  }
}
