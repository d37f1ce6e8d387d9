import JSON

/// A JSON Web Token (RFC 7519) that has been taken apart, its signature not yet checked. Only HS256 (feeds A2).
public struct JSONWebToken: Sendable {
  /// Bytes of a token's text; more is refused before any work.
  public static let bytesMax = 8 << 10
  /// Seconds by which clocks may differ (feeds A2).
  public static let leewaySeconds: Double = 60

  /// The bytes that are signed: header and payload as sent, joined by a dot.
  public let signedBytes: [UInt8]
  public let signature: [UInt8]
  public let claims: JSONValue

  /// Reads the compact form: three parts, a header that names HS256, a payload that is an object.
  public init(_ text: some StringProtocol) throws(AuthError) {
    let bytes = Array(text.utf8)
    guard bytes.count <= Self.bytesMax else {
      throw .token("the token has \(bytes.count) bytes, the limit is \(Self.bytesMax)")
    }
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 3, let header = Self.object(parts[0]), let claims = Self.object(parts[1]),
      let signature = Base64URL.decode(parts[2])
    else { throw .token("the token is not a JWT") }
    guard let algorithm = header["alg"]?.string else { throw .token("the token's header names no algorithm") }
    guard algorithm == "HS256" else { throw .token("the token must be signed with HS256") }
    signedBytes = Array(bytes[..<parts[1].endIndex])
    self.signature = signature
    self.claims = claims
  }

  private static func object(_ part: ArraySlice<UInt8>) -> JSONValue? {
    guard let bytes = Base64URL.decode(part), let value = try? JSONValue(parsing: bytes), value.members != nil
    else { return nil }
    return value
  }

  public func isSigned(by key: HMACKey) -> Bool { key.verifies(signature, for: signedBytes) }

  /// When a token holds, in seconds since 1970.
  public struct Times: Sendable {
    var expires: Double?
    var notBefore: Double?
    var issuedAt: Double?

    /// Checks what is given, with 60 s leeway (feeds A2).
    public func check(nowMilliseconds: Int64) throws(AuthError) {
      let now = Double(nowMilliseconds) / 1_000
      if let expires, now >= expires + leewaySeconds { throw .token("the token has expired") }
      if let notBefore, now < notBefore - leewaySeconds { throw .token("the token is not valid yet (nbf)") }
      if let issuedAt, now < issuedAt - leewaySeconds { throw .token("the token was issued in the future (iat)") }
    }
  }

  /// `exp`, `nbf` and `iat`.
  public func times() throws(AuthError) -> Times {
    Times(expires: try seconds("exp"), notBefore: try seconds("nbf"), issuedAt: try seconds("iat"))
  }

  private func seconds(_ claim: String) throws(AuthError) -> Double? {
    guard let value = claims[claim], value != .null else { return nil }
    guard let number = value.numberText.flatMap(Double.init) else {
      throw .token("the token's claim \(claim) must be a number")
    }
    return number
  }

  /// Who the claims name (feeds A3, A4).
  public func identity() throws(AuthError) -> Identity {
    let user = try text("user_id")
    let resource = try text("resource")
    let action = try text("action")
    switch (resource, action) {
    case (let resource?, let action?):
      let feed = try text("feed_id")
      let scope = TokenScope(
        resource: .init(claim: resource), action: .init(claim: action),
        feed: feed.map { TokenScope.Values(claim: $0) } ?? .any)
      return .server(scope, onBehalfOf: user == "*" || user == "" ? nil : user)
    case (nil, nil):
      guard let user, !user.isEmpty, user != "*" else {
        throw .token("the token names neither a user (user_id) nor a scope (resource and action)")
      }
      return .user(user)
    default: throw .token("the token needs both resource and action, or neither")
    }
  }

  private func text(_ claim: String) throws(AuthError) -> String? {
    guard let value = claims[claim], value != .null else { return nil }
    guard let text = value.string else { throw .token("the token's claim \(claim) must be a string") }
    return text
  }
}
