/// Who asks.
public enum Identity: Hashable, Sendable {
  /// A user token: acts as that user under the policies of feeds 1.7.
  case user(String)
  /// A server token, bound by its scope alone; `onBehalfOf` names a user without making it a user token (feeds A4).
  case server(TokenScope, onBehalfOf: String?)
  /// No token, in an app that allows reading its public feeds so (feeds A14).
  case anonymous

  /// The user that acts, if one is named.
  public var userID: String? {
    switch self {
    case .user(let id): id
    case .server(_, let id): id
    case .anonymous: nil
    }
  }

  public var isServer: Bool {
    if case .server = self { true } else { false }
  }
}
