/// Reads the protobuf wire format (protobuf.dev/programming-guides/encoding), strictly: a known field of another wire type,
/// a number too large for its type and text that is not UTF-8 are errors, where other readers guess. Unknown fields are
/// skipped, so that newer writers can add some.
///
/// ```swift
/// while let field = try reader.next() {
///   switch field {
///   case 1: name = try reader.string()
///   case 2: rows.append(try reader.message(Row.self))
///   default: try reader.skip()
///   }
/// }
/// ```
public struct ProtobufReader: Sendable {
  private let storage: [UInt8]
  private var position: Int
  private let end: Int
  private let depthLeft: Int
  private var field = 0
  private var wireType: UInt8 = 0

  public init(_ bytes: [UInt8], limits: ProtobufLimits = .standard) throws(ProtobufError) {
    guard bytes.count <= limits.messageBytesMax else {
      throw .tooLarge(bytes: bytes.count, max: limits.messageBytesMax)
    }
    self.init(storage: bytes, position: 0, end: bytes.count, depthLeft: limits.depthMax)
  }

  private init(storage: [UInt8], position: Int, end: Int, depthLeft: Int) {
    self.storage = storage
    self.position = position
    self.end = end
    self.depthLeft = depthLeft
  }

  /// The number of the next field; `nil` at the end. Its value must be read or skipped before the next call.
  public mutating func next() throws(ProtobufError) -> Int? {
    guard position < end else { return nil }
    let start = position
    let tag = try varint()
    guard tag >> 3 != 0, tag >> 3 <= 0x1FFF_FFFF else { throw .badTag(offset: start) }
    field = Int(tag >> 3)
    wireType = UInt8(tag & 7)
    guard wireType <= 5 else { throw .badTag(offset: start) }
    return field
  }

  public mutating func uint64() throws(ProtobufError) -> UInt64 {
    try expect(0)
    return try varint()
  }

  public mutating func uint32() throws(ProtobufError) -> UInt32 {
    let start = position
    guard let value = UInt32(exactly: try uint64()) else { throw .varintOutOfRange(offset: start) }
    return value
  }

  public mutating func int64() throws(ProtobufError) -> Int64 { Int64(bitPattern: try uint64()) }

  public mutating func sint64() throws(ProtobufError) -> Int64 {
    let value = try uint64()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  public mutating func bool() throws(ProtobufError) -> Bool {
    let start = position
    let value = try uint64()
    guard value <= 1 else { throw .varintOutOfRange(offset: start) }
    return value == 1
  }

  public mutating func fixed64() throws(ProtobufError) -> UInt64 {
    try expect(1)
    guard end - position >= 8 else { throw .truncated(offset: position) }
    var value: UInt64 = 0
    for index in 0..<8 { value |= UInt64(storage[position + index]) << UInt64(8 * index) }
    position += 8
    return value
  }

  public mutating func bytes() throws(ProtobufError) -> [UInt8] { Array(storage[try range()]) }

  public mutating func string() throws(ProtobufError) -> String {
    let range = try range()
    guard let text = String(validating: storage[range], as: UTF8.self) else {
      throw .notUTF8(field: field, offset: range.lowerBound)
    }
    return text
  }

  public mutating func message<Message: ProtobufMessage>(_ type: Message.Type) throws(ProtobufError) -> Message {
    var inner = try nested()
    return try Message(from: &inner)
  }

  /// A reader over the message in this field.
  public mutating func nested() throws(ProtobufError) -> ProtobufReader {
    guard depthLeft > 0 else { throw .tooDeep(offset: position) }
    let range = try range()
    return ProtobufReader(storage: storage, position: range.lowerBound, end: range.upperBound, depthLeft: depthLeft - 1)
  }

  /// One element of a repeated number field, or a packed run of them.
  public mutating func repeatedUInt64(into values: inout [UInt64]) throws(ProtobufError) {
    if wireType == 0 {
      values.append(try varint())
      return
    }
    let run = try range()
    var inner = ProtobufReader(
      storage: storage, position: run.lowerBound, end: run.upperBound, depthLeft: depthLeft)
    while inner.position < inner.end { values.append(try inner.varint()) }
  }

  /// Passes over the field's value.
  public mutating func skip() throws(ProtobufError) { try skip(depth: depthLeft) }

  private mutating func skip(depth: Int) throws(ProtobufError) {
    switch wireType {
    case 0: _ = try varint()
    case 1: try advance(8)
    case 2: _ = try range()
    case 5: try advance(4)
    case 3:
      guard depth > 0 else { throw .tooDeep(offset: position) }
      let group = field
      while true {
        guard let inner = try next() else { throw .truncated(offset: position) }
        if wireType == 4 {
          guard inner == group else { throw .badTag(offset: position) }
          return
        }
        try skip(depth: depth - 1)
      }
    default: throw .badTag(offset: position)  // the end of a group that never began
    }
  }

  private mutating func advance(_ count: Int) throws(ProtobufError) {
    guard end - position >= count else { throw .truncated(offset: position) }
    position += count
  }

  private func expect(_ type: UInt8) throws(ProtobufError) {
    guard wireType == type else { throw .wireTypeMismatch(field: field, offset: position) }
  }

  private mutating func range() throws(ProtobufError) -> Range<Int> {
    try expect(2)
    let length = try varint()
    guard length <= UInt64(end - position) else { throw .truncated(offset: position) }
    let start = position
    position += Int(length)
    return start..<position
  }

  private mutating func varint() throws(ProtobufError) -> UInt64 {
    let start = position
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      guard position < end else { throw .truncated(offset: position) }
      let byte = storage[position]
      position += 1
      if shift == 63, byte > 1 { throw .varintOutOfRange(offset: start) }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
  }
}
