import CRocksDB
import KeevoClient

/// What the shards of one node share of RocksDB, and the options of each.
struct RocksOptions: Sendable {
  var blockCacheBytes = 256 << 20
  /// Of one memory table; a shard has at most three.
  var writeBufferBytes = 16 << 20
  /// Flushes and compactions of all shards together.
  var backgroundBytesPerSecond = 128 << 20
}

/// Caches and rate limiter shared by the shards of a node.
final class RocksShared: @unchecked Sendable {
  // Sound because RocksDB's caches, limiter and options are thread-safe once made, and nothing here changes after `init`.
  fileprivate let options: OpaquePointer
  private let cache: OpaquePointer
  private let limiter: OpaquePointer

  init(_ settings: RocksOptions) {
    options = rocksdb_options_create()
    cache = rocksdb_cache_create_lru(settings.blockCacheBytes)
    limiter = rocksdb_ratelimiter_create(Int64(settings.backgroundBytesPerSecond), 100_000, 10)
    let table = rocksdb_block_based_options_create()
    rocksdb_block_based_options_set_block_cache(table, cache)
    rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10))
    rocksdb_block_based_options_set_format_version(table, 5)
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 0)
    rocksdb_options_set_block_based_table_factory(options, table)
    rocksdb_block_based_options_destroy(table)
    rocksdb_options_set_ratelimiter(options, limiter)
    rocksdb_options_set_create_if_missing(options, 1)
    rocksdb_options_set_write_buffer_size(options, settings.writeBufferBytes)
    rocksdb_options_set_max_write_buffer_number(options, 3)
    rocksdb_options_set_max_background_jobs(options, 2)
    rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1)
    rocksdb_options_set_compression(options, Int32(rocksdb_lz4_compression))
    rocksdb_options_set_info_log_level(options, 2)
    rocksdb_options_set_keep_log_file_num(options, 2)
    rocksdb_options_set_max_log_file_size(options, 4 << 20)
    rocksdb_options_set_bytes_per_sync(options, 1 << 20)
  }

  deinit {
    rocksdb_options_destroy(options)
    rocksdb_ratelimiter_destroy(limiter)
    rocksdb_cache_destroy(cache)
  }

  var blockCacheUsage: Int { rocksdb_cache_get_usage(cache) }
}

/// One shard's RocksDB: one column family, no write-ahead log of its own.
final class RocksState: StateStore, @unchecked Sendable {
  // Sound because a RocksDB handle may be used by any thread at once, and the pointer changes in `init` alone. Views keep
  // the object, and with it the handle, alive; it is closed when the last of them has gone.
  private let shared: RocksShared
  fileprivate let database: OpaquePointer
  fileprivate let path: String
  fileprivate let readOptions: OpaquePointer
  private let persistedOptions: OpaquePointer
  private let writeOptions: OpaquePointer

  init(path: String, shared: RocksShared) throws(StoreError) {
    var error: UnsafeMutablePointer<CChar>?
    let opened = rocksdb_open(shared.options, path, &error)
    if let text = Self.take(&error) { throw .failed("RocksDB in \(path) cannot be opened: \(text)") }
    guard let opened else { throw .failed("RocksDB in \(path) cannot be opened") }
    self.shared = shared
    self.path = path
    database = opened
    readOptions = rocksdb_readoptions_create()
    persistedOptions = rocksdb_readoptions_create()
    rocksdb_readoptions_set_read_tier(persistedOptions, 2)  // kPersistedTier: skips what only memory holds
    writeOptions = rocksdb_writeoptions_create()
    rocksdb_writeoptions_disable_WAL(writeOptions, 1)
  }

  deinit {
    rocksdb_writeoptions_destroy(writeOptions)
    rocksdb_readoptions_destroy(persistedOptions)
    rocksdb_readoptions_destroy(readOptions)
    rocksdb_close(database)
  }

  /// The handle goes with the last reference.
  func close() {}

  fileprivate static func take(_ error: inout UnsafeMutablePointer<CChar>?) -> String? {
    guard let pointer = error else { return nil }
    defer {
      rocksdb_free(pointer)
      error = nil
    }
    return String(cString: pointer)
  }

  func value(_ key: [UInt8]) throws(StoreError) -> [UInt8]? { try value(key, readOptions) }

  func flushedValue(_ key: [UInt8]) throws(StoreError) -> [UInt8]? { try value(key, persistedOptions) }

  fileprivate func value(_ key: [UInt8], _ options: OpaquePointer) throws(StoreError) -> [UInt8]? {
    var error: UnsafeMutablePointer<CChar>?
    let slice = key.withUnsafeBufferPointer { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        rocksdb_get_pinned(database, options, $0.baseAddress, $0.count, &error)
      }
    }
    if let text = Self.take(&error) { throw .failed("RocksDB in \(path) cannot read: \(text)") }
    guard let slice else { return nil }
    defer { rocksdb_pinnableslice_destroy(slice) }
    var count = 0
    guard let bytes = rocksdb_pinnableslice_value(slice, &count) else { return nil }
    return Array(UnsafeRawBufferPointer(start: bytes, count: count))
  }

  func scan(
    from start: [UInt8], to end: [UInt8], reverse: Bool,
    _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool
  ) throws(StoreError) {
    try scan(from: start, to: end, reverse: reverse, snapshot: nil, visit)
  }

  fileprivate func scan(
    from start: [UInt8], to end: [UInt8], reverse: Bool, snapshot: OpaquePointer?,
    _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool
  ) throws(StoreError) {
    guard start.lexicographicallyPrecedes(end) else { return }
    var error: UnsafeMutablePointer<CChar>?
    // The bounds must live as long as the iterator.
    start.withUnsafeBufferPointer { startBytes in
      end.withUnsafeBufferPointer { endBytes in
        startBytes.withMemoryRebound(to: CChar.self) { low in
          endBytes.withMemoryRebound(to: CChar.self) { high in
            let options = rocksdb_readoptions_create()
            defer { rocksdb_readoptions_destroy(options) }
            if let snapshot { rocksdb_readoptions_set_snapshot(options, snapshot) }
            rocksdb_readoptions_set_iterate_lower_bound(options, low.baseAddress, low.count)
            rocksdb_readoptions_set_iterate_upper_bound(options, high.baseAddress, high.count)
            guard let iterator = rocksdb_create_iterator(database, options) else { return }
            defer { rocksdb_iter_destroy(iterator) }
            if reverse {
              rocksdb_iter_seek_to_last(iterator)
            } else {
              rocksdb_iter_seek(iterator, low.baseAddress, low.count)
            }
            while rocksdb_iter_valid(iterator) != 0 {
              var keyCount = 0
              var valueCount = 0
              let key = rocksdb_iter_key(iterator, &keyCount)
              let value = rocksdb_iter_value(iterator, &valueCount)
              let more = visit(
                UnsafeRawBufferPointer(start: key, count: keyCount),
                UnsafeRawBufferPointer(start: value, count: valueCount))
              if !more { break }
              if reverse { rocksdb_iter_prev(iterator) } else { rocksdb_iter_next(iterator) }
            }
            rocksdb_iter_get_error(iterator, &error)
          }
        }
      }
    }
    if let text = Self.take(&error) { throw .failed("RocksDB in \(path) cannot scan: \(text)") }
  }

  func commit(_ batch: StateBatch) throws(StoreError) {
    guard let native = rocksdb_writebatch_create() else { throw .failed("RocksDB gives no write batch") }
    defer { rocksdb_writebatch_destroy(native) }
    for change in batch.changes {
      change.key.withUnsafeBufferPointer { key in
        key.withMemoryRebound(to: CChar.self) { key in
          if let value = change.value {
            value.withUnsafeBufferPointer { value in
              value.withMemoryRebound(to: CChar.self) { value in
                rocksdb_writebatch_put(native, key.baseAddress, key.count, value.baseAddress, value.count)
              }
            }
          } else if change.writtenOnce {
            rocksdb_writebatch_singledelete(native, key.baseAddress, key.count)
          } else {
            rocksdb_writebatch_delete(native, key.baseAddress, key.count)
          }
        }
      }
    }
    var error: UnsafeMutablePointer<CChar>?
    rocksdb_write(database, writeOptions, native, &error)
    if let text = Self.take(&error) { throw .failed("RocksDB in \(path) cannot write: \(text)") }
  }

  func view() throws(StoreError) -> any StateReader {
    guard let snapshot = rocksdb_create_snapshot(database) else { throw .failed("RocksDB gives no snapshot") }
    return RocksView(store: self, snapshot: snapshot)
  }

  func flush() throws(StoreError) {
    let options = rocksdb_flushoptions_create()
    defer { rocksdb_flushoptions_destroy(options) }
    rocksdb_flushoptions_set_wait(options, 1)
    var error: UnsafeMutablePointer<CChar>?
    rocksdb_flush(database, options, &error)
    if let text = Self.take(&error) { throw .failed("RocksDB in \(path) cannot flush: \(text)") }
  }

  var approximateBytes: UInt64 {
    var total: UInt64 = 0
    for name in ["rocksdb.total-sst-files-size", "rocksdb.cur-size-all-mem-tables"] {
      var value: UInt64 = 0
      if rocksdb_property_int(database, name, &value) == 0 { total += value }
    }
    return total
  }

  /// Hard links to the files as a crash now would leave them: nothing is flushed first.
  func checkpoint(to directory: String) throws(StoreError) {
    var error: UnsafeMutablePointer<CChar>?
    let checkpoint = rocksdb_checkpoint_object_create(database, &error)
    if let text = Self.take(&error) { throw .failed("RocksDB in \(path) gives no checkpoint: \(text)") }
    defer { rocksdb_checkpoint_object_destroy(checkpoint) }
    rocksdb_checkpoint_create(checkpoint, directory, UInt64.max, &error)
    if let text = Self.take(&error) { throw .failed("RocksDB in \(path) cannot checkpoint: \(text)") }
  }
}

/// A snapshot, held as long as someone reads it.
private final class RocksView: StateReader, @unchecked Sendable {
  // Sound because the pointers are set in `init` alone and RocksDB lets any thread read through them.
  private let store: RocksState
  private let snapshot: OpaquePointer
  private let options: OpaquePointer

  init(store: RocksState, snapshot: OpaquePointer) {
    self.store = store
    self.snapshot = snapshot
    options = rocksdb_readoptions_create()
    rocksdb_readoptions_set_snapshot(options, snapshot)
  }

  deinit {
    rocksdb_readoptions_destroy(options)
    rocksdb_release_snapshot(store.database, snapshot)
  }

  func value(_ key: [UInt8]) throws(StoreError) -> [UInt8]? { try store.value(key, options) }

  func scan(
    from start: [UInt8], to end: [UInt8], reverse: Bool,
    _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool
  ) throws(StoreError) {
    try store.scan(from: start, to: end, reverse: reverse, snapshot: snapshot, visit)
  }
}
