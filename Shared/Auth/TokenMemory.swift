import Model
import Synchronization

/// Tokens of one configuration whose signature has been checked, so that a token that comes with each request of a client is
/// taken apart once. Times and the retirement of the secret are looked at each time; a new configuration begins anew.
final class TokenMemory: Sendable {
  struct Verified: Sendable {
    var identity: Identity
    var times: JSONWebToken.Times
    /// Of the secret that signed it.
    var retiresAtMilliseconds: Int64?
  }

  /// What a token costs beside its bytes.
  private static let overheadBytes = 256

  private let tokens: Mutex<GenerationCache<Verified>>

  init(bytesMax: Int) { tokens = Mutex(GenerationCache(bytesMax: bytesMax)) }

  func verified(_ token: ByteKey) -> Verified? {
    // The garbage is let go outside the lock.
    tokens.withLock { $0.value(token) }.value
  }

  func keep(_ token: ByteKey, _ verified: Verified) {
    _ = tokens.withLock { $0.keep(token, verified, bytes: token.bytes.count + Self.overheadBytes) }
  }

  /// A token as sent with an API key.
  static func key(_ apiKey: String, _ token: Substring) -> ByteKey {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(apiKey.utf8.count + token.utf8.count + 1)
    bytes += apiKey.utf8
    bytes.append(0)
    bytes += token.utf8
    return ByteKey(bytes)
  }
}
