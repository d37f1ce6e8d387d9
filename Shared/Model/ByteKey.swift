/// Bytes as a key of a dictionary: hashed and compared whole, where an array goes byte by byte.
public struct ByteKey: Hashable, Sendable {
  public let bytes: [UInt8]

  @inlinable public init(_ bytes: [UInt8]) { self.bytes = bytes }

  @inlinable public func hash(into hasher: inout Hasher) {
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  }

  @inlinable public static func == (a: ByteKey, b: ByteKey) -> Bool { a.bytes == b.bytes }
}
