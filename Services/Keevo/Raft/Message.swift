/// What replicas say to each other. The transport must know who speaks: `from` is taken at its word.
public struct Message: Hashable, Sendable {
  public var from: NodeID
  public var to: NodeID
  /// The sender's term; for pre-votes, and their grants, the term that would follow. `readIndex` carries none (zero).
  public var term: UInt64
  public var body: Body

  public init(from: NodeID, to: NodeID, term: UInt64, body: Body) {
    self.from = from
    self.to = to
    self.term = term
    self.body = body
  }

  public enum Body: Hashable, Sendable {
    /// Would you vote for me? Binds nobody and changes no term (thesis, section 9.6).
    case preVote(Candidacy)
    case preVoteResponse(granted: Bool)
    case vote(Candidacy)
    case voteResponse(granted: Bool)
    case append(Append)
    /// The sender's log equals the leader's up to here, durably.
    case appendAccepted(through: UInt64)
    /// The sender has no entry of that term at `previousIndex`; its log ends at `lastIndex`.
    case appendRejected(previousIndex: UInt64, lastIndex: UInt64)
    /// To a leader of an older term: time has moved on.
    case termNotice
    /// `commit` never exceeds what the receiver is known to have.
    case heartbeat(commit: UInt64, read: ReadContext?)
    case heartbeatResponse(read: ReadContext?)
    case snapshot(Snapshot)
    /// Stand for election at once: leadership is being handed to you.
    case timeoutNow
    /// A follower asks the leader from which index on its read is linearizable.
    case readIndex(ReadContext)
    case readIndexResponse(ReadContext, index: UInt64)
  }

  /// How far a candidate's log reaches.
  public struct Candidacy: Hashable, Sendable {
    public var lastIndex: UInt64
    public var lastTerm: UInt64
    /// The old leader asked for this election, so nobody defends it.
    public var isTransfer: Bool

    public init(lastIndex: UInt64, lastTerm: UInt64, isTransfer: Bool = false) {
      self.lastIndex = lastIndex
      self.lastTerm = lastTerm
      self.isTransfer = isTransfer
    }
  }

  /// Entries that follow `(previousIndex, previousTerm)`, and how far the sender knows the log committed.
  public struct Append: Hashable, Sendable {
    public var previousIndex: UInt64
    public var previousTerm: UInt64
    public var entries: [Entry]
    public var commit: UInt64

    public init(previousIndex: UInt64, previousTerm: UInt64, entries: [Entry] = [], commit: UInt64) {
      self.previousIndex = previousIndex
      self.previousTerm = previousTerm
      self.entries = entries
      self.commit = commit
    }
  }
}
