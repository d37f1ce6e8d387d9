/// Appends the fields of a stored format: integers big-endian, byte strings after their length.
public struct ByteWriter: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func integer(_ value: some FixedWidthInteger) {
    for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  public mutating func raw(_ value: some Collection<UInt8>) { bytes.append(contentsOf: value) }

  /// A length in two bytes, then the bytes, 65,535 at most: the callers' limits lie far below.
  public mutating func short(_ value: some Collection<UInt8>) {
    precondition(value.count <= 0xFFFF, "a short byte string of \(value.count) bytes")
    integer(UInt16(value.count))
    raw(value)
  }

  /// A length in four bytes, then the bytes.
  public mutating func long(_ value: some Collection<UInt8>) {
    integer(UInt32(value.count))
    raw(value)
  }
}

/// Reads the fields of a stored format. Every read is checked: bytes from the store may be of a newer version.
public struct ByteReader: Sendable {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  public init(_ bytes: [UInt8]) {
    self.bytes = bytes[...]
    position = 0
  }

  public var remaining: Int { bytes.endIndex - position }

  public mutating func integer<T: FixedWidthInteger>(_: T.Type = T.self) throws(FormatError) -> T {
    let width = T.bitWidth / 8
    guard remaining >= width else { throw .truncated }
    var value: T = 0
    for byte in bytes[position..<(position + width)] {
      value = (T.bitWidth == 8 ? 0 : value << 8) | T(truncatingIfNeeded: byte)
    }
    position += width
    return value
  }

  public mutating func raw(_ count: Int) throws(FormatError) -> [UInt8] {
    guard count >= 0, remaining >= count else { throw .truncated }
    defer { position += count }
    return Array(bytes[position..<(position + count)])
  }

  public mutating func short() throws(FormatError) -> [UInt8] { try raw(Int(integer(UInt16.self))) }

  public mutating func long() throws(FormatError) -> [UInt8] { try raw(Int(integer(UInt32.self))) }

  public mutating func rest() -> [UInt8] {
    defer { position = bytes.endIndex }
    return Array(bytes[position...])
  }

  /// Reads the format number that begins every stored value (B6).
  public mutating func format(_ known: ClosedRange<UInt8>) throws(FormatError) -> UInt8 {
    let format: UInt8 = try integer()
    guard known.contains(format) else { throw .unknown(format) }
    return format
  }
}

/// Why stored bytes could not be read.
public enum FormatError: Error, Hashable, Sendable {
  case truncated
  /// Written by a newer version.
  case unknown(UInt8)
  case malformed(String)
}
