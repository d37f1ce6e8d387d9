import KeevoClient
import Model

/// What one pulled source brings into a feed (B12): its own and `to` rows that arrived after the edge was switched, as rows of the
/// reading feed, in the order of the walk.
///
/// They are found by id, like the feed's own; where the source has many older rows there, by arrival instead. A state machine
/// without I/O: `request` says what to scan next, `take` what came of it.
struct PulledRows: Sendable {
  struct Entry: Hashable, Sendable {
    /// As the reading feed would hold it.
    var key: EntryKey
    var value: EntryValue
  }

  /// How far a walk looks.
  struct Limits: Sendable {
    var skipMax: Int
    var arrivalsMax: Int
    var backdatedMilliseconds: UInt64
    var takesMany = false
  }

  private enum Way {
    case byID
    case byArrival
  }

  let pull: PullEdge
  private let via: UInt64
  private let partition: Partition
  private let range: RowRange
  private let reverse: Bool
  private let limits: Limits
  /// The ids of activities that were made before the switch, but for a while.
  private let oldTicks: UInt64
  private var way = Way.byID
  /// There are too many arrivals to be taken at once.
  private var isByIDOnly: Bool
  private var skipped = 0
  private var cursor: [UInt8] = []
  /// The last row that was looked at by id.
  private var position: [UInt8] = []
  private(set) var isFinished = false
  private var entries: ArraySlice<Entry> = []

  init(_ pull: PullEdge, app: AppID, range: RowRange, reverse: Bool, limits: Limits) {
    self.pull = pull
    via = FeedKeys.feedHash(pull.target)
    partition = FeedKeys.feed(named: pull.target, app.rawValue)
    self.range = range
    self.reverse = reverse
    self.limits = limits
    let switched = pull.madeAtMilliseconds
    let boundary = switched > limits.backdatedMilliseconds ? switched - limits.backdatedMilliseconds : 0
    oldTicks = ActivityTime(microseconds: Int64(clamping: boundary * 1_000)).ticks
    // A walk over one activity's rows needs no other way.
    isByIDOnly = range.start.count == 16 && RowRange(space: range.space, prefix: range.start).end == range.end
    if !isByIDOnly, startsOld { way = .byArrival }
  }

  /// Whether the walk begins among activities that are older than the switch.
  private var startsOld: Bool {
    let first = reverse ? range.end : range.start
    if first.count < 8 { return reverse }
    return ~FeedKeys.integer(first[0..<8]) < oldTicks
  }

  /// Whether it is not known yet what comes next, or whether that goes on behind what was scanned.
  var needsMore: Bool {
    guard !isFinished else { return false }
    guard let first = entries.first, let last = entries.last else { return true }
    return first.key.id == last.key.id
  }

  /// The id of the next activity.
  var next: ActivityID? { entries.first?.key.id }

  /// The rows of the next activity, if it is this one.
  mutating func pop(_ id: ActivityID) -> [Entry] {
    var out: [Entry] = []
    while let entry = entries.first, entry.key.id == id {
      out.append(entry)
      entries.removeFirst()
    }
    return out
  }

  /// What to scan next. `expecting`: how many rows the walk is likely to want of this source.
  func request(expecting: Int) -> ScanRequest {
    switch way {
    case .byID:
      let limit = skipped == 0 ? max(2, expecting + 1) : max(2, min(StoreLimits.scanRowsMax, 2 * skipped))
      return ScanRequest(scope: .partition(partition, range), reverse: reverse, limit: limit, cursor: cursor)
    case .byArrival:
      let range = RowRange(
        space: FeedKeys.arrivalSpace, start: FeedKeys.bigEndian(pull.after.rawValue &+ 1),
        end: pull.until == .max ? [] : FeedKeys.bigEndian(pull.until &+ 1))
      return ScanRequest(scope: .partition(partition, range), limit: limits.arrivalsMax)
    }
  }

  mutating func take(_ page: ScanResponse) throws(StoreError) {
    switch way {
    case .byID: try takeByID(page)
    case .byArrival: try takeByArrival(page)
    }
  }

  private mutating func takeByID(_ page: ScanResponse) throws(StoreError) {
    cursor = page.next
    isFinished = page.next.isEmpty
    var found = false
    for row in page.rows {
      position = row.key.rest
      guard let key = EntryKey(row.key.rest) else { throw .unknownFormat("the key of an entry") }
      if key.via == 0, !EntryKey.isHide(row.key.rest) {
        let value: EntryValue
        do { value = try EntryValue(row.value) } catch { throw .unknownFormat("entry: \(error)") }
        if let entry = entry(key, value) {
          entries.append(entry)
          found = true
          skipped = 0
          continue
        }
      }
      skipped += 1
    }
    guard !isFinished, !isByIDOnly else { return }
    // Newest first, what is older than the switch comes next; else too much was passed over.
    let isOld = !reverse && !found && position.count >= 8 && ~FeedKeys.integer(position[0..<8]) < oldTicks
    if isOld || skipped > limits.skipMax { way = .byArrival }
  }

  private mutating func takeByArrival(_ page: ScanResponse) throws(StoreError) {
    way = .byID
    guard page.next.isEmpty else {
      // More than by id is likely to be passed over.
      isByIDOnly = true
      return
    }
    isFinished = true
    var found: [(rest: [UInt8], entry: Entry)] = []
    for row in page.rows {
      let (key, value) = try FeedEngine.entry(ofArrival: row)
      let rest = key.rest
      guard isAhead(rest), let entry = entry(key, value) else { continue }
      found.append((rest, entry))
    }
    found.sort { $0.rest.lexicographicallyPrecedes($1.rest) != reverse }
    entries += found.map(\.entry)
  }

  /// Whether a row of the source lies in the walk's range, and was not passed yet.
  private func isAhead(_ rest: [UInt8]) -> Bool {
    if rest.lexicographicallyPrecedes(range.start) { return false }
    if !range.end.isEmpty, !rest.lexicographicallyPrecedes(range.end) { return false }
    if position.isEmpty { return true }
    return reverse ? rest.lexicographicallyPrecedes(position) : position.lexicographicallyPrecedes(rest)
  }

  private func entry(_ key: EntryKey, _ value: EntryValue) -> Entry? {
    guard pull.takes(value.arrival), value.kind != .many || limits.takesMany else { return nil }
    return Entry(key: EntryKey(key.id, via: via, placement: key.placement, edge: pull.epoch), value: value)
  }
}
