extension RaftCore {
  /// The door: what a message says about terms comes before what it wants.
  mutating func receive(_ message: Message) {
    if let fault = message.fault(for: options.id) { return ignore(fault) }
    if case .readIndex(let context) = message.body { return forwardedRead(context) }
    // Whoever is no member (any more) was not asked; its answers may not end a term either.
    if message.body.isResponse, !membership.contains(message.from) { return ignore(.notAMember) }
    if message.term > term {
      if message.body.isCandidacy, !message.body.isTransfer, hearsLeader { return ignore(.leaderAlive) }
      switch message.body {
      // Neither the question nor a favourable answer changes a term.
      case .preVote, .preVoteResponse(granted: true): break
      case .append, .heartbeat, .snapshot: becomeFollower(term: message.term, leader: message.from)
      default: becomeFollower(term: message.term, leader: nil)
      }
    } else if message.term < term {
      return outdated(message)
    }
    dispatch(message)
  }

  /// A leader was heard from lately enough to stay loyal to it.
  private var hearsLeader: Bool {
    options.checkQuorum && leader != nil && electionElapsed < options.electionTicks
  }

  /// Words of a term that is over. A leader left behind learns of it, or a replica that went ahead while cut off could
  /// never come back: it hears nobody's old term, and nobody grants it a new one.
  private mutating func outdated(_ message: Message) {
    ignore(.outdated)
    switch message.body {
    case .append, .heartbeat:
      if options.checkQuorum || options.preVote { send(.termNotice, to: message.from) }
    case .preVote: send(.preVoteResponse(granted: false), to: message.from)
    default: break
    }
  }

  private mutating func dispatch(_ message: Message) {
    let from = message.from
    switch message.body {
    case .preVote(let candidacy): answer(candidacy, message, isReal: false)
    case .vote(let candidacy): answer(candidacy, message, isReal: true)
    case .preVoteResponse(let granted):
      guard role == .preCandidate else { return ignore(.wrongRole) }
      record(vote: granted, of: from)
    case .voteResponse(let granted):
      guard role == .candidate else { return ignore(.wrongRole) }
      record(vote: granted, of: from)
    case .append(let append):
      guard follow(from) else { return }
      handle(append, from: from)
    case .heartbeat(let commit, let read):
      guard follow(from) else { return }
      handleHeartbeat(commit: commit, read: read, from: from)
    case .snapshot(let snapshot):
      guard follow(from) else { return }
      handle(snapshot, from: from)
    case .timeoutNow:
      guard role == .follower, isVoter else { return ignore(.wrongRole) }
      campaign(isReal: true, isTransfer: true)
    case .readIndexResponse(let context, let index):
      guard role == .follower, context.node == options.id else { return ignore(.wrongRole) }
      out.reads.append(ReadState(id: context.id, index: index))
    case .appendAccepted(let index): asLeader(from) { $0.accepted(through: index, by: $1) }
    case .appendRejected(let previous, let last): asLeader(from) { $0.rejected(previous: previous, last: last, by: $1) }
    case .termNotice: asLeader(from) { $0.leadership.peers[$1].progress.recentlyActive = true }
    case .heartbeatResponse(let read): asLeader(from) { $0.heartbeatAnswered(read, by: $1) }
    case .readIndex: break
    }
  }

  /// Somebody leads this term: whoever is not leader itself follows.
  private mutating func follow(_ node: NodeID) -> Bool {
    switch role {
    case .leader:
      ignore(.twoLeaders)
      return false
    case .preCandidate, .candidate: becomeFollower(term: term, leader: node)
    case .follower:
      electionElapsed = 0
      leader = node
    }
    return true
  }

  /// Runs `body` with the member's place among the peers, if this replica leads and knows it.
  private mutating func asLeader(_ node: NodeID, _ body: (inout RaftCore, Int) -> Void) {
    guard role == .leader else { return ignore(.wrongRole) }
    guard let slot = leadership.slot(of: node) else { return ignore(.notAMember) }
    body(&self, slot)
  }
}
