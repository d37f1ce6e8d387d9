/// An API key as lists show it: without its secrets (insight D25).
public struct StoredKey: Hashable, Sendable {
  public enum State: String, Sendable { case active, retiring, revoked }

  public var key: String
  public var state: State
  public var note: String
  /// RFC 3339, UTC.
  public var createdAt: String
  /// To the minute; `nil`: never, as far as services have told.
  public var lastUsedAt: String?
  public var retireAt: String?
  /// Secrets that verify now: two during a rotation's overlap.
  public var liveSecrets: Int
}
