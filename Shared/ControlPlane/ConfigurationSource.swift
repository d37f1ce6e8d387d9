import Model

/// Where a service gets its snapshot from. Live: PostgreSQL with an encrypted copy on disk; in tests: a fixed value.
public protocol ConfigurationSource: Sendable {
  /// The newest snapshot; costs a lock, never I/O.
  var current: ConfigurationSnapshot { get }

  /// Takes note that a request was verified with a key, for the lists of keys (insight D25). Costs a lock, never I/O.
  func noteUse(ofKey key: String, app: AppID, atMilliseconds now: Int64)
}

extension ConfigurationSource {
  public func noteUse(ofKey key: String, app: AppID, atMilliseconds now: Int64) {}
}

/// A snapshot that never changes, for module tests.
public struct FixedConfiguration: ConfigurationSource {
  public let current: ConfigurationSnapshot
  public init(_ current: ConfigurationSnapshot) { self.current = current }
}
