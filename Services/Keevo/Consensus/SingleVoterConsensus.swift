/// Agreement of one: the node elects itself with a new term at its first tick, and an entry is committed when it is
/// durable. Leadership counts from the durability of the term's first entry on.
struct SingleVoterConsensus: Consensus {
  private let node: UInt64
  private var role = ConsensusStatus.Role.follower
  private var hardState: HardState
  private var lastIndex: UInt64
  private var persistedIndex: UInt64
  private var commitIndex: UInt64
  /// Index of the first entry of the current term.
  private var termStart = UInt64.max
  private var waitingReads: [UInt64] = []

  /// `commitIndex` is what the state has applied; entries after it, up to `lastIndex`, are read from the log.
  init(node: UInt64, hardState: HardState, lastIndex: UInt64, commitIndex: UInt64) {
    self.node = node
    self.hardState = hardState
    self.lastIndex = lastIndex
    self.commitIndex = commitIndex
    persistedIndex = lastIndex
  }

  var status: ConsensusStatus {
    ConsensusStatus(role: role, term: hardState.term, lastIndex: lastIndex, commitIndex: commitIndex)
  }

  mutating func step(_ input: ConsensusInput) -> Ready {
    var ready = Ready()
    switch input {
    case .tick: if role == .follower { standForElection(&ready) }
    case .propose(let proposals): if role == .leader { append(proposals, &ready) }
    case .persisted(let index): commit(upTo: index, &ready)
    case .readIndex(let id): waitingReads.append(id)
    }
    // Only an entry of its own term tells a leader what is committed.
    if role == .leader, commitIndex >= termStart {
      ready.leaseUntil = .max
      ready.permits = waitingReads.map { ReadPermit(id: $0, index: commitIndex) }
      waitingReads.removeAll()
    }
    return ready
  }

  private mutating func standForElection(_ ready: inout Ready) {
    hardState = HardState(term: hardState.term + 1, vote: node)
    ready.hardState = hardState
    role = .leader
    termStart = lastIndex + 1
    append([(.noop, [])], &ready)
  }

  private mutating func append(_ proposals: [(kind: LogEntry.Kind, payload: [UInt8])], _ ready: inout Ready) {
    for proposal in proposals {
      lastIndex += 1
      ready.entries.append(
        LogEntry(term: hardState.term, index: lastIndex, kind: proposal.kind, payload: proposal.payload))
    }
  }

  private mutating func commit(upTo index: UInt64, _ ready: inout Ready) {
    persistedIndex = max(persistedIndex, min(index, lastIndex))
    guard persistedIndex >= termStart, persistedIndex > commitIndex else { return }
    ready.committed = (commitIndex + 1)..<(persistedIndex + 1)
    commitIndex = persistedIndex
  }
}
