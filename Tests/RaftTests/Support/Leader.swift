import Raft

/// A leader of term 2 with followers that the test plays itself.
struct Leader {
  var core: RaftCore

  init(_ membership: Membership = Membership(voters: [1, 2, 3]), _ change: (inout RaftOptions) -> Void = { _ in })
    throws
  {
    var options = RaftOptions(id: 1)
    options.preVote = false
    change(&options)
    core = try RaftCore(options: options, restored: .founding(membership), timeouts: ElectionTimeouts(seed: 1))
    _ = settle(core.step(.campaign))
    for voter in membership.voters where voter != 1 { _ = hear(voter, .voteResponse(granted: true)) }
    for member in membership.members where member != 1 { _ = hear(member, .appendAccepted(through: 2)) }
  }

  /// The answer of a peer, in the leader's term; whatever is to be written is durable at once.
  mutating func hear(_ node: NodeID, _ body: Message.Body) -> [Message] {
    settle(core.step(.message(Message(from: node, to: 1, term: core.term, body: body))))
  }

  mutating func settle(_ ready: Ready) -> [Message] {
    var sent = ready.messages.map(\.message)
    if let write = ready.write { sent += settle(core.step(.persisted(write: write.number))) }
    return sent
  }
}

extension [Message] {
  /// Indexes of the entries in appends to a peer, one list for each append.
  func appends(to node: NodeID) -> [[UInt64]] {
    compactMap { message in
      guard message.to == node, case .append(let append) = message.body else { return nil }
      return append.entries.map(\.index)
    }
  }
}
