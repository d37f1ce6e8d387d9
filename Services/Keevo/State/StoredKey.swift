import KeevoClient

/// The key of a row in RocksDB (B1): class (1) | slot (2, big-endian) | app (4, big-endian) | partition's name | 0x00 |
/// space (1) | rest. The store's own rows begin with 0x00, below every class.
enum StoredKey {
  /// Index, term and time of the last entry applied.
  static let applied: [UInt8] = [0, UInt8(ascii: "a")]

  /// The row of the request table that one log entry made.
  static func requests(index: UInt64) -> [UInt8] {
    var writer = ByteWriter(reserving: 10)
    writer.raw([0, UInt8(ascii: "r")])
    writer.u64(index)
    return writer.bytes
  }

  static let requestsStart: [UInt8] = [0, UInt8(ascii: "r")]
  static let requestsEnd: [UInt8] = [0, UInt8(ascii: "r") + 1]

  static func prefix(_ partition: Partition, _ rowClass: RowClass, _ space: UInt8, reserving rest: Int = 0) -> [UInt8] {
    var writer = ByteWriter(reserving: 9 + partition.name.count + rest)
    writer.u8(rowClass.rawValue)
    writer.u16(UInt16(partition.slot))
    writer.u32(partition.app)
    writer.raw(partition.name)
    writer.u8(0)
    writer.u8(space)
    return writer.bytes
  }

  static func encode(_ partition: Partition, _ key: RowKey) -> [UInt8] {
    var bytes = prefix(partition, key.rowClass, key.space, reserving: key.rest.count)
    bytes.append(contentsOf: key.rest)
    return bytes
  }

  /// First key of a range, and the first behind it.
  static func bounds(_ partition: Partition, _ range: RowRange) -> (start: [UInt8], end: [UInt8]) {
    let prefix = prefix(partition, range.rowClass, range.space)
    return (prefix + range.start, range.end.isEmpty ? successor(ofPrefix: prefix) : prefix + range.end)
  }

  /// All rows of a class in slots `slotStart..<slotEnd`.
  static func bounds(_ rowClass: RowClass, slotStart: UInt32, slotEnd: UInt32) -> (start: [UInt8], end: [UInt8]) {
    func place(_ slot: UInt32) -> [UInt8] {
      slot < Topology.slots
        ? [rowClass.rawValue, UInt8(slot >> 8), UInt8(slot & 0xFF)] : [rowClass.rawValue + 1]
    }
    return (place(slotStart), place(slotEnd))
  }

  /// The first key that does not begin with `prefix`, which holds a byte below 0xFF.
  static func successor(ofPrefix prefix: [UInt8]) -> [UInt8] {
    var end = prefix
    while let last = end.last, last == 0xFF { end.removeLast() }
    if !end.isEmpty { end[end.count - 1] += 1 }
    return end
  }

  /// Length of what stands before the rest: up to the space. `nil` if the bytes are no row's key.
  static func prefixLength(_ key: UnsafeRawBufferPointer) -> Int? {
    var place = 7
    while place < key.count, key[place] != 0 { place += 1 }
    return place > 7 && place + 2 <= key.count ? place + 2 : nil
  }

  /// App and partition's name, of which the place is made; `nil` if the bytes are no row's key.
  static func placeBytes(_ key: [UInt8]) -> ArraySlice<UInt8>? {
    key.withUnsafeBytes { prefixLength($0) }.map { key[3..<($0 - 2)] }
  }

  static func decode(_ key: UnsafeRawBufferPointer) -> (partition: Partition, key: RowKey)? {
    guard key.count >= 10, let rowClass = RowClass(rawValue: key[0]), let prefix = prefixLength(key) else { return nil }
    let app = key[3..<7].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return (
      Partition(app: app, name: Array(key[7..<(prefix - 2)])),
      RowKey(rowClass: rowClass, space: key[prefix - 1], rest: Array(key[prefix...]))
    )
  }

  static func decode(_ key: [UInt8]) -> (partition: Partition, key: RowKey)? { key.withUnsafeBytes { decode($0) } }
}
