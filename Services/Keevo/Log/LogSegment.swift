import KeevoClient

/// One file of the log: a header, then rounds of records. Format 1 of the header, 32 bytes: `KEEVOLOG`, format (4),
/// zeros (4), sequence (8), zeros (4), CRC-32C of what stands before it (4).
struct LogSegment: Sendable {
  static let headerBytes = 32
  static let format: UInt32 = 1

  var sequence: UInt64
  var path: String
  var file: any DiskFile
  var capacity: Int
  /// Where the next record goes.
  var end: Int
  var isSealed: Bool
  /// The last index of each shard that lies here.
  var lastIndexes: [UInt64]

  static func name(_ sequence: UInt64) -> String { "log-\(hexadecimal(sequence))" }

  static func spareName(_ number: UInt64) -> String { "spare-\(hexadecimal(number))" }

  private static func hexadecimal(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The number in a file's name.
  static func number(in name: String, prefix: String) -> UInt64? {
    guard name.hasPrefix(prefix), name.utf8.count == prefix.utf8.count + 16 else { return nil }
    return UInt64(name.dropFirst(prefix.count), radix: 16)
  }

  static func header(sequence: UInt64) -> [UInt8] {
    var writer = ByteWriter(reserving: headerBytes)
    writer.raw(Array("KEEVOLOG".utf8))
    writer.u32(format)
    writer.u32(0)
    writer.u64(sequence)
    writer.u32(0)
    writer.u32(CRC32C.of(writer.bytes))
    return writer.bytes
  }

  /// Whether the header is whole and this segment's.
  static func checkHeader(_ bytes: [UInt8], sequence: UInt64) throws(LogError) -> Bool {
    guard bytes.count >= headerBytes else { return false }
    let head = Array(bytes[..<headerBytes])
    if head == header(sequence: sequence) { return true }
    // Another format with a good checksum comes from a newer version, not from a torn write.
    let stored = head[28..<32].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let foundFormat = head[8..<12].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    if head.starts(with: "KEEVOLOG".utf8), CRC32C.of(Array(head[..<28])) == stored, foundFormat != format {
      throw .unknownFormat("segment format \(foundFormat), this version knows \(format)")
    }
    return false
  }
}
