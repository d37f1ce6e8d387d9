extension Partition {
  /// The slot this partition lies in, 0…4,095: CRC-32C over the app's number (4 bytes, big-endian) and the partition's
  /// name, modulo `Topology.slots` (B1).
  public var slot: UInt32 {
    var checksum = CRC32C()
    for shift in stride(from: 24, through: 0, by: -8) {
      checksum.update(UInt8(truncatingIfNeeded: app >> UInt32(shift)))
    }
    for byte in name { checksum.update(byte) }
    return checksum.value % Topology.slots
  }
}

/// CRC-32 with the Castagnoli polynomial (RFC 3720, B.4), bit-reflected, one table.
struct CRC32C {
  private static let table: [UInt32] = (0..<256).map { index in
    var value = UInt32(index)
    for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
    return value
  }

  private var state: UInt32 = 0xFFFF_FFFF

  mutating func update(_ byte: UInt8) {
    state = state >> 8 ^ Self.table[Int(UInt8(truncatingIfNeeded: state) ^ byte)]
  }

  var value: UInt32 { state ^ 0xFFFF_FFFF }
}
