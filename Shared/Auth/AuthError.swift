/// Why a request is not let in; each case is one row of the codes in feeds 1.3.
public enum AuthError: Error, Hashable, Sendable {
  /// No key, an unknown one, or two that differ: 401, code 2.
  case apiKey(String)
  /// The app is suspended: 401, code 7.
  case suspended
  /// No token, not a JWT, expired, wrong algorithm, unreadable claims: 401, code 3.
  case token(String)
  /// A well-formed JWT that none of the key's live secrets signed: 403, code 17 (feeds A9).
  case wrongSignature
  /// A valid server token outside its scope: 403, code 17 (feeds A10).
  case outOfScope(String)
  /// A policy refuses the user: 403, code 17 with the fixed text of feeds 1.3.
  case notPermitted
}
