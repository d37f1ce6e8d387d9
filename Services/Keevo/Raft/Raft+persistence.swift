extension RaftCore {
  /// Gathers what this step has changed on disk into a write, and ties this step's promises to it.
  mutating func handOutWrite() {
    let entries = log.entries(in: writes.handedIndex + 1..<max(log.lastIndex, writes.handedIndex) + 1)
    let state = HardState(term: term, vote: vote, commit: commitIndex)
    // A commit index alone is worth no write: it comes back with the leader's next word.
    let binding = state.term != writes.handed.term || state.vote != writes.handed.vote
    if binding || !entries.isEmpty || out.write?.install != nil {
      let ownVote = role == .candidate && vote == options.id ? term : nil
      let install = out.write?.install
      let number = writes.add(lastIndex: log.lastIndex, ownVoteTerm: ownVote)
      out.write = Ready.Write(
        number: number, install: install, hardState: state == writes.handed ? nil : state, entries: Array(entries))
      writes.handed = state
    }
    let barrier = writes.hasPending ? writes.newest : nil
    for at in out.messages.indices where out.messages[at].afterWrite != nil { out.messages[at].afterWrite = barrier }
  }

  /// The leader counts its own log, and a candidate its own vote, from here on.
  mutating func persisted(_ number: UInt64) {
    let (lastIndex, ownVoteTerm) = writes.persisted(number)
    log.persist(through: lastIndex)
    if role == .candidate, ownVoteTerm == term { record(vote: true, of: options.id) }
    if role == .leader { commitAndTell() }
  }

  mutating func offer(_ snapshot: Snapshot) {
    guard snapshot.index > (self.snapshot?.index ?? 0), snapshot.index <= commitIndex, snapshot.membership.isValid,
      snapshot.reference.count <= Snapshot.referenceBytesMax, log.term(at: snapshot.index) == snapshot.term
    else {
      out.refused = .snapshotUnusable
      return
    }
    self.snapshot = snapshot
  }

  mutating func compact(through index: UInt64) {
    guard index <= min(snapshot?.index ?? 0, appliedIndex), index <= log.persisted else {
      out.refused = .cutTooFar
      return
    }
    log.compact(through: index)
  }
}

extension RaftCore {
  /// Bytes of the entries in memory.
  public var logBytes: Int { log.bytes }
  public var firstIndex: UInt64 { log.firstIndex }
  public var lastIndex: UInt64 { log.lastIndex }
  public var lastTerm: UInt64 { log.lastTerm }
  public var persistedIndex: UInt64 { log.persisted }

  /// `nil` where the log does not reach (any more).
  public func term(at index: UInt64) -> UInt64? { log.term(at: index) }

  /// Entries that are in memory; of a range that reaches beyond, what there is.
  public func entries(in range: Range<UInt64>) -> ArraySlice<Entry> {
    log.entries(in: range.clamped(to: log.firstIndex..<log.lastIndex + 1))
  }

  /// Through which index to `compact` so that entries of about this many bytes stay, counted from the newest; never
  /// further than the snapshot on offer. `nil` when there is nothing to cut.
  public func compactionPoint(keepingBytes: Int) -> UInt64? {
    let limit = min(snapshot?.index ?? 0, appliedIndex, log.persisted)
    guard limit >= log.firstIndex, log.bytes > keepingBytes else { return nil }
    var excess = log.bytes - keepingBytes
    var cut = log.base.index
    for entry in log.entries(in: log.firstIndex..<limit + 1) {
      guard excess > 0 else { break }
      excess -= entry.bytes
      cut = entry.index
    }
    return cut
  }

  public var softState: SoftState { SoftState(role: role, leader: leader) }

  /// What the leader knows of each other member; empty elsewhere.
  public var progress: [(id: NodeID, progress: Progress)] { leadership.peers.map { ($0.id, $0.progress) } }
}
