import KeevoClient
import Synchronization

/// The latest changes of one shard and class, in memory: what `Watch` reads.
///
/// Readers pull; nothing is kept for a slow one. Who falls behind the ring is told so and scans anew.
final class WatchRing: Sendable {
  struct Limits: Equatable, Sendable {
    /// Changes kept.
    var changesMax = 65_536
    /// Bytes of their keys and values.
    var bytesMax = 8 << 20
    /// Streams that may wait at a time.
    var watchersMax = 1_024
  }

  enum Page: Equatable {
    /// Changes from the index asked on, and everything up to `upTo` with them.
    case changes([WatchEvent], upTo: UInt64)
    case compacted(oldestIndex: UInt64)
  }

  private struct Entry {
    var index: UInt64
    var changes: [RowChange]
    var bytes: Int
  }

  private struct State {
    var entries: [Entry] = []
    var head = 0
    /// Entries up to this index are not kept.
    var floor: UInt64
    var applied: UInt64
    var changeCount = 0
    var bytes = 0
    var waiting: [UInt64: UnsafeContinuation<Void, Never>] = [:]
    /// Waiters that were cancelled before they began to wait.
    var cancelled: Set<UInt64> = []
    var nextWaiter: UInt64 = 1
    var isClosed = false
  }

  static let eventsPerPage = 256

  private let limits: Limits
  private let state: Mutex<State>

  /// `applied`: the index up to which the state had come when the node started.
  init(applied: UInt64, limits: Limits = Limits()) {
    self.limits = limits
    state = Mutex(State(floor: applied, applied: applied))
  }

  /// Takes in an applied entry. A ring that gets several entries gets them in order.
  func append(index: UInt64, _ changes: [RowChange]) {
    let woken = state.withLock { state -> [UnsafeContinuation<Void, Never>] in
      state.applied = index
      if changes.isEmpty { return [] }
      let bytes = changes.reduce(0) { $0 + $1.key.count + ($1.value?.count ?? 0) + 64 }
      state.entries.append(Entry(index: index, changes: changes, bytes: bytes))
      state.changeCount += changes.count
      state.bytes += bytes
      while state.head < state.entries.count, state.changeCount > limits.changesMax || state.bytes > limits.bytesMax {
        let oldest = state.entries[state.head]
        state.changeCount -= oldest.changes.count
        state.bytes -= oldest.bytes
        state.floor = oldest.index
        state.entries[state.head].changes = []
        state.head += 1
      }
      if state.head > 1_024, state.head * 2 > state.entries.count {
        state.entries.removeFirst(state.head)
        state.head = 0
      }
      return Self.takeWaiting(&state)
    }
    for continuation in woken { continuation.resume() }
  }

  private static func takeWaiting(_ state: inout State) -> [UnsafeContinuation<Void, Never>] {
    let woken = Array(state.waiting.values)
    state.waiting.removeAll(keepingCapacity: true)
    return woken
  }

  /// Wakes all readers, so that they report progress.
  func tick() {
    for continuation in state.withLock({ Self.takeWaiting(&$0) }) { continuation.resume() }
  }

  /// Ends all streams.
  func close() {
    let woken = state.withLock { state in
      state.isClosed = true
      return Self.takeWaiting(&state)
    }
    for continuation in woken { continuation.resume() }
  }

  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Up to `eventsPerPage` changes, rounded up to whole entries.
  func page(from index: UInt64) throws(StoreError) -> Page {
    let (found, upTo, floor) = state.withLock { state -> ([Entry], UInt64, UInt64) in
      if index <= state.floor { return ([], 0, state.floor) }
      var low = state.head
      var high = state.entries.count
      while low < high {
        let middle = (low + high) / 2
        if state.entries[middle].index < index { low = middle + 1 } else { high = middle }
      }
      var found: [Entry] = []
      var count = 0
      while low < state.entries.count, count < Self.eventsPerPage {
        found.append(state.entries[low])
        count += state.entries[low].changes.count
        low += 1
      }
      let upTo = low < state.entries.count ? found.last?.index ?? state.applied : state.applied
      return (found, upTo, 0)
    }
    if floor > 0 || index == 0 { return .compacted(oldestIndex: floor + 1) }
    var events: [WatchEvent] = []
    for entry in found {
      for change in entry.changes {
        guard let place = StoredKey.decode(change.key) else { continue }
        let value = try change.value.map { bytes throws(StoreError) in try StoredRow.decode(bytes) }
        events.append(.changed(index: entry.index, partition: place.partition, key: place.key, value: value))
      }
    }
    return .changes(events, upTo: upTo)
  }

  /// Waits until something from `index` on has been applied, a tick comes, or the caller is cancelled. False: too many wait.
  func wait(from index: UInt64) async -> Bool {
    let id = state.withLock { state -> UInt64 in
      defer { state.nextWaiter += 1 }
      return state.nextWaiter
    }
    let refused = Mutex(false)
    await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        let waits = state.withLock { state -> Bool in
          if state.cancelled.remove(id) != nil || state.isClosed { return false }
          if let last = state.entries.last, last.index >= index { return false }
          if state.waiting.count >= limits.watchersMax {
            refused.withLock { $0 = true }
            return false
          }
          state.waiting[id] = continuation
          return true
        }
        if !waits { continuation.resume() }
      }
    } onCancel: {
      let waiting = state.withLock { state -> UnsafeContinuation<Void, Never>? in
        if let continuation = state.waiting.removeValue(forKey: id) { return continuation }
        state.cancelled.insert(id)
        return nil
      }
      waiting?.resume()
    }
    // A cancellation that came after the wake-up has left its mark.
    state.withLock { state in _ = state.cancelled.remove(id) }
    return !refused.withLock { $0 }
  }
}
