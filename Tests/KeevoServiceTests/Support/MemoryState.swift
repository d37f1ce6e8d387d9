import KeevoClient
import Synchronization

@testable import KeevoService

/// A state in memory with the promise of RocksDB without a write-ahead log: after a crash it is what it was at some commit
/// not older than the last flush.
final class MemoryState: StateStore {
  struct Rows: StateReader, Equatable {
    private(set) var keys: [[UInt8]] = []
    private(set) var values: [[UInt8]] = []

    private func lowerBound(_ key: [UInt8]) -> Int {
      var low = 0
      var high = keys.count
      while low < high {
        let middle = (low + high) / 2
        if keys[middle].lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
      }
      return low
    }

    func value(_ key: [UInt8]) throws(StoreError) -> [UInt8]? {
      let place = lowerBound(key)
      return place < keys.count && keys[place] == key ? values[place] : nil
    }

    func scan(
      from start: [UInt8], to end: [UInt8], reverse: Bool,
      _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool
    ) throws(StoreError) {
      let low = lowerBound(start)
      let places = low..<max(low, lowerBound(end))
      func show(_ place: Int) -> Bool {
        keys[place].withUnsafeBytes { key in values[place].withUnsafeBytes { visit(key, $0) } }
      }
      if reverse {
        for place in places.reversed() { if !show(place) { return } }
      } else {
        for place in places { if !show(place) { return } }
      }
    }

    mutating func apply(_ batch: StateBatch) {
      for change in batch.changes {
        let place = lowerBound(change.key)
        let isThere = place < keys.count && keys[place] == change.key
        if let value = change.value {
          if isThere {
            values[place] = value
          } else {
            keys.insert(change.key, at: place)
            values.insert(value, at: place)
          }
        } else if isThere {
          keys.remove(at: place)
          values.remove(at: place)
        }
      }
    }
  }

  private struct State {
    var rows: Rows
    var flushed: Rows
    var commits = 0
  }

  private let state: Mutex<State>
  /// Flushes by itself after so many commits, as full memory tables do; 0: never.
  private let flushEvery: Int

  init(_ rows: Rows = Rows(), flushEvery: Int = 0) {
    self.flushEvery = flushEvery
    state = Mutex(State(rows: rows, flushed: rows))
  }

  /// What a crash leaves.
  var flushedRows: Rows { state.withLock { $0.flushed } }

  func value(_ key: [UInt8]) throws(StoreError) -> [UInt8]? { try state.withLock { $0.rows }.value(key) }

  func scan(
    from start: [UInt8], to end: [UInt8], reverse: Bool,
    _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool
  ) throws(StoreError) {
    try state.withLock { $0.rows }.scan(from: start, to: end, reverse: reverse, visit)
  }

  func commit(_ batch: StateBatch) throws(StoreError) {
    state.withLock { state in
      state.rows.apply(batch)
      state.commits += 1
      if flushEvery > 0, state.commits % flushEvery == 0 { state.flushed = state.rows }
    }
  }

  func view() throws(StoreError) -> any StateReader { state.withLock { $0.rows } }
  func flush() throws(StoreError) { state.withLock { $0.flushed = $0.rows } }
  func flushedValue(_ key: [UInt8]) throws(StoreError) -> [UInt8]? { try flushedRows.value(key) }
  var approximateBytes: UInt64 { 0 }
  func close() {}
}
