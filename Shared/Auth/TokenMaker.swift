import JSON

/// Makes tokens, for tools and tests (feeds A2–A4). Servers only verify.
public struct TokenMaker: Sendable {
  private let key: HMACKey

  public init(secret: [UInt8]) { key = HMACKey(secret: secret) }

  /// A token with these claims.
  public func token(claims: JSONValue) -> String {
    let header = Base64URL.encode(Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8))
    let signed = header + "." + Base64URL.encode(claims.encoded())
    return signed + "." + Base64URL.encode(key.code(for: Array(signed.utf8)))
  }

  /// A user token; `expires` in Unix seconds.
  public func userToken(_ userID: String, expires: Int64? = nil) -> String {
    var members: [JSONValue.Member] = [.init("user_id", .string(userID))]
    if let expires { members.append(.init("exp", .integer(expires))) }
    return token(claims: .object(members))
  }

  /// A server token; without arguments one that may do everything.
  public func serverToken(
    resource: String = "*", action: String = "*", feedID: String? = nil, userID: String? = nil
  ) -> String {
    var members: [JSONValue.Member] = [.init("resource", .string(resource)), .init("action", .string(action))]
    if let feedID { members.append(.init("feed_id", .string(feedID))) }
    if let userID { members.append(.init("user_id", .string(userID))) }
    return token(claims: .object(members))
  }
}
