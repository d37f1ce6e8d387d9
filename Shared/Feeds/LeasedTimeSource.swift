import EventLoop
import Jobs
import KeevoClient
import Model
import Synchronization
import Telemetry

/// Times that are unique per app over all processes (B14): microseconds congruent modulo 16 to a slot that this process has
/// leased in the store, one counter an app, `max(clock, last + 1)`.
///
/// A counter never passes its *mark*, which is stored up to one second ahead; who takes the slot over starts from the
/// mark. A clock that steps back holds the counter until it has caught up, not the service.
///
/// Leases are judged by the store's time alone: a row says until when the slot is held, and it is written under
/// the condition that the store's time is well before that.
public final class LeasedTimeSource: TimeSource {
  public static let slots: UInt64 = 16
  /// For so long the slot is held after a renewal, by the store's time.
  static let leaseMilliseconds: UInt64 = 10_000
  /// For so long the holder uses it, by its own clock: the rest is for the time a write takes, and for clocks' rates.
  static let useNanoseconds: UInt64 = 5_000_000_000
  static let markMicroseconds: Int64 = 1_000_000

  private struct Counter {
    var last: Int64
    var mark: Int64
    var markVersion: Stamp?
  }

  private struct State {
    var slot: UInt64?
    var version = Stamp.zero
    var usableUntil: UInt64 = 0
    /// The store's time at the last answer, and ours then.
    var storeMilliseconds: UInt64 = 0
    var storeSeenAt: UInt64 = 0
    var counters: [AppID: Counter] = [:]
  }

  private let store: any KeyValueStore
  private let holder: UInt64
  private let wallMicroseconds: @Sendable () -> Int64
  private let monotonicNanoseconds: @Sendable () -> UInt64
  private let sleep: @Sendable (UInt64) async -> Void
  private let state = Mutex(State())

  public init(
    store: any KeyValueStore, holder: UInt64 = .random(in: 1...(.max)),
    wallMicroseconds: @escaping @Sendable () -> Int64, monotonicNanoseconds: @escaping @Sendable () -> UInt64,
    sleep: @escaping @Sendable (UInt64) async -> Void
  ) {
    self.store = store
    self.holder = holder
    self.wallMicroseconds = wallMicroseconds
    self.monotonicNanoseconds = monotonicNanoseconds
    self.sleep = sleep
  }

  /// The one that services use.
  public convenience init(store: any KeyValueStore) {
    self.init(
      store: store, wallMicroseconds: { Telemetry.wallClockMicroseconds() },
      monotonicNanoseconds: processMonotonicNanoseconds, sleep: { await FeedRuntime.live.sleep($0) })
  }

  public func next(_ count: Int, app: AppID) async throws(StoreError) -> [ActivityTime] {
    for _ in 0..<100 {
      switch draw(count, app) {
      case .times(let times): return times
      case .needsSlot: try await holdSlot()
      case .needsMark(let slot, let mark): try await extend(app, slot, to: mark)
      }
    }
    throw .overloaded("the mark of the time source changes again and again")
  }

  private enum Draw {
    case times([ActivityTime])
    case needsSlot
    case needsMark(slot: UInt64, Int64)
  }

  private func draw(_ count: Int, _ app: AppID) -> Draw {
    let (now, clock) = (monotonicNanoseconds(), wallMicroseconds())
    return state.withLock { state in
      guard let slot = state.slot, now < state.usableUntil else { return .needsSlot }
      let step = Int64(Self.slots)
      let lowest = max(clock, (state.counters[app]?.last ?? clock) + 1)
      // The next number congruent to the slot.
      let first = lowest + ((Int64(slot) - lowest) % step + step) % step
      let last = first + step * Int64(max(0, count - 1))
      guard var counter = state.counters[app], last < counter.mark else {
        return .needsMark(slot: slot, last + Self.markMicroseconds)
      }
      if count == 0 { return .times([]) }
      counter.last = last
      state.counters[app] = counter
      return .times((0..<count).map { ActivityTime(microseconds: first + step * Int64($0)) })
    }
  }

  // MARK: The mark

  private static func markKey(_ slot: UInt64) -> RowKey { RowKey(space: UInt8(ascii: "m"), rest: [UInt8(slot)]) }

  /// Stores a higher mark, before anything up to it is given.
  private func extend(_ app: AppID, _ slot: UInt64, to mark: Int64) async throws(StoreError) {
    let partition = Partition(app: app.rawValue, "n/slots")
    let key = Self.markKey(slot)
    var known = state.withLock { $0.counters[app] }
    if known == nil {
      let row = try await store.get(GetRequest(partition: partition, key: key)).row
      let stored = try row.map { row throws(StoreError) in try Self.mark(row.value) } ?? 0
      // Who had the slot before may have given anything below the mark.
      known = Counter(last: stored, mark: stored, markVersion: row?.version)
    }
    guard var counter = known else { return }
    let wanted = max(mark, counter.last + Self.markMicroseconds)
    let condition: Condition = counter.markVersion.map { .versionEquals(key, $0) } ?? .absent(key)
    var value = ByteWriter()
    value.integer(UInt8(1))
    value.integer(wanted)
    let batch = SubBatch(partition: partition, conditions: [condition], operations: [.put(key, value: value.bytes)])
    guard let result = try await store.write(WriteRequest(batches: [batch])).results.first else { return }
    state.withLock { state in
      guard state.slot == slot else { return }
      guard result.applied else {
        // Another call of this process was quicker, or the slot was another's meanwhile: read again.
        if state.counters[app]?.markVersion == counter.markVersion { state.counters[app] = nil }
        return
      }
      counter.last = max(counter.last, state.counters[app]?.last ?? 0)
      counter.mark = wanted
      counter.markVersion = result.stamp
      state.counters[app] = counter
    }
  }

  private static func mark(_ bytes: [UInt8]) throws(StoreError) -> Int64 {
    var reader = ByteReader(bytes)
    do {
      _ = try reader.format(1...1)
      return try reader.integer()
    } catch {
      throw .unknownFormat("mark of the time source: \(error)")
    }
  }

  // MARK: The slot

  private static let slotsPartition = Partition(app: 0, "n/slots")

  private static func slotKey(_ slot: UInt64) -> RowKey { RowKey(space: UInt8(ascii: "s"), rest: [UInt8(slot)]) }

  private func holdSlot() async throws(StoreError) {
    if let slot = state.withLock({ $0.slot }), try await renew(slot) { return }
    let deadline = monotonicNanoseconds() + 2 * Self.leaseMilliseconds * 1_000_000
    while true {
      if try await takeFreeSlot() { return }
      guard monotonicNanoseconds() < deadline else {
        throw .unavailable("all \(Self.slots) time slots are held by other processes")
      }
      await sleep(200_000_000)
    }
  }

  private func renew(_ slot: UInt64) async throws(StoreError) -> Bool {
    let version = state.withLock { $0.version }
    if try await claim(slot, .versionEquals(Self.slotKey(slot), version)) { return true }
    // Another call of this process may have renewed it.
    let now = monotonicNanoseconds()
    return state.withLock { state in
      if state.slot == slot, now < state.usableUntil { return true }
      if state.version == version {
        state.slot = nil
        state.counters = [:]
      }
      return false
    }
  }

  /// Looks for a slot that nobody holds by the store's time, and takes it.
  private func takeFreeSlot() async throws(StoreError) -> Bool {
    let look = SubBatch(
      partition: Self.slotsPartition, operations: [], scanAfter: RowRange(space: UInt8(ascii: "s")), scanAfterLimit: 256
    )
    guard let result = try await store.write(WriteRequest(batches: [look])).results.first else { return false }
    noteTime(result.timeMilliseconds)
    var free: [(slot: UInt64, condition: Condition)] = []
    for slot in 0..<Self.slots {
      let key = Self.slotKey(slot)
      guard let row = result.scanned.first(where: { $0.key == key }) else {
        free.append((slot, .absent(key)))
        continue
      }
      var reader = ByteReader(row.value)
      do {
        _ = try reader.format(1...1)
        _ = try reader.integer(UInt64.self)
        let until: UInt64 = try reader.integer()
        if until < result.timeMilliseconds { free.append((slot, .versionEquals(key, row.version))) }
      } catch {
        continue  // A newer version's row: that slot is not ours to take.
      }
    }
    guard let choice = free.randomElement() else { return false }
    return try await claim(choice.slot, choice.condition)
  }

  private func noteTime(_ milliseconds: UInt64) {
    let now = monotonicNanoseconds()
    state.withLock {
      $0.storeMilliseconds = milliseconds
      $0.storeSeenAt = now
    }
  }

  /// Writes the lease; `false` if the condition did not hold.
  private func claim(_ slot: UInt64, _ condition: Condition) async throws(StoreError) -> Bool {
    for _ in 0..<10 {
      let now = monotonicNanoseconds()
      let estimate = state.withLock { $0.storeMilliseconds + (now - $0.storeSeenAt) / 1_000_000 }
      let until = estimate + Self.leaseMilliseconds
      var value = ByteWriter()
      value.integer(UInt8(1))
      value.integer(holder)
      value.integer(until)
      // The lease must outlast our use of it, whatever our estimate of the store's time was worth.
      let latest = until - Self.useNanoseconds / 1_000_000 - 1_000
      let batch = SubBatch(
        partition: Self.slotsPartition, conditions: [condition, .notAfter(milliseconds: latest)],
        operations: [.put(Self.slotKey(slot), value: value.bytes)])
      guard let result = try await store.write(WriteRequest(batches: [batch])).results.first else { return false }
      noteTime(result.timeMilliseconds)
      switch result.failedCondition {
      case 1?: continue
      case .some: return false
      case nil:
        state.withLock { state in
          if state.slot != slot { state.counters = [:] }
          state.slot = slot
          state.version = result.stamp
          state.usableUntil = now + Self.useNanoseconds
        }
        return true
      }
    }
    return false
  }
}
