/// Where a service gets its snapshot from. Live: PostgreSQL with an encrypted copy on disk; in tests: a fixed value.
public protocol ConfigurationSource: Sendable {
  /// The newest snapshot; costs a lock, never I/O.
  var current: ConfigurationSnapshot { get }
}

/// A snapshot that never changes, for module tests.
public struct FixedConfiguration: ConfigurationSource {
  public let current: ConfigurationSnapshot
  public init(_ current: ConfigurationSnapshot) { self.current = current }
}
