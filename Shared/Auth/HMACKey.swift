import COpenSSL

/// A secret prepared for HMAC-SHA256 (RFC 2104): the hash states after its inner and outer block, so that a message
/// costs only its own bytes.
public struct HMACKey: Sendable {
  public static let digestBytes = Int(SHA256_DIGEST_LENGTH)

  private let inner: SHA256_CTX
  private let outer: SHA256_CTX

  public init(secret: [UInt8]) {
    let blockBytes = Int(SHA256_CBLOCK)
    var block = secret.count > blockBytes ? Self.digest(of: secret) : secret
    block += [UInt8](repeating: 0, count: blockBytes - block.count)
    inner = Self.state(after: block.map { $0 ^ 0x36 })
    outer = Self.state(after: block.map { $0 ^ 0x5C })
  }

  /// The 32 bytes of the code.
  public func code(for message: some Collection<UInt8>) -> [UInt8] {
    var context = inner
    Self.update(&context, message)
    let digest = Self.finish(&context)
    context = outer
    Self.update(&context, digest)
    return Self.finish(&context)
  }

  /// Whether `code` is that of the message; takes the same time wherever it differs.
  public func verifies(_ code: [UInt8], for message: some Collection<UInt8>) -> Bool {
    let expected = self.code(for: message)
    return code.count == expected.count && CRYPTO_memcmp(code, expected, expected.count) == 0
  }

  private static func digest(of bytes: [UInt8]) -> [UInt8] {
    var context = SHA256_CTX()
    SHA256_Init(&context)
    update(&context, bytes)
    return finish(&context)
  }

  private static func state(after block: [UInt8]) -> SHA256_CTX {
    var context = SHA256_CTX()
    SHA256_Init(&context)
    update(&context, block)
    return context
  }

  private static func update(_ context: inout SHA256_CTX, _ bytes: some Collection<UInt8>) {
    // OpenSSL reads the buffer only during the call.
    let done: Void? = bytes.withContiguousStorageIfAvailable { _ = SHA256_Update(&context, $0.baseAddress, $0.count) }
    if done == nil { Array(bytes).withUnsafeBufferPointer { _ = SHA256_Update(&context, $0.baseAddress, $0.count) } }
  }

  private static func finish(_ context: inout SHA256_CTX) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: digestBytes) { buffer, count in
      // The buffer holds the 32 bytes that OpenSSL writes.
      SHA256_Final(buffer.baseAddress, &context)
      count = digestBytes
    }
  }
}
