/// What a replica must not forget. `commit` is a convenience: it needs no sync of its own, rides along with the next
/// write, and after a restart counts only as far as the log reaches.
public struct HardState: Hashable, Sendable {
  public var term: UInt64
  /// Whom the replica voted for in `term`.
  public var vote: NodeID?
  public var commit: UInt64

  public init(term: UInt64 = 0, vote: NodeID? = nil, commit: UInt64 = 0) {
    self.term = term
    self.vote = vote
    self.commit = commit
  }
}
