/// What a replica brings from its disk. All empty for a newcomer; for the first members of a new group, the same `base`,
/// `applied` and `membership` on each.
public struct Restored: Sendable {
  public var hardState = HardState()
  /// The entry before the first one that the log holds.
  public var base = LogPosition()
  public var entries: [Entry] = []
  /// Up to where the state has applied, and who the members were there.
  public var applied: UInt64 = 0
  public var membership = Membership()
  /// The newest state to offer to followers that the log no longer reaches.
  public var snapshot: Snapshot?

  public init() {}

  /// The beginning of a group: a state after one imagined entry, equal on all first members.
  public static func founding(_ membership: Membership) -> Restored {
    var restored = Restored()
    restored.hardState = HardState(term: 1, commit: 1)
    restored.base = LogPosition(index: 1, term: 1)
    restored.applied = 1
    restored.membership = membership
    restored.snapshot = Snapshot(index: 1, term: 1, membership: membership)
    return restored
  }
}
