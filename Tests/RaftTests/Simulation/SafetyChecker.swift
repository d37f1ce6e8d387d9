import Raft

/// Raft's five safety properties (figure 3 of the Raft paper, 2014), promises kept, and reads that are not stale, held
/// against every step of every replica.
struct SafetyChecker {
  private struct Place: Hashable {
    var index: UInt64
    var term: UInt64
  }

  private struct Ballot: Hashable {
    var voter: NodeID
    var term: UInt64
  }

  private var leaders: [UInt64: NodeID] = [:]
  private var votes: [Ballot: NodeID] = [:]
  /// What was ever written at a place of the log: a hash of the entry, and the term of the one before it.
  private var written: [Place: (hash: UInt64, previousTerm: UInt64)] = [:]
  private struct Committed {
    var term: UInt64
    /// The state after it.
    var state: UInt64
    /// The term of the replica that first knew it committed.
    var knownInTerm: UInt64
  }

  private var committed: [UInt64: Committed] = [:]
  private(set) var highestCommitted: UInt64 = 1
  private(set) var violations: [String] = []

  mutating func report(_ text: String) { violations.append(text) }
  private mutating func fail(_ text: String) { report(text) }

  // MARK: After a step

  mutating func check(_ node: NodeID, before: CoreView, after: RaftCore, ready: Ready) {
    if after.commitIndex < before.commitIndex { fail("\(node): commit went back to \(after.commitIndex)") }
    if after.term < before.term { fail("\(node): term went back to \(after.term)") }
    if after.role == .leader, before.role != .leader || before.term != after.term { elected(node, after) }
    if let write = ready.write { check(node, before: before, after: after, write: write) }
  }

  /// A message leaves. Election safety rests on one vote in a term.
  mutating func sent(_ message: Message) {
    if case .voteResponse(granted: true) = message.body { voted(message.from, message.to, message.term) }
    if case .vote = message.body { voted(message.from, message.from, message.term) }
  }

  /// Election safety: one leader in a term. Leader completeness: it has all that was committed in earlier terms.
  private mutating func elected(_ node: NodeID, _ core: RaftCore) {
    if let other = leaders[core.term], other != node { fail("term \(core.term) has leaders \(other) and \(node)") }
    leaders[core.term] = node
    for index in core.firstIndex..<max(core.firstIndex, highestCommitted) + 1 {
      if let entry = committed[index], entry.knownInTerm < core.term, core.term(at: index) != entry.term {
        fail("leader \(node) of term \(core.term) lacks committed entry \(index)")
      }
    }
  }

  private mutating func voted(_ voter: NodeID, _ candidate: NodeID, _ term: UInt64) {
    let ballot = Ballot(voter: voter, term: term)
    if let other = votes[ballot], other != candidate {
      fail("\(voter) voted for \(other) and \(candidate) in term \(term)")
    }
    votes[ballot] = candidate
  }

  /// Log matching: at a place there is one entry for ever, and one entry before it. Leader append-only.
  private mutating func check(_ node: NodeID, before: CoreView, after: RaftCore, write: Ready.Write) {
    for entry in write.entries {
      let place = Place(index: entry.index, term: entry.term)
      let hash = Self.hash(entry)
      let previous = after.term(at: entry.index - 1) ?? 0
      if let known = written[place] {
        if known != (hash, previous) { fail("\(node): another entry at \(entry.index) of term \(entry.term)") }
      } else {
        written[place] = (hash, previous)
      }
    }
    if before.role == .leader, after.role == .leader, before.term == after.term, let first = write.entries.first,
      first.index <= before.lastIndex
    {
      fail("leader \(node) replaced its own entry \(first.index)")
    }
  }

  // MARK: What happens above

  /// State machine safety: the same entry, and the same state after it, at an index on all replicas.
  mutating func applied(_ node: NodeID, index: UInt64, term: UInt64, state: UInt64, knownInTerm: UInt64) {
    if let known = committed[index] {
      if known.term != term || known.state != state { fail("\(node) applied another entry at \(index)") }
    } else {
      committed[index] = Committed(term: term, state: state, knownInTerm: knownInTerm)
    }
    highestCommitted = max(highestCommitted, index)
  }

  mutating func installed(_ node: NodeID, index: UInt64, state: UInt64) {
    if let known = committed[index], known.state != state { fail("\(node) installed another state at \(index)") }
  }

  /// A read must see all that was committed when it was asked.
  mutating func read(_ node: NodeID, index: UInt64, committedWhenAsked: UInt64, how: String) {
    if index < committedWhenAsked {
      fail("\(node): stale read by \(how): \(index), committed was \(committedWhenAsked)")
    }
  }

  static func hash(_ entry: Entry) -> UInt64 {
    var digest = Digest()
    digest.add(entry.term)
    digest.add(UInt64(entry.kind.rawValue))
    for byte in entry.payload { digest.add(UInt64(byte)) }
    return digest.hash
  }
}
