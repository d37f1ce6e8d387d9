/// Why a request of the driver was not taken. Nothing was appended.
public enum Refusal: Error, Hashable, Sendable {
  /// `leader` is who leads, if known.
  case notLeader(leader: NodeID?)
  /// Leadership is being handed over.
  case transferring(to: NodeID)
  /// More bytes wait to be committed than `uncommittedBytesMax`.
  case overloaded
  /// The last membership change has not committed, or might not have.
  case changePending
  /// Nothing of this leader's term has committed; membership may not change before (the single-server change fault,
  /// raft-dev, July 2015).
  case termNotCommitted
  /// Would change nothing, leave no voter, or make too many members.
  case pointlessChange
  /// A newcomer is made a voter when it has caught up as a learner.
  case notCaughtUp
  /// A leader neither removes nor demotes itself: hand leadership over, then ask the new leader.
  case ownRemoval
  /// Leadership goes to voters only.
  case notAVoter
  /// The log may be cut only up to the snapshot on offer, and only where it has been applied and is durable.
  case cutTooFar
  /// A snapshot older than the one on offer, or of entries not committed here.
  case snapshotUnusable
}
