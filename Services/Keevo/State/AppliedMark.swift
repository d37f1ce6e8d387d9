import KeevoClient

/// How far a shard's state has come, written with every batch. Format 1: format (1) | index (8) | term (8) | time of the
/// entry in milliseconds since 1970 (8).
struct AppliedMark: Equatable, Sendable {
  static let format: UInt8 = 1
  static let none = AppliedMark(index: 0, term: 0, timeMilliseconds: 0)

  var index: UInt64
  var term: UInt64
  var timeMilliseconds: UInt64

  func encode() -> [UInt8] {
    var writer = ByteWriter(reserving: 25)
    writer.u8(Self.format)
    writer.u64(index)
    writer.u64(term)
    writer.u64(timeMilliseconds)
    return writer.bytes
  }

  static func decode(_ bytes: [UInt8]) throws(StoreError) -> AppliedMark {
    var reader = ByteReader(bytes, what: "mark of the applied index")
    try reader.format(format)
    return AppliedMark(index: try reader.u64(), term: try reader.u64(), timeMilliseconds: try reader.u64())
  }
}
