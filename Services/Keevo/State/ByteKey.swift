/// Bytes as a key of a dictionary: hashed and compared whole, where an array goes byte by byte.
struct ByteKey: Hashable, Sendable {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func hash(into hasher: inout Hasher) {
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  }

  static func == (a: ByteKey, b: ByteKey) -> Bool { a.bytes == b.bytes }
}
