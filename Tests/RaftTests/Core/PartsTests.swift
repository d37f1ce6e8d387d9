import Testing

@testable import Raft

@Suite struct PartsTests {
  @Test func aMajorityIsCountedAsByHand() {
    var random = SplitMix(seed: 3)
    for _ in 0..<2_000 {
      let voters = (1...UInt64(1 + random.below(7))).map { $0 }
      let matched = voters.map { _ in UInt64(random.below(6)) }
      let membership = Membership(voters: voters)
      let byHand = matched.sorted(by: >)[voters.count / 2]
      #expect(membership.committedIndex { matched[Int($0) - 1] } == byHand)
      let answers = voters.map { _ in random.pick([true, false, nil]) }
      let yes = answers.count { $0 == true }
      let no = answers.count { $0 == false }
      switch membership.verdict({ answers[Int($0) - 1] }) {
      case .won: #expect(yes * 2 > voters.count)
      case .lost: #expect(yes * 2 <= voters.count && (voters.count - no) * 2 <= voters.count)
      case .pending: #expect(yes * 2 <= voters.count && (voters.count - no) * 2 > voters.count)
      }
    }
  }

  @Test func changesSurviveTheirEncoding() {
    for kind in [MembershipChange.Kind.addVoter, .addLearner, .remove] {
      let change = MembershipChange(kind, 0xFEDC_BA98_7654_3210, context: [1, 2])
      #expect(MembershipChange(decoding: change.encoded) == change)
    }
    #expect(MembershipChange(decoding: []) == nil)
    #expect(MembershipChange(decoding: [9, 1, 0, 0, 0, 0, 0, 0, 0]) == nil)
    #expect(MembershipChange(decoding: [1, 0, 0, 0, 0, 0, 0, 0, 0]) == nil)
  }

  @Test func membershipsStaySound() {
    var full = Membership(voters: [1])
    for node in UInt64(2)...UInt64(Membership.membersMax) {
      full = full.applying(MembershipChange(.addLearner, node)) ?? full
    }
    #expect(full.members.count == Membership.membersMax)
    #expect(full.applying(MembershipChange(.addLearner, 99)) == nil)
    #expect(Membership(voters: [1]).applying(MembershipChange(.remove, 1)) == nil)
    #expect(!Membership(voters: [1, 2], learners: [2]).isValid && !Membership(voters: [0]).isValid)
  }

  /// The news that an old write is durable says nothing about entries that replaced it.
  @Test func aWriteThatWasOverwrittenDoesNotCountForItsSuccessor() throws {
    var core = try RaftCore(
      options: RaftOptions(id: 2), restored: .founding(Membership(voters: [1, 2, 3])),
      timeouts: ElectionTimeouts(seed: 1))
    func append(_ from: NodeID, _ term: UInt64, _ entries: [Entry]) -> RaftInput {
      let append = Message.Append(previousIndex: 1, previousTerm: 1, entries: entries, commit: 1)
      return .message(Message(from: from, to: 2, term: term, body: .append(append)))
    }
    let first = core.step(append(1, 2, [Entry(term: 2, index: 2), Entry(term: 2, index: 3)]))
    let second = core.step(append(3, 3, [Entry(term: 3, index: 2), Entry(term: 3, index: 3)]))
    #expect(first.write?.number == 1 && second.write?.number == 2)
    #expect(second.messages.map(\.afterWrite) == [2])
    _ = core.step(.persisted(write: 1))
    #expect(core.persistedIndex == 1)
    _ = core.step(.persisted(write: 2))
    #expect(core.persistedIndex == 3)
  }

  @Test func onlyPromisesWaitForTheDisk() throws {
    var core = try RaftCore(
      options: RaftOptions(id: 2), restored: .founding(Membership(voters: [1, 2, 3])),
      timeouts: ElectionTimeouts(seed: 1))
    let candidacy = Message.Candidacy(lastIndex: 5, lastTerm: 1)
    let asked = core.step(.message(Message(from: 1, to: 2, term: 2, body: .preVote(candidacy))))
    #expect(asked.write == nil && asked.messages.map(\.afterWrite) == [nil])
    let voted = core.step(.message(Message(from: 1, to: 2, term: 2, body: .vote(candidacy))))
    #expect(voted.write?.hardState?.vote == 1 && voted.messages.map(\.afterWrite) == [1])
    let refused = core.step(.message(Message(from: 3, to: 2, term: 2, body: .vote(candidacy))))
    #expect(refused.messages.map(\.afterWrite) == [nil])
    // Asked again by the same: the promise waits for the same write.
    let again = core.step(.message(Message(from: 1, to: 2, term: 2, body: .vote(candidacy))))
    #expect(again.write == nil && again.messages.map(\.afterWrite) == [1])
  }

  @Test func aLeaseHoldsFromAProposalThatCommittedUntilItsEnd() throws {
    var leader = try Leader()
    var lease = LeaderLease(duration: 250)
    #expect(!lease.holds(for: leader.core, at: 0))
    _ = leader.settle(leader.core.step(.propose([[1]])))
    lease.proposed(index: 3, term: 2, at: 1_000)
    #expect(!lease.holds(for: leader.core, at: 1_001), "nothing has committed")
    _ = leader.hear(2, .appendAccepted(through: 3))
    lease.committed(through: leader.core.commitIndex, term: 2)
    #expect(lease.holds(for: leader.core, at: 1_249) && !lease.holds(for: leader.core, at: 1_250))
    _ = leader.core.step(.transfer(to: 2))
    #expect(!lease.holds(for: leader.core, at: 1_100), "a transfer was begun")
  }

  @Test func readsShareRounds() {
    var rounds = ReadRounds(firstRound: 10)
    #expect(rounds.add(1).begin == 10)
    #expect(rounds.add(2).begin == nil && rounds.add(3).begin == nil)
    #expect(rounds.finish(ReadState(id: 9, index: 4)).reads.isEmpty)
    let first = rounds.finish(ReadState(id: 10, index: 5))
    #expect(first.reads == [1] && first.begin == 11)
    let lost = rounds.abandon()
    #expect(lost.reads == [2, 3] && lost.begin == nil)
    #expect(rounds.add(4).begin == 12)
  }
}
