/// Writes the protobuf wire format (protobuf.dev/programming-guides/encoding), in the order the caller gives.
///
/// A plain call leaves out the type's default, as proto3 does; `always: true` writes it, for members of a `oneof`, for
/// `optional` fields and for elements of repeated ones.
public struct ProtobufWriter: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init(reservingCapacity capacity: Int = 64) { bytes.reserveCapacity(capacity) }

  public mutating func uint64(_ field: Int, _ value: UInt64, always: Bool = false) {
    guard value != 0 || always else { return }
    tag(field, 0)
    varint(value)
  }

  public mutating func uint32(_ field: Int, _ value: UInt32, always: Bool = false) {
    uint64(field, UInt64(value), always: always)
  }

  /// `int64` and `int32`: negative numbers take ten bytes.
  public mutating func int64(_ field: Int, _ value: Int64, always: Bool = false) {
    uint64(field, UInt64(bitPattern: value), always: always)
  }

  /// `sint64`: small numbers of either sign are short.
  public mutating func sint64(_ field: Int, _ value: Int64, always: Bool = false) {
    uint64(field, UInt64(bitPattern: value << 1 ^ value >> 63), always: always)
  }

  public mutating func bool(_ field: Int, _ value: Bool, always: Bool = false) {
    uint64(field, value ? 1 : 0, always: always)
  }

  public mutating func fixed64(_ field: Int, _ value: UInt64, always: Bool = false) {
    guard value != 0 || always else { return }
    tag(field, 1)
    for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
  }

  public mutating func bytes(_ field: Int, _ value: [UInt8], always: Bool = false) {
    guard !value.isEmpty || always else { return }
    tag(field, 2)
    varint(UInt64(value.count))
    bytes += value
  }

  public mutating func string(_ field: Int, _ value: String, always: Bool = false) {
    guard !value.isEmpty || always else { return }
    tag(field, 2)
    varint(UInt64(value.utf8.count))
    bytes += value.utf8
  }

  /// Repeated numbers, packed.
  public mutating func packed(_ field: Int, _ values: [UInt64]) {
    guard !values.isEmpty else { return }
    nested(field) { writer in
      for value in values { writer.varint(value) }
    }
  }

  /// A message field; written even when the message has no bytes.
  public mutating func message(_ field: Int, _ value: some ProtobufMessage) {
    nested(field) { value.write(to: &$0) }
  }

  /// A message field whose content `body` writes.
  public mutating func nested(_ field: Int, _ body: (inout ProtobufWriter) -> Void) {
    tag(field, 2)
    let start = bytes.count
    bytes.append(0)  // most messages are shorter than 128 bytes: their length fits here
    body(&self)
    let length = bytes.count - start - 1
    if length < 0x80 {
      bytes[start] = UInt8(length)
    } else {
      var prefix = ProtobufWriter(reservingCapacity: 10)
      prefix.varint(UInt64(length))
      bytes.replaceSubrange(start...start, with: prefix.bytes)
    }
  }

  private mutating func tag(_ field: Int, _ wireType: UInt64) { varint(UInt64(field) << 3 | wireType) }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
