extension RaftCore {
  mutating func propose(_ change: MembershipChange) {
    let payload = change.encoded
    if let refusal = refusal(ofBytes: payload.count) ?? refusal(of: change) {
      out.refused = refusal
      return
    }
    append(.membership, payload)
    leadership.pendingChangeIndex = log.lastIndex
    out.appended = log.lastIndex..<log.lastIndex + 1
    tellOfNewEntries()
  }

  private func refusal(of change: MembershipChange) -> Refusal? {
    guard hasCommittedInTerm else { return .termNotCommitted }
    guard leadership.pendingChangeIndex <= commitIndex else { return .changePending }
    if change.node == options.id, change.kind != .addVoter { return .ownRemoval }
    guard membership.applying(change) != nil else { return .pointlessChange }
    return change.kind == .addVoter && !mayBecomeVoter(change.node) ? .notCaughtUp : nil
  }

  /// A voter that lacks what has committed makes majorities slower, and one that knows nothing cannot vote.
  private func mayBecomeVoter(_ node: NodeID) -> Bool {
    if options.admitsBlankVoters { return true }
    guard let slot = leadership.slot(of: node) else { return false }
    let progress = leadership.peers[slot].progress
    return progress.state == .replicate && progress.match + options.promotionLagMax >= log.lastIndex
  }

  /// Puts the changes that have committed in force, one after the other; one may let more commit.
  mutating func applyMemberships() {
    while membershipIndex < commitIndex {
      membershipIndex += 1
      let index = membershipIndex
      // What lies before the log's first entry is part of the state that was started from.
      guard index >= log.firstIndex, let entry = log.entries(in: index..<index + 1).first, entry.kind == .membership,
        let change = MembershipChange(decoding: entry.payload), let next = membership.applying(change)
      else { continue }
      membership = next
      out.membership = next
      if role == .leader { lead(change) }
    }
  }

  /// The leader's part of a change: whom to send to, and whose acknowledgements count.
  private mutating func lead(_ change: MembershipChange) {
    guard isVoter else { return leaveOffice() }
    if !membership.contains(change.node) {
      leadership.peers.removeAll { $0.id == change.node }
    } else if change.node != options.id, leadership.slot(of: change.node) == nil {
      // Probed from the end: a newcomer's rejection says how far it really is. Until it speaks, count it as alive.
      let progress = Progress(next: max(1, log.lastIndex), recentlyActive: true)
      leadership.peers.append(.init(id: change.node, progress: progress))
      leadership.peers.sort { $0.id < $1.id }
    }
    if !commitAndTell() {
      for slot in leadership.peers.indices { sendAppend(slot, evenIfEmpty: false) }
    }
    if let target = leadership.transferTarget, target != options.id, leadership.slot(of: target) == nil {
      leadership.transferTarget = nil
    }
  }

  /// A change that an earlier leader proposed has removed this one. It asks the voter that is furthest to stand at once,
  /// so that nobody has to wait for a timeout.
  private mutating func leaveOffice() {
    let voters = leadership.peers.filter { membership.voters.contains($0.id) }
    if let heir = voters.max(by: { ($0.progress.match, $1.id) < ($1.progress.match, $0.id) }) {
      send(.timeoutNow, to: heir.id)
    }
    becomeFollower(term: term, leader: nil)
  }
}
