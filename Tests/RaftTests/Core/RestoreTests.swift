import Testing

@testable import Raft

@Suite struct RestoreTests {
  static let three = Membership(voters: [1, 2, 3])

  static func core(_ restored: Restored) throws(RestoreError) -> RaftCore {
    try RaftCore(options: RaftOptions(id: 1), restored: restored, timeouts: ElectionTimeouts(seed: 1))
  }

  @Test func aLogWithAHoleOrFallingTermsIsRefused() {
    var restored = Restored.founding(Self.three)
    restored.entries = [Entry(term: 2, index: 2), Entry(term: 2, index: 4)]
    #expect(throws: RestoreError.brokenLog(index: 4)) { try Self.core(restored) }
    restored.entries = [Entry(term: 3, index: 2), Entry(term: 2, index: 3)]
    #expect(throws: RestoreError.brokenLog(index: 3)) { try Self.core(restored) }
  }

  @Test func aStateBeyondTheLogIsRefused() {
    var restored = Restored.founding(Self.three)
    restored.applied = 5
    #expect(throws: RestoreError.appliedOutsideLog(applied: 5, first: 2, last: 1)) { try Self.core(restored) }
    restored.applied = 1
    restored.membership = Membership(voters: [1, 1])
    #expect(throws: RestoreError.invalidMembership) { try Self.core(restored) }
  }

  @Test func aTornLogLowersTheCommitIndexOnly() throws {
    var restored = Restored.founding(Self.three)
    restored.hardState = HardState(term: 3, vote: 2, commit: 9)
    restored.entries = [Entry(term: 2, index: 2), Entry(term: 3, index: 3)]
    let core = try Self.core(restored)
    #expect(core.commitIndex == 3 && core.term == 3 && core.vote == 2)
  }

  /// A second change was proposed only because the first had committed. A replica that counted the first as uncommitted
  /// could stand with members of two changes ago.
  @Test func allButTheLastMembershipEntryCountAsCommitted() throws {
    var restored = Restored.founding(Self.three)
    restored.hardState = HardState(term: 2, vote: nil, commit: 1)
    restored.entries = [
      Entry(term: 2, index: 2, kind: .noop),
      Entry(term: 2, index: 3, kind: .membership, payload: MembershipChange(.addLearner, 4).encoded),
      Entry(term: 2, index: 4),
      Entry(term: 2, index: 5, kind: .membership, payload: MembershipChange(.addVoter, 4).encoded),
    ]
    let core = try Self.core(restored)
    #expect(core.commitIndex == 3 && core.membership == Membership(voters: [1, 2, 3], learners: [4]))
  }

  @Test func whatWasCommittedAndNotAppliedIsHandedOutFirst() throws {
    var restored = Restored.founding(Self.three)
    restored.hardState = HardState(term: 2, vote: nil, commit: 3)
    restored.entries = [Entry(term: 2, index: 2), Entry(term: 2, index: 3), Entry(term: 2, index: 4)]
    var core = try Self.core(restored)
    #expect(core.step(.tick).committed == 2..<4)
  }
}
