import Jobs
import KeevoClient

/// When a feed that follows others was last read, to the day (B12). Format 1.
struct LastRead: Hashable, Sendable {
  var atMilliseconds: UInt64
  /// Nobody reads it any more: its edges are pulled.
  var isIdle = false

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(atMilliseconds)
    out.integer(UInt8(isIdle ? 1 : 0))
    return out.bytes
  }

  init(atMilliseconds: UInt64, isIdle: Bool = false) {
    self.atMilliseconds = atMilliseconds
    self.isIdle = isIdle
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    atMilliseconds = try reader.integer()
    isIdle = try reader.integer(UInt8.self) & 1 == 1
  }
}
