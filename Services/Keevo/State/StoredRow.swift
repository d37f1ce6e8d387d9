import KeevoClient

/// A row's value in RocksDB. Format 1: format (1) | version, the stamp of the sub-batch that wrote it (8) | value.
enum StoredRow {
  static let format: UInt8 = 1
  static let headerBytes = 9

  static func encode(_ value: [UInt8], version: Stamp) -> [UInt8] {
    var writer = ByteWriter(reserving: headerBytes + value.count)
    writer.u8(format)
    writer.u64(version.rawValue)
    writer.raw(value)
    return writer.bytes
  }

  static func version(_ stored: UnsafeRawBufferPointer) throws(StoreError) -> Stamp {
    guard stored.count >= headerBytes else { throw .unknownFormat("a stored row has \(stored.count) bytes") }
    guard stored[0] == format else {
      throw .unknownFormat("row format \(stored[0]), this version knows \(format): a newer version wrote it")
    }
    return Stamp(UInt64(bigEndian: stored.loadUnaligned(fromByteOffset: 1, as: UInt64.self)))
  }

  static func decode(_ stored: UnsafeRawBufferPointer) throws(StoreError) -> VersionedValue {
    let version = try version(stored)
    return VersionedValue(value: Array(stored[headerBytes...]), version: version)
  }

  static func decode(_ stored: [UInt8]) throws(StoreError) -> VersionedValue {
    let result = stored.withUnsafeBytes { bytes -> Result<VersionedValue, StoreError> in
      do throws(StoreError) { return .success(try decode(bytes)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}
