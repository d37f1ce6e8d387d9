extension RaftCore {
  // MARK: Proposals

  mutating func propose(_ payloads: [[UInt8]]) {
    guard !payloads.isEmpty else { return }
    if let refusal = refusal(ofBytes: payloads.reduce(0) { $0 + $1.count }) {
      out.refused = refusal
      return
    }
    let first = log.lastIndex + 1
    for payload in payloads { append(.command, payload) }
    out.appended = first..<log.lastIndex + 1
    tellOfNewEntries()
  }

  /// Why this leader, or a replica that is none, takes no entry now.
  func refusal(ofBytes bytes: Int) -> Refusal? {
    guard role == .leader else { return .notLeader(leader: leader) }
    if let target = leadership.transferTarget { return .transferring(to: target) }
    let waiting = leadership.uncommittedBytes
    return waiting > 0 && waiting + bytes > options.uncommittedBytesMax ? .overloaded : nil
  }

  mutating func append(_ kind: Entry.Kind, _ payload: [UInt8]) {
    log.append(Entry(term: term, index: log.lastIndex + 1, kind: kind, payload: payload))
    leadership.uncommittedBytes += payload.count
  }

  mutating func tellOfNewEntries() {
    if !membership.isOnlyVoter(options.id) { broadcastAppend() }
  }

  // MARK: Sending

  mutating func broadcastAppend() {
    for slot in leadership.peers.indices { sendAppend(slot, evenIfEmpty: true) }
  }

  /// What the peer should have next: entries, or a snapshot where the log does not reach back. Returns whether anything
  /// was sent. An empty append tells of a new commit index, or probes.
  @discardableResult
  mutating func sendAppend(_ slot: Int, evenIfEmpty: Bool) -> Bool {
    let peer = leadership.peers[slot]
    guard !peer.progress.isPaused(options) else { return false }
    let next = peer.progress.next
    guard next >= log.firstIndex, let previousTerm = log.term(at: next - 1) else {
      return evenIfEmpty && sendSnapshot(slot)
    }
    let entries = Array(log.entries(from: next, bytesMax: options.appendBytesMax))
    guard evenIfEmpty || !entries.isEmpty else { return false }
    if let last = entries.last {
      if peer.progress.state == .replicate {
        leadership.peers[slot].progress.next = last.index + 1
        let bytes = entries.reduce(0) { $0 + $1.bytes }
        leadership.peers[slot].progress.inflight.add(lastIndex: last.index, bytes: bytes)
      } else {
        leadership.peers[slot].progress.probeSent = true
      }
    }
    let append = Message.Append(
      previousIndex: next - 1, previousTerm: previousTerm, entries: entries, commit: commitIndex)
    send(.append(append), to: peer.id)
    return true
  }

  /// Only to a peer that lives; one that does not would keep the files from being freed for nothing.
  private mutating func sendSnapshot(_ slot: Int) -> Bool {
    let peer = leadership.peers[slot]
    guard peer.progress.recentlyActive, let snapshot, snapshot.index >= log.base.index else { return false }
    leadership.peers[slot].progress.becomeSnapshot(snapshot.index)
    send(.snapshot(snapshot), to: peer.id)
    return true
  }

  mutating func broadcastHeartbeat(_ read: ReadContext?) {
    for peer in leadership.peers {
      send(.heartbeat(commit: min(peer.progress.match, commitIndex), read: read), to: peer.id)
    }
  }

  // MARK: Answers

  mutating func accepted(through index: UInt64, by slot: Int) {
    guard index <= log.lastIndex else { return ignore(.acknowledgedBeyondLog) }
    let wasPaused = leadership.peers[slot].progress.isPaused(options)
    leadership.peers[slot].progress.recentlyActive = true
    guard leadership.peers[slot].progress.acknowledge(index) else { return }
    let progress = leadership.peers[slot].progress
    switch progress.state {
    case .probe: leadership.peers[slot].progress.becomeReplicate()
    case .snapshot:
      if progress.match >= progress.pendingSnapshot { leadership.peers[slot].progress.becomeReplicate() }
    case .replicate: leadership.peers[slot].progress.inflight.free(through: index)
    }
    if !commitAndTell(), wasPaused {
      // It may have missed the latest commit index while it was paused.
      sendAppend(slot, evenIfEmpty: true)
    }
    // Whatever room the answer has made in the window.
    while sendAppend(slot, evenIfEmpty: false) {}
    let peer = leadership.peers[slot]
    if peer.id == leadership.transferTarget, peer.progress.match == log.lastIndex { send(.timeoutNow, to: peer.id) }
  }

  mutating func rejected(previous: UInt64, last: UInt64, by slot: Int) {
    leadership.peers[slot].progress.recentlyActive = true
    guard leadership.peers[slot].progress.reject(previous: previous, last: last) else { return }
    if leadership.peers[slot].progress.state == .replicate { leadership.peers[slot].progress.becomeProbe() }
    sendAppend(slot, evenIfEmpty: true)
  }

  mutating func heartbeatAnswered(_ read: ReadContext?, by slot: Int) {
    leadership.peers[slot].progress.recentlyActive = true
    leadership.peers[slot].progress.probeSent = false
    let peer = leadership.peers[slot]
    // The answers to what fills the window may be lost; one heartbeat frees one place.
    if peer.progress.state == .replicate, peer.progress.inflight.isFull(options) {
      leadership.peers[slot].progress.inflight.freeOldest()
    }
    if peer.progress.match < log.lastIndex { sendAppend(slot, evenIfEmpty: true) }
    if let read { confirmed(read, by: peer.id) }
  }

  mutating func unreachable(_ node: NodeID) {
    guard role == .leader, let slot = leadership.slot(of: node) else { return }
    // Of what was sent ahead, much will be lost.
    if leadership.peers[slot].progress.state == .replicate { leadership.peers[slot].progress.becomeProbe() }
  }

  mutating func fetchReported(_ node: NodeID, _ succeeded: Bool) {
    guard role == .leader, let slot = leadership.slot(of: node) else { return }
    guard leadership.peers[slot].progress.state == .snapshot else { return }
    if !succeeded { leadership.peers[slot].progress.pendingSnapshot = 0 }
    leadership.peers[slot].progress.becomeProbe()
    // Wait for its acknowledgement, or for the next heartbeat before the next attempt.
    leadership.peers[slot].progress.probeSent = true
  }

  // MARK: Committing

  /// Commits what a majority has, if the last of it is of this term, and says so to all. Returns whether it did.
  @discardableResult
  mutating func commitAndTell() -> Bool {
    let index = membership.committedIndex { node in
      if node == options.id { return log.persisted }
      return leadership.slot(of: node).map { leadership.peers[$0].progress.match } ?? 0
    }
    guard index > commitIndex, log.term(at: index) == term else { return false }
    let newly = log.entries(in: commitIndex + 1..<index + 1).reduce(0) { $0 + $1.payload.count }
    leadership.uncommittedBytes = max(0, leadership.uncommittedBytes - newly)
    commitIndex = index
    releasePostponedReads()
    broadcastAppend()
    return true
  }

  var hasCommittedInTerm: Bool { log.term(at: commitIndex) == term }
}
