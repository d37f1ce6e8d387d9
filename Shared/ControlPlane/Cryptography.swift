import COpenSSL

/// The module's only file that touches OpenSSL: AES-256-GCM (NIST SP 800-38D), SHA-256 and random bytes.
public enum Cryptography {
  public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
  }

  public static let keyBytes = 32
  static let nonceBytes = 12
  static let tagBytes = 16

  /// Random bytes from the operating system's generator, by way of OpenSSL.
  public static func randomBytes(_ count: Int) throws(Failure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    guard RAND_bytes(&bytes, Int32(count)) == 1 else { throw Failure(description: "OpenSSL gives no random bytes") }
    return bytes
  }

  /// Random text over `alphabet`, every character equally likely.
  public static func randomText(length: Int, alphabet: String) throws(Failure) -> String {
    let letters = Array(alphabet.utf8)
    // Bytes past the last whole multiple are thrown away: a plain remainder would favour the first letters.
    let usable = 256 / letters.count * letters.count
    var out: [UInt8] = []
    while out.count < length {
      for byte in try randomBytes(length) where Int(byte) < usable && out.count < length {
        out.append(letters[Int(byte) % letters.count])
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  public static func sha256(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    _ = SHA256(bytes, bytes.count, &digest)
    return digest
  }

  /// HMAC-SHA256 (RFC 2104): 32 bytes.
  static func code(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: 32)
    // All three buffers outlive the call, and the code's is as long as OpenSSL writes.
    _ = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, nil)
    return code
  }

  /// Nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes). `context` is bound in, not stored: a ciphertext moved to another
  /// place does not open there.
  static func seal(_ clear: [UInt8], key: [UInt8], context: [UInt8]) throws(Failure) -> [UInt8] {
    let nonce = try randomBytes(nonceBytes)
    var sealed = [UInt8](repeating: 0, count: clear.count)
    var tag = [UInt8](repeating: 0, count: tagBytes)
    guard key.count == keyBytes, let state = EVP_CIPHER_CTX_new() else { throw Failure(description: "cannot encrypt") }
    defer { EVP_CIPHER_CTX_free(state) }
    var length: Int32 = 0
    guard EVP_EncryptInit_ex(state, EVP_aes_256_gcm(), nil, key, nonce) == 1,
      EVP_EncryptUpdate(state, nil, &length, context, Int32(context.count)) == 1,
      EVP_EncryptUpdate(state, &sealed, &length, clear, Int32(clear.count)) == 1,
      EVP_EncryptFinal_ex(state, &tag, &length) == 1,
      EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_AEAD_GET_TAG, Int32(tagBytes), &tag) == 1
    else { throw Failure(description: "cannot encrypt") }
    return nonce + sealed + tag
  }

  static func open(_ sealed: [UInt8], key: [UInt8], context: [UInt8]) throws(Failure) -> [UInt8] {
    guard key.count == keyBytes, sealed.count >= nonceBytes + tagBytes, let state = EVP_CIPHER_CTX_new() else {
      throw Failure(description: "the ciphertext is too short")
    }
    defer { EVP_CIPHER_CTX_free(state) }
    let nonce = Array(sealed.prefix(nonceBytes))
    var tag = Array(sealed.suffix(tagBytes))
    let body = Array(sealed.dropFirst(nonceBytes).dropLast(tagBytes))
    var clear = [UInt8](repeating: 0, count: body.count)
    var rest = [UInt8](repeating: 0, count: tagBytes)
    var length: Int32 = 0
    guard EVP_DecryptInit_ex(state, EVP_aes_256_gcm(), nil, key, nonce) == 1,
      EVP_DecryptUpdate(state, nil, &length, context, Int32(context.count)) == 1,
      EVP_DecryptUpdate(state, &clear, &length, body, Int32(body.count)) == 1,
      EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_AEAD_SET_TAG, Int32(tagBytes), &tag) == 1,
      EVP_DecryptFinal_ex(state, &rest, &length) == 1
    else { throw Failure(description: "the ciphertext does not open: another key, another place, or changed bytes") }
    return clear
  }
}
