@testable import Raft

/// Words of the transcripts. `7/3` is the entry at index 7 of term 3.
enum Describe {
  static func entry(_ entry: Entry) -> String {
    let place = "\(entry.index)/\(entry.term)"
    switch entry.kind {
    case .noop: return "\(place) noop"
    case .command: return "\(place) \(String(decoding: entry.payload, as: UTF8.self))"
    case .membership:
      return "\(place) " + (MembershipChange(decoding: entry.payload).map { "\($0.kind) \($0.node)" } ?? "?")
    }
  }

  static func message(_ message: Message) -> String {
    "\(message.from)>\(message.to) term \(message.term): \(body(message.body))"
  }

  private static func body(_ body: Message.Body) -> String {
    switch body {
    case .preVote(let candidacy): "would you vote? log to \(candidacy.lastIndex)/\(candidacy.lastTerm)"
    case .vote(let candidacy):
      "vote for me, log to \(candidacy.lastIndex)/\(candidacy.lastTerm)" + (candidacy.isTransfer ? ", handed over" : "")
    case .preVoteResponse(let granted): granted ? "I would" : "I would not"
    case .voteResponse(let granted): granted ? "my vote" : "no vote"
    case .append(let append):
      "append after \(append.previousIndex)/\(append.previousTerm) [\(append.entries.map(entry).joined(separator: ", "))]"
        + " commit \(append.commit)"
    case .appendAccepted(let index): "I have all to \(index)"
    case .appendRejected(let previous, let last): "I have no such \(previous), mine ends at \(last)"
    case .termNotice: "your term is over"
    case .heartbeat(let commit, let read):
      "heartbeat commit \(commit)" + (read.map { " read \($0.node).\($0.id)" } ?? "")
    case .heartbeatResponse(let read): "heard" + (read.map { " read \($0.node).\($0.id)" } ?? "")
    case .snapshot(let snapshot): "snapshot \(snapshot.index)/\(snapshot.term) of \(membership(snapshot.membership))"
    case .timeoutNow: "stand now"
    case .readIndex(let context): "read \(context.node).\(context.id)?"
    case .readIndexResponse(let context, let index): "read \(context.node).\(context.id) from \(index) on"
    }
  }

  static func refusal(_ refusal: Refusal) -> String {
    switch refusal {
    case .notLeader(let leader): "notLeader" + (leader.map { ", ask \($0)" } ?? "")
    case .transferring(let target): "transferring to \(target)"
    default: "\(refusal)"
    }
  }

  static func membership(_ membership: Membership) -> String {
    if membership.members.isEmpty { return "no members" }
    let voters = "voters \(list(membership.voters))"
    return membership.learners.isEmpty ? voters : voters + " learners \(list(membership.learners))"
  }

  private static func list(_ nodes: [NodeID]) -> String { nodes.map(String.init).joined(separator: ",") }

  static func status(_ id: NodeID, _ core: RaftCore) -> String {
    let log = core.log.entries(in: core.firstIndex..<core.lastIndex + 1).map { " \($0.index)/\($0.term)" }
    return "\(id) \(core.role) term \(core.term) vote \(core.vote.map(String.init) ?? "-") leader "
      + "\(core.leader.map(String.init) ?? "-") commit \(core.commitIndex) log (\(core.log.base.index)/"
      + "\(core.log.base.term))\(log.joined()), \(membership(core.membership))"
  }

  static func progress(_ core: RaftCore) -> [String] {
    core.progress.map { id, progress in
      "  peer \(id): \(progress.state) match \(progress.match) next \(progress.next)"
        + (progress.inflightMessages > 0 ? " in flight \(progress.inflightMessages)" : "")
    }
  }
}
