extension RaftCore {
  /// Hands leadership to a voter: proposals rest while it catches up, then it is told to stand at once. Naming the leader
  /// itself calls a transfer off.
  mutating func transfer(to target: NodeID) {
    guard role == .leader else {
      out.refused = .notLeader(leader: leader)
      return
    }
    guard membership.voters.contains(target) else {
      out.refused = .notAVoter
      return
    }
    guard target != leadership.transferTarget else { return }
    leadership.transferTarget = nil
    guard target != options.id, let slot = leadership.slot(of: target) else { return }
    // It has one election timeout to succeed.
    electionElapsed = 0
    leadership.transferTarget = target
    leadership.transferBegun = true
    if leadership.peers[slot].progress.match == log.lastIndex {
      send(.timeoutNow, to: target)
    } else {
      sendAppend(slot, evenIfEmpty: true)
    }
  }
}
