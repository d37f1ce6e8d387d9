import COpenSSL

/// SHA-256 (FIPS 180-4) by OpenSSL.
public enum SHA256Digest {
  /// The 32 bytes of the digest.
  public static func of(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    // Both buffers outlive the call, and the digest's is as long as OpenSSL writes.
    bytes.withUnsafeBufferPointer { _ = COpenSSL.SHA256($0.baseAddress, $0.count, &digest) }
    return digest
  }
}
