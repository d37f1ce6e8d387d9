/// Who takes part: voters decide, learners only receive. Both lists are sorted and share no member.
public struct Membership: Hashable, Sendable {
  public private(set) var voters: [NodeID]
  public private(set) var learners: [NodeID]

  /// Limit on voters and learners together.
  public static let membersMax = 31

  public init(voters: [NodeID] = [], learners: [NodeID] = []) {
    self.voters = voters.sorted()
    self.learners = learners.sorted()
  }

  public func contains(_ node: NodeID) -> Bool { voters.contains(node) || learners.contains(node) }
  public func isOnlyVoter(_ node: NodeID) -> Bool { voters.count == 1 && voters[0] == node }
  public var members: [NodeID] { (voters + learners).sorted() }

  /// No zero, no name twice, at least one voter, not too many. Holds for whatever `applying` makes out of one that holds it.
  var isValid: Bool {
    let all = members
    guard !voters.isEmpty, all.count <= Self.membersMax, all.first != 0 else { return false }
    return zip(all, all.dropFirst()).allSatisfy { $0 < $1 }
  }

  /// The membership after one change; `nil` when the change would alter nothing, leave no voter, or exceed the limit.
  public func applying(_ change: MembershipChange) -> Membership? {
    var next = self
    next.voters.removeAll { $0 == change.node }
    next.learners.removeAll { $0 == change.node }
    switch change.kind {
    case .addVoter: next.voters = (next.voters + [change.node]).sorted()
    case .addLearner: next.learners = (next.learners + [change.node]).sorted()
    case .remove: break
    }
    return next != self && next.isValid ? next : nil
  }

  // MARK: Majorities

  var majority: Int { voters.count / 2 + 1 }

  /// The highest index that a majority of the voters has, given what each has.
  func committedIndex(_ matched: (NodeID) -> UInt64) -> UInt64 {
    var best: UInt64 = 0
    for voter in voters {
      let candidate = matched(voter)
      if candidate > best, voters.count(where: { matched($0) >= candidate }) >= majority { best = candidate }
    }
    return best
  }

  enum Verdict { case won, pending, lost }

  /// `answer` is what a voter said, `nil` if it has not spoken yet.
  func verdict(_ answer: (NodeID) -> Bool?) -> Verdict {
    var yes = 0
    var silent = 0
    for voter in voters {
      switch answer(voter) {
      case true?: yes += 1
      case nil: silent += 1
      case false?: break
      }
    }
    if yes >= majority { return .won }
    return yes + silent >= majority ? .pending : .lost
  }
}
