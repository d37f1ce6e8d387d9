/// CRC-32C (Castagnoli, RFC 3720 appendix B.4): the checksum of log records and the hash of slots. Eight tables, eight
/// bytes a step (Kounavis and Berry, "Novel Table Lookup-Based Algorithms", 2008).
public struct CRC32C: Sendable {
  private var state: UInt32

  public init() { state = ~0 }

  public var value: UInt32 { ~state }

  public static func of(_ bytes: [UInt8]) -> UInt32 {
    var crc = CRC32C()
    crc.update(bytes)
    return crc.value
  }

  public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    state = tables.withUnsafeBufferPointer { table in
      var crc = state
      var position = 0
      while position + 8 <= bytes.count {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)) ^ UInt64(crc)
        crc =
          table[0x700 + Int(word & 0xFF)] ^ table[0x600 + Int(word >> 8 & 0xFF)]
          ^ table[0x500 + Int(word >> 16 & 0xFF)] ^ table[0x400 + Int(word >> 24 & 0xFF)]
          ^ table[0x300 + Int(word >> 32 & 0xFF)] ^ table[0x200 + Int(word >> 40 & 0xFF)]
          ^ table[0x100 + Int(word >> 48 & 0xFF)] ^ table[Int(word >> 56)]
        position += 8
      }
      while position < bytes.count {
        crc = table[Int((crc ^ UInt32(bytes[position])) & 0xFF)] ^ crc >> 8
        position += 1
      }
      return crc
    }
  }
}

private let tables: [UInt32] = {
  var tables = [UInt32](repeating: 0, count: 8 * 256)
  for index in 0..<256 {
    var crc = UInt32(index)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    tables[index] = crc
  }
  for index in 256..<tables.count {
    let previous = tables[index - 256]
    tables[index] = tables[Int(previous & 0xFF)] ^ previous >> 8
  }
  return tables
}()
