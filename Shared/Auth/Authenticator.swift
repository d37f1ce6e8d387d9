import ControlPlane
import Model
import Synchronization

/// Tells which app and who a request comes from (feeds C3, A1–A4, A9, A14; insight D26).
public final class Authenticator: Sendable {
  private let configuration: any ConfigurationSource
  private let ring: Mutex<KeyRing>
  private let tokenBytesMax: Int

  /// Bytes of tokens kept whose signature has been checked.
  public static let tokenBytesMaxDefault = 4 << 20

  public init(configuration: any ConfigurationSource, tokenBytesMax: Int = tokenBytesMaxDefault) {
    self.configuration = configuration
    self.tokenBytesMax = tokenBytesMax
    ring = Mutex(KeyRing(configuration.current, tokenBytesMax: tokenBytesMax))
  }

  /// A key that is known and whose app may be used; the token is yet to be checked.
  public struct KnownKey: Sendable {
    public let app: AppConfiguration
    /// Of the configuration that they are from: another in one process whenever that has changed.
    public let edition: UInt64
    let secrets: [KeyRing.Secret]
    let use: KeyUse
    let tokens: TokenMemory
  }

  /// Finds the app of a request.
  ///
  /// - Parameters:
  ///   - keys: every `api_key` of the query and the value of `X-Api-Key`; they must be equal (feeds C3, X8).
  public func key(_ keys: [String], nowMilliseconds: Int64) throws(AuthError) -> KnownKey {
    guard let key = keys.first, !key.isEmpty else { throw .apiKey("api_key is missing: add it to the query") }
    guard keys.allSatisfy({ $0 == key }) else { throw .apiKey("the request names two different API keys") }
    let ring = currentRing()
    guard let entry = ring.entry(key, nowMilliseconds: nowMilliseconds) else {
      throw .apiKey("api_key is not known")
    }
    if entry.app.suspended { throw .suspended }
    return KnownKey(app: entry.app, edition: ring.edition, secrets: entry.secrets, use: entry.use, tokens: ring.tokens)
  }

  /// Reads who asks from the `Authorization` header: a token, or the signature of `request` (feeds A11).
  public func identity(
    authorization: String?, authType: String?, key: KnownKey, request: HTTPSignature.Request? = nil,
    nowMilliseconds: Int64
  ) throws(AuthError) -> Identity {
    guard let authorization, !authorization.isEmpty else {
      if key.app.allowAnonymousRead { return .anonymous }
      throw .token("the request has no token: send it in the header Authorization")
    }
    if HTTPSignature.isOne(authorization), let request {
      return try signed(authorization, request, key, nowMilliseconds)
    }
    if let authType, authType.lowercased() != "jwt" { throw .token("the header Stream-Auth-Type must be jwt") }
    var text = authorization[...]
    if text.prefix("bearer ".count).lowercased() == "bearer " { text = text.dropFirst("bearer ".count) }
    let verified = try verified(text, key, nowMilliseconds)
    try verified.times.check(nowMilliseconds: nowMilliseconds)
    noteUse(key, nowMilliseconds)
    return verified.identity
  }

  private func verified(
    _ text: Substring, _ key: KnownKey, _ nowMilliseconds: Int64
  ) throws(AuthError) -> TokenMemory.Verified {
    let place = TokenMemory.key(key.use.key, text)
    if let known = key.tokens.verified(place), isLive(known.retiresAtMilliseconds, nowMilliseconds) { return known }
    let token = try JSONWebToken(text)
    let secret = key.secrets.first {
      isLive($0.retiresAtMilliseconds, nowMilliseconds) && token.isSigned(by: $0.key)
    }
    guard let secret else { throw .wrongSignature }
    let times = try token.times()
    // Before who it names: a token that does not hold says nothing.
    try times.check(nowMilliseconds: nowMilliseconds)
    let verified = TokenMemory.Verified(
      identity: try token.identity(), times: times, retiresAtMilliseconds: secret.retiresAtMilliseconds)
    key.tokens.keep(place, verified)
    return verified
  }

  private func noteUse(_ key: KnownKey, _ nowMilliseconds: Int64) {
    guard key.use.isDue(nowMilliseconds: nowMilliseconds) else { return }
    configuration.noteUse(ofKey: key.use.key, app: key.app.id, atMilliseconds: nowMilliseconds)
  }

  /// A request that its server has signed: it may do everything.
  private func signed(
    _ authorization: String, _ request: HTTPSignature.Request, _ key: KnownKey, _ nowMilliseconds: Int64
  ) throws(AuthError) -> Identity {
    let signature = try HTTPSignature(authorization)
    guard signature.keyID == key.use.key else { throw .apiKey("the request names two different API keys") }
    let text = try signature.text(of: request)
    let isSigned = key.secrets.contains {
      isLive($0.retiresAtMilliseconds, nowMilliseconds) && $0.key.verifies(signature.signature, for: text)
    }
    guard isSigned else { throw .wrongSignature }
    try signature.checkDate(request, nowMilliseconds: nowMilliseconds)
    noteUse(key, nowMilliseconds)
    return .server(TokenScope(resource: .any, action: .any, feed: .any), onBehalfOf: nil)
  }

  private func currentRing() -> KeyRing {
    let snapshot = configuration.current
    return ring.withLock { ring in
      if !ring.isOf(snapshot) { ring = KeyRing(snapshot, tokenBytesMax: tokenBytesMax) }
      return ring
    }
  }
}
