import Model

/// A change of one activity's `to` targets (feeds 2.6, F21).
public struct TargetsChange: Hashable, Sendable {
  public enum Change: Hashable, Sendable {
    /// The whole list.
    case replace([FeedID])
    case edit(added: [FeedID], removed: [FeedID])
  }

  public var id: ActivityID
  public var change: Change

  public init(id: ActivityID, change: Change) {
    self.id = id
    self.change = change
  }
}

/// What a change of `to` targets has done.
public struct TargetsOutcome: Hashable, Sendable {
  public var activity: StoredActivity
  public var added: [FeedID]
  public var removed: [FeedID]

  public init(activity: StoredActivity, added: [FeedID], removed: [FeedID]) {
    self.activity = activity
    self.added = added
    self.removed = removed
  }
}
