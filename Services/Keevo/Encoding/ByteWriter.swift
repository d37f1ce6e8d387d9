/// Appends big-endian integers and counted bytes.
struct ByteWriter {
  var bytes: [UInt8] = []

  init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  mutating func u8(_ value: UInt8) { bytes.append(value) }
  mutating func u16(_ value: UInt16) { integer(value) }
  mutating func u32(_ value: UInt32) { integer(value) }
  mutating func u64(_ value: UInt64) { integer(value) }

  private mutating func integer<Value: FixedWidthInteger>(_ value: Value) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func raw(_ value: [UInt8]) { bytes.append(contentsOf: value) }

  /// Two bytes of length, then the bytes: at most 65,535.
  mutating func short(_ value: [UInt8]) {
    u16(UInt16(value.count))
    raw(value)
  }

  /// Four bytes of length, then the bytes.
  mutating func long(_ value: [UInt8]) {
    u32(UInt32(value.count))
    raw(value)
  }
}
