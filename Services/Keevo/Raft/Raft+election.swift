extension RaftCore {
  var isVoter: Bool { membership.voters.contains(options.id) }

  mutating func tick() {
    electionElapsed += 1
    guard role == .leader else {
      if isVoter, electionElapsed >= electionTimeout {
        electionElapsed = 0
        standForElection()
      }
      return
    }
    heartbeatElapsed += 1
    if electionElapsed >= options.electionTicks {
      electionElapsed = 0
      if options.checkQuorum { checkQuorum() }
      // A transfer that takes longer than this has failed; proposals are welcome again.
      leadership.transferTarget = nil
    }
    if role == .leader, heartbeatElapsed >= options.heartbeatTicks {
      heartbeatElapsed = 0
      broadcastHeartbeat(leadership.reads.newest)
    }
  }

  private mutating func checkQuorum() {
    let verdict = membership.verdict { node in
      node == options.id || leadership.slot(of: node).map { leadership.peers[$0].progress.recentlyActive } ?? false
    }
    guard verdict == .won else { return becomeFollower(term: term, leader: nil) }
    for slot in leadership.peers.indices { leadership.peers[slot].progress.recentlyActive = false }
  }

  mutating func standForElection() {
    guard role != .leader, isVoter else { return }
    campaign(isReal: !options.preVote, isTransfer: false)
  }

  /// Asks all voters. A real candidacy binds: the own vote counts when it is durable, and the questions wait for that.
  mutating func campaign(isReal: Bool, isTransfer: Bool) {
    if isReal {
      guard term + 1 < numberMax else { return }
      reset(term: term + 1)
      role = .candidate
      vote = options.id
    } else {
      role = .preCandidate
      leader = nil
      votes = [:]
      record(vote: true, of: options.id)
      guard role == .preCandidate else { return }
    }
    let candidacy = Message.Candidacy(lastIndex: log.lastIndex, lastTerm: log.lastTerm, isTransfer: isTransfer)
    for node in membership.voters where node != options.id {
      if isReal {
        send(.vote(candidacy), to: node, promise: true)
      } else {
        send(.preVote(candidacy), to: node, term: term + 1)
      }
    }
  }

  mutating func record(vote granted: Bool, of node: NodeID) {
    if votes[node] == nil { votes[node] = granted }
    switch membership.verdict({ votes[$0] }) {
    case .won where role == .preCandidate: campaign(isReal: true, isTransfer: false)
    case .won:
      becomeLeader()
      // An only voter's entries go out when they are durable, and then with the news that they have committed.
      if !membership.isOnlyVoter(options.id) { broadcastAppend() }
    case .lost: becomeFollower(term: term, leader: nil)
    case .pending: break
    }
  }

  /// The question for a vote, of this term or, as a pre-vote, of a later one.
  mutating func answer(_ candidacy: Message.Candidacy, _ message: Message, isReal: Bool) {
    let free = vote == message.from || (vote == nil && leader == nil) || (!isReal && message.term > term)
    let isUpToDate =
      candidacy.lastTerm > log.lastTerm || (candidacy.lastTerm == log.lastTerm && candidacy.lastIndex >= log.lastIndex)
    // Learners answer like voters: one may be a voter by an entry that has not reached it yet.
    let granted = free && isUpToDate && mayVote
    if isReal {
      if granted {
        electionElapsed = 0
        vote = message.from
      }
      send(.voteResponse(granted: granted), to: message.from, promise: granted)
    } else {
      // A grant repeats the term that was asked for, or the asker would take it for an old one.
      send(.preVoteResponse(granted: granted), to: message.from, term: granted ? message.term : term)
    }
  }

  /// A replica that has never known anything may be a voter whose disk was lost: its vote could elect somebody who lacks
  /// what it once acknowledged.
  private var mayVote: Bool { options.admitsBlankVoters || !startedBlank || commitIndex > 0 }

  // MARK: Roles

  mutating func becomeFollower(term: UInt64, leader: NodeID?) {
    reset(term: term)
    role = .follower
    self.leader = leader
  }

  private mutating func becomeLeader() {
    reset(term: term)
    role = .leader
    leader = options.id
    for node in membership.members where node != options.id {
      leadership.peers.append(.init(id: node, progress: Progress(next: log.lastIndex + 1)))
    }
    // There may be a change among the entries taken over; wait for all of them rather than look.
    leadership.pendingChangeIndex = log.lastIndex
    append(.noop, [])
  }

  private mutating func reset(term: UInt64) {
    if self.term != term {
      self.term = term
      vote = nil
    }
    refuseWaitingReads()
    leader = nil
    votes = [:]
    leadership = Leadership()
    electionElapsed = 0
    heartbeatElapsed = 0
    electionTimeout = options.electionTicks + timeouts.next(below: options.electionTicks)
  }
}
