/// The core's settings and limits. Time is counted in ticks of the driver; the defaults fit ticks of 50 ms.
public struct RaftOptions: Hashable, Sendable {
  public var id: NodeID
  /// A follower that hears from no leader for this many ticks, or up to twice as many at random, stands for election.
  public var electionTicks = 10
  public var heartbeatTicks = 1
  /// Ask for votes only after a majority has said that it would give them.
  public var preVote = true
  /// A leader that does not hear from a majority within `electionTicks` steps down, and followers that hear from theirs
  /// refuse to vote.
  public var checkQuorum = true
  /// Bytes of entries in one append; at least one entry goes.
  public var appendBytesMax = 1 << 20
  /// Appends on their way to one follower.
  public var inflightMessagesMax = 256
  public var inflightBytesMax = 8 << 20
  /// Payload bytes of proposals that have not committed. A proposal is always taken when there are none.
  public var uncommittedBytesMax = 16 << 20
  /// Reads that wait for a leader's confirmation.
  public var pendingReadsMax = 4096
  /// How many entries a learner may lack to be made a voter.
  public var promotionLagMax: UInt64 = 1000
  /// Whether newcomers may be made voters at once, and replicas that know nothing at all (no members, nothing committed)
  /// vote. Such a replica may be a voter that lost its disk, so neither is so by default: a newcomer catches up as a learner.
  public var admitsBlankVoters = false

  public init(id: NodeID) { self.id = id }
}
