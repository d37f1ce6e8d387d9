/// A disk that contradicts itself. The replica must not start.
public enum RestoreError: Error, Hashable, Sendable {
  /// Entries do not follow `base` and one another, or have terms that go back or exceed the hard state's.
  case brokenLog(index: UInt64)
  /// The state has applied entries outside the log.
  case appliedOutsideLog(applied: UInt64, first: UInt64, last: UInt64)
  case invalidMembership
}
