extension RaftCore {
  mutating func handle(_ append: Message.Append, from node: NodeID) {
    // A latecomer: what it brings is committed here already.
    guard append.previousIndex >= commitIndex else {
      return send(.appendAccepted(through: commitIndex), to: node, promise: true)
    }
    guard log.holds(LogPosition(index: append.previousIndex, term: append.previousTerm)) else {
      let rejection = Message.Body.appendRejected(previousIndex: append.previousIndex, lastIndex: log.lastIndex)
      return send(rejection, to: node)
    }
    if let new = append.entries.firstIndex(where: { !log.holds(LogPosition(index: $0.index, term: $0.term)) }) {
      truncate(from: append.entries[new].index)
      for entry in append.entries[new...] { log.append(entry) }
    }
    let last = append.previousIndex + UInt64(append.entries.count)
    commit(through: min(append.commit, last))
    send(.appendAccepted(through: last), to: node, promise: true)
  }

  mutating func handleHeartbeat(commit index: UInt64, read: ReadContext?, from node: NodeID) {
    guard index <= log.lastIndex else { return ignore(.commitBeyondLog) }
    commit(through: index)
    send(.heartbeatResponse(read: read), to: node)
  }

  /// A state to be fetched, unless there is nothing in it for this replica.
  mutating func handle(_ snapshot: Snapshot, from node: NodeID) {
    guard isNews(snapshot) else { return send(.appendAccepted(through: commitIndex), to: node, promise: true) }
    guard snapshot != fetching else { return ignore(.alreadyFetching) }
    fetching = snapshot
    out.fetch = snapshot
  }

  /// The fetched state takes the place of log and state. Until here the replica has lived on with the old ones, and may
  /// have got past it.
  mutating func install(_ snapshot: Snapshot) {
    if fetching == snapshot { fetching = nil }
    guard role != .leader, snapshot.membership.isValid else {
      out.refused = .snapshotUnusable
      return
    }
    if isNews(snapshot) {
      let before = commitIndex
      log.restart(after: snapshot.position, committedBefore: before)
      writes.truncate(from: before + 1)
      writes.handedIndex = snapshot.index
      commitIndex = snapshot.index
      appliedIndex = snapshot.index
      membershipIndex = snapshot.index
      if membership != snapshot.membership { out.membership = snapshot.membership }
      membership = snapshot.membership
      self.snapshot = snapshot
      out.write = Ready.Write(number: 0, install: snapshot)
    } else {
      out.refused = .snapshotUnusable
    }
    if let leader { send(.appendAccepted(through: commitIndex), to: leader, promise: true) }
  }

  /// Whether the snapshot holds more than is committed here. One whose last entry is in the log only tells that the log
  /// is committed up to there. It need not list this replica: what is committed is committed, and the entry that adds a
  /// newcomer may follow in the log.
  private mutating func isNews(_ snapshot: Snapshot) -> Bool {
    guard snapshot.index > commitIndex else { return false }
    guard log.holds(snapshot.position) else { return true }
    commit(through: snapshot.index)
    return false
  }

  /// The leader of another log has spoken. What is committed is the same in all logs, so a message that would replace it
  /// never gets here: its previous entry would have to lie before the commit index.
  private mutating func truncate(from index: UInt64) {
    log.truncate(from: index)
    writes.truncate(from: index)
  }

  /// Never steps back, never beyond the log.
  mutating func commit(through index: UInt64) {
    commitIndex = max(commitIndex, min(index, log.lastIndex))
  }
}
