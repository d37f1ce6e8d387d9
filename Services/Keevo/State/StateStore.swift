import KeevoClient

/// Rows in key order, to be read.
protocol StateReader: Sendable {
  func value(_ key: [UInt8]) throws(StoreError) -> [UInt8]?
  /// Visits the rows of `start..<end` (descending when `reverse`) until `visit` answers false. The buffers live as long
  /// as the call of `visit`.
  func scan(
    from start: [UInt8], to end: [UInt8], reverse: Bool,
    _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool
  ) throws(StoreError)
}

/// The state of one shard: the seam in front of RocksDB.
///
/// Writes are atomic but durable only once flushed; after a crash the state is what it was after some commit, and none
/// that was flushed is missing. The log brings back the rest.
protocol StateStore: StateReader {
  /// One writer at a time.
  func commit(_ batch: StateBatch) throws(StoreError)
  /// The state as it is now, for as long as the view lives.
  func view() throws(StoreError) -> any StateReader
  /// Makes everything committed so far durable.
  func flush() throws(StoreError)
  /// A row as a crash now would leave it.
  func flushedValue(_ key: [UInt8]) throws(StoreError) -> [UInt8]?
  /// Bytes on disk and in memory tables, about.
  var approximateBytes: UInt64 { get }
  /// No call may follow, and no view may live.
  func close()
}

/// Changes that go in together.
struct StateBatch: Equatable, Sendable {
  struct Change: Equatable, Sendable {
    var key: [UInt8]
    /// `nil`: the row goes.
    var value: [UInt8]?
    /// The key has been written exactly once: its deletion may cancel that write out.
    var writtenOnce = false
  }
  var changes: [Change] = []

  mutating func put(_ key: [UInt8], _ value: [UInt8]) { changes.append(Change(key: key, value: value)) }
  mutating func delete(_ key: [UInt8], writtenOnce: Bool = false) {
    changes.append(Change(key: key, value: nil, writtenOnce: writtenOnce))
  }
}
