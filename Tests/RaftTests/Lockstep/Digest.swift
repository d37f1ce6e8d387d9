@testable import Raft

/// Mixes 64-bit words, in the order and with the constants of Oracle/digest.go. With `text` it also keeps what it was
/// given, for a person to compare.
struct Digest {
  private(set) var hash: UInt64 = 0
  var text: String?

  @inline(__always)
  mutating func add(_ value: UInt64) {
    let mixed = (hash ^ value) &* 0x9E37_79B9_7F4A_7C15
    hash = mixed ^ (mixed >> 32)
    if text != nil { text?.append(" \(value)") }
  }

  mutating func label(_ name: StaticString) {
    if text != nil { text?.append("\n    \(name)") }
  }

  mutating func add(_ flag: Bool) { add(flag ? 1 : 0) }

  static func spread(_ value: UInt64) -> UInt64 {
    let mixed = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    return mixed ^ (mixed >> 27)
  }

  mutating func add(_ entry: Entry) {
    add(entry.term)
    add(entry.index)
    if entry.kind == .membership, let change = MembershipChange(decoding: entry.payload) {
      add(1 << 32)
      add(UInt64(change.kind.rawValue))
      add(change.node)
      return
    }
    add(UInt64(entry.payload.count))
    if entry.payload.count >= 8 {
      add(entry.payload.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) })
    }
  }

  private mutating func add(_ members: [NodeID]) {
    for member in members { add(member) }
    add(0)
  }

  private mutating func add(_ context: ReadContext?) {
    guard let context else { return add(0) }
    add(context.node)
    add(context.id)
  }

  mutating func add(_ message: Message) {
    label("message kind, from, to, term, content")
    add(message.body.code)
    add(message.from)
    add(message.to)
    add(message.term)
    switch message.body {
    case .preVote(let candidacy), .vote(let candidacy):
      add(candidacy.lastIndex)
      add(candidacy.lastTerm)
      add(candidacy.isTransfer)
    case .preVoteResponse(let granted), .voteResponse(let granted): add(granted)
    case .append(let append):
      add(append.previousIndex)
      add(append.previousTerm)
      add(append.commit)
      add(UInt64(append.entries.count))
      for entry in append.entries { add(entry) }
    case .appendAccepted(let index): add(index)
    case .termNotice: add(0)
    case .appendRejected(let previous, let last):
      add(previous)
      add(last)
    case .heartbeat(let commit, let read):
      add(commit)
      add(read)
    case .heartbeatResponse(let read): add(read)
    case .snapshot(let snapshot):
      add(snapshot.index)
      add(snapshot.term)
      add(snapshot.membership.voters)
      add(snapshot.membership.learners)
    case .timeoutNow: break
    case .readIndex(let context): add(context)
    case .readIndexResponse(let context, let index):
      add(context)
      add(index)
    }
  }

  /// All that must be equal after a step. A leader that left office is not compared in what etcd does otherwise.
  mutating func add(_ core: RaftCore, leftOffice: Bool) {
    if !leftOffice {
      label("term, vote, role, leader")
      add(core.term)
      add(core.vote ?? 0)
      add(core.role.code)
      add(core.leader ?? 0)
      label("election elapsed, heartbeat elapsed, timeout, transfer target")
      add(UInt64(core.electionElapsed))
      add(UInt64(core.heartbeatElapsed))
      add(UInt64(core.electionTimeout))
      add(core.leadership.transferTarget ?? 0)
    }
    label("commit, base index, base term, last index")
    add(core.commitIndex)
    add(core.log.base.index)
    add(core.log.base.term)
    add(core.lastIndex)
    label("log")
    for entry in core.log.entries(in: core.firstIndex..<core.lastIndex + 1) { add(entry) }
    label("voters, learners, votes")
    add(core.membership.voters.reduce(0) { $0 &+ Self.spread($1) })
    add(core.membership.learners.reduce(0) { $0 &+ Self.spread($1) })
    if leftOffice { return }
    add(core.votes.reduce(0) { $0 &+ Self.spread($1.key * 2 + ($1.value ? 1 : 0)) })
    guard core.role == .leader else { return }
    label("pending change, uncommitted bytes, reads")
    add(core.leadership.pendingChangeIndex)
    add(UInt64(core.leadership.uncommittedBytes))
    for read in core.leadership.reads.pending { add(read.context) }
    label("peers: id, state, match, next, probe sent, active, pending snapshot, in flight")
    for peer in core.leadership.peers {
      add(peer.id)
      add(UInt64(peer.progress.state.rawValue))
      add(peer.progress.match)
      add(peer.progress.next)
      add(peer.progress.probeSent)
      add(peer.progress.recentlyActive)
      add(peer.progress.pendingSnapshot)
      add(UInt64(peer.progress.inflightMessages))
    }
  }
}

extension Role {
  /// etcd's number for the role.
  fileprivate var code: UInt64 {
    switch self {
    case .follower: 0
    case .candidate: 1
    case .leader: 2
    case .preCandidate: 3
    }
  }
}

extension Message.Body {
  /// The number under which both sides digest the kind of a message.
  fileprivate var code: UInt64 {
    switch self {
    case .preVote: 1
    case .preVoteResponse: 2
    case .vote: 3
    case .voteResponse: 4
    case .append: 5
    case .appendAccepted, .termNotice: 6
    case .appendRejected: 7
    case .heartbeat: 8
    case .heartbeatResponse: 9
    case .snapshot: 10
    case .timeoutNow: 11
    case .readIndex: 12
    case .readIndexResponse: 13
    }
  }
}
