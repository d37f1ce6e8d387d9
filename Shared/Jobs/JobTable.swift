import KeevoClient

/// What a worker knows of the jobs of all shards, and which it should run next: a state machine without I/O.
///
/// A job without a holder is ready once its wake time has come. One that somebody holds is ready when its row was seen
/// unchanged for the lease, measured by this process's monotonic clock (B17). Ready jobs wait in a lane for each kind,
/// there in a queue for each app; lanes hand out work app by app in turn, at most `laneWidth` at a time, so that neither a
/// kind nor an app delays another.
public struct JobTable: Sendable {
  public struct Limits: Sendable {
    /// Jobs known at once; past it a shard is scanned again later.
    public var rowsMax = 100_000
    /// Jobs of one kind that run at once.
    public var laneWidth = 4
    /// Jobs that sleep longer are not kept, but found again by a scan.
    public var horizonMilliseconds: UInt64 = 60_000
    public init() {}
  }

  private struct Known {
    var shard: UInt32
    var version: Stamp
    var kind: JobKind
    var dueAt: UInt64
    var queued = false
  }

  private struct Due: Comparable {
    var at: UInt64
    var id: JobID
    var version: Stamp
    static func < (a: Due, b: Due) -> Bool { a.at < b.at }
    static func == (a: Due, b: Due) -> Bool { a.at == b.at && a.version == b.version && a.id == b.id }
  }

  private struct Lane {
    var running = 0
    /// Apps with waiting jobs, the next in turn first.
    var turn: [UInt32] = []
    var waiting: [UInt32: [JobID]] = [:]
  }

  private let kinds: Set<JobKind>
  private let limits: Limits
  private let leaseNanoseconds: UInt64
  private var rows: [JobID: Known] = [:]
  private var running: Set<JobID> = []
  private var heap = MinHeap<Due>()
  private var lanes: [JobKind: Lane] = [:]
  /// When each shard is to be scanned again, monotonic nanoseconds.
  private var rescanAt: [UInt32: UInt64] = [:]

  public init(kinds: some Sequence<JobKind>, leaseNanoseconds: UInt64, limits: Limits = Limits()) {
    self.kinds = Set(kinds)
    self.leaseNanoseconds = leaseNanoseconds
    self.limits = limits
  }

  public var knownCount: Int { rows.count }
  public var runningCount: Int { running.count }

  /// A row as a scan or a watch showed it. `now`: monotonic nanoseconds; `wall`: milliseconds since 1970.
  public mutating func observe(
    _ id: JobID, shard: UInt32, version: Stamp, record: JobRecord, now: UInt64, wall: UInt64
  ) {
    guard kinds.contains(record.kind) else { return }  // Left to workers that know the kind.
    if let known = rows[id], known.version == version { return }
    var wait: UInt64 = 0
    if record.holder != 0 {
      wait = leaseNanoseconds
    } else if record.wakeAtMilliseconds > wall {
      let sleep = record.wakeAtMilliseconds - wall
      if sleep > limits.horizonMilliseconds {
        forget(id)
        scanAgain(shard, at: now + min(sleep, 10 * limits.horizonMilliseconds) * 1_000_000)
        return
      }
      wait = sleep * 1_000_000
    }
    if rows[id] == nil, rows.count >= limits.rowsMax {
      scanAgain(shard, at: now + limits.horizonMilliseconds * 1_000_000)
      return
    }
    rows[id] = Known(shard: shard, version: version, kind: record.kind, dueAt: now + wait)
    heap.insert(Due(at: now + wait, id: id, version: version))
  }

  /// The row is gone: the job is done.
  public mutating func forget(_ id: JobID) { rows.removeValue(forKey: id) }

  /// A scan of the whole shard has seen exactly these rows.
  public mutating func retain(_ seen: Set<JobID>, shard: UInt32) {
    for (id, known) in rows where known.shard == shard && !seen.contains(id) { rows.removeValue(forKey: id) }
  }

  private mutating func scanAgain(_ shard: UInt32, at moment: UInt64) {
    rescanAt[shard] = min(rescanAt[shard] ?? .max, moment)
  }

  /// Whether the shard is due for another scan; asking takes the mark away.
  public mutating func takeRescan(_ shard: UInt32, now: UInt64) -> Bool {
    guard let moment = rescanAt[shard], moment <= now else { return false }
    rescanAt[shard] = nil
    return true
  }

  /// The next job to run, which counts as running until `finished`; `nil` when none is ready or all lanes are full.
  public mutating func next(now: UInt64) -> (id: JobID, version: Stamp)? {
    while let due = heap.first, due.at <= now {
      heap.removeFirst()
      guard var known = rows[due.id], known.version == due.version, !known.queued, !running.contains(due.id) else {
        continue
      }
      known.queued = true
      rows[due.id] = known
      let app = due.id.partition.app
      var lane = lanes[known.kind] ?? Lane()
      if lane.waiting[app, default: []].isEmpty { lane.turn.append(app) }
      lane.waiting[app, default: []].append(due.id)
      lanes[known.kind] = lane
    }
    for kind in kinds.sorted(by: { $0.rawValue < $1.rawValue }) {
      while let lane = lanes[kind], lane.running < limits.laneWidth, let app = lane.turn.first {
        guard let id = pop(kind, app) else { continue }
        guard let known = rows[id], known.dueAt <= now, !running.contains(id) else {
          // It changed while it waited: the heap knows its new time.
          rows[id]?.queued = false
          continue
        }
        running.insert(id)
        lanes[kind]?.running += 1
        return (id, known.version)
      }
    }
    return nil
  }

  /// Takes the app's oldest waiting job and puts the app last in turn.
  private mutating func pop(_ kind: JobKind, _ app: UInt32) -> JobID? {
    guard var lane = lanes[kind] else { return nil }
    lane.turn.removeFirst()
    var queue = lane.waiting[app] ?? []
    let id = queue.isEmpty ? nil : queue.removeFirst()
    lane.waiting[app] = queue.isEmpty ? nil : queue
    if !queue.isEmpty { lane.turn.append(app) }
    lanes[kind] = lane
    return id
  }

  /// A run has ended, however it did. A row that is still there is looked at again after the lease, if no change of it has
  /// shown up before.
  public mutating func finished(_ id: JobID, kind: JobKind, ranVersion: Stamp, now: UInt64) {
    running.remove(id)
    lanes[kind]?.running -= 1
    guard var known = rows[id] else { return }
    known.queued = false
    if known.version == ranVersion { known.dueAt = now + leaseNanoseconds }
    rows[id] = known
    heap.insert(Due(at: known.dueAt, id: id, version: known.version))
  }

  public func kind(of id: JobID) -> JobKind? { rows[id]?.kind }
  public func version(of id: JobID) -> Stamp? { rows[id]?.version }
}

/// A binary heap, least first.
struct MinHeap<Element: Comparable & Sendable>: Sendable {
  private var items: [Element] = []

  var first: Element? { items.first }
  var count: Int { items.count }

  mutating func insert(_ element: Element) {
    items.append(element)
    var index = items.count - 1
    while index > 0, items[index] < items[(index - 1) / 2] {
      items.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  mutating func removeFirst() {
    items.swapAt(0, items.count - 1)
    items.removeLast()
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2] where child < items.count && items[child] < items[least] {
        least = child
      }
      if least == index { return }
      items.swapAt(index, least)
      index = least
    }
  }
}
