import Testing

@testable import Raft

@Suite struct LimitTests {
  static func payload(_ count: Int) -> [UInt8] { [UInt8](repeating: 7, count: count) }

  @Test func appendsToOneFollowerStayWithinTheWindowOfBytes() throws {
    var leader = try Leader { $0.inflightBytesMax = 200 }
    var sent: [[UInt64]] = []
    for _ in 0..<5 { sent += leader.settle(leader.core.step(.propose([Self.payload(92)]))).appends(to: 2) }
    #expect(sent == [[3], [4]])
    #expect(leader.core.progress[0].progress.inflightBytes == 200)
    #expect(leader.hear(2, .appendAccepted(through: 3)).appends(to: 2).last == [5, 6, 7])
  }

  @Test func appendsToOneFollowerStayWithinTheWindowOfMessages() throws {
    var leader = try Leader { $0.inflightMessagesMax = 3 }
    var sent: [[UInt64]] = []
    for _ in 0..<6 { sent += leader.settle(leader.core.step(.propose([[1]]))).appends(to: 3) }
    #expect(sent == [[3], [4], [5]])
    // The answers are lost; a heartbeat's answer frees one place.
    #expect(leader.hear(3, .heartbeatResponse(read: nil)).appends(to: 3) == [[6, 7, 8]])
  }

  @Test func oneAppendCarriesAtMostItsBytesAndAtLeastOneEntry() throws {
    var leader = try Leader { $0.appendBytesMax = 250 }
    let sent = leader.settle(
      leader.core.step(.propose(Array(repeating: Self.payload(92), count: 3) + [Self.payload(900)])))
    #expect(sent.appends(to: 2) == [[3, 4]])
    let more = leader.hear(2, .appendAccepted(through: 4)).appends(to: 2)
    #expect(more.filter { !$0.isEmpty } == [[5], [6]])
  }

  @Test func proposalsBeyondTheUncommittedBytesAreRefusedUntilSomeCommit() throws {
    var leader = try Leader { $0.uncommittedBytesMax = 100 }
    #expect(leader.core.step(.propose([Self.payload(500)])).refused == nil, "one is always taken")
    #expect(leader.core.step(.propose([[1]])).refused == .overloaded)
    #expect(leader.core.lastIndex == 3)
    _ = leader.hear(2, .appendAccepted(through: 3))
    _ = leader.core.step(.persisted(write: .max))
    _ = leader.hear(3, .appendAccepted(through: 3))
    #expect(leader.core.commitIndex == 3)
    #expect(leader.core.step(.propose([Self.payload(60)])).refused == nil)
    #expect(leader.core.step(.propose([Self.payload(60)])).refused == .overloaded)
  }

  @Test func readsBeyondTheLimitAreRefusedAtOnce() throws {
    var leader = try Leader { $0.pendingReadsMax = 2 }
    for id in UInt64(1)...2 { #expect(leader.core.step(.readIndex(id: id)).reads.isEmpty) }
    let ready = leader.core.step(.readIndex(id: 3))
    #expect(ready.reads == [ReadState(id: 3, index: nil)] && ready.ignored == .tooManyReads)
    // One confirmation settles all that were asked before it.
    let context = ReadContext(node: 1, id: 2)
    let message = Message(from: 2, to: 1, term: 2, body: .heartbeatResponse(read: context))
    #expect(leader.core.step(.message(message)).reads == [ReadState(id: 1, index: 2), ReadState(id: 2, index: 2)])
  }

  @Test func theLogIsCutByBytesAndNoFurtherThanTheSnapshot() throws {
    var leader = try Leader()
    for _ in 0..<10 { _ = leader.settle(leader.core.step(.propose([Self.payload(92)]))) }
    _ = leader.hear(2, .appendAccepted(through: 12))
    #expect(leader.core.compactionPoint(keepingBytes: 300) == nil, "there is no newer snapshot")
    #expect(leader.core.step(.compact(through: 8)).refused == .cutTooFar)
    let snapshot = Snapshot(index: 8, term: 2, membership: leader.core.membership)
    #expect(leader.core.step(.offer(snapshot)).refused == nil)
    #expect(leader.core.step(.offer(snapshot)).refused == .snapshotUnusable, "it is no newer")
    #expect(leader.core.compactionPoint(keepingBytes: 0) == 8)
    #expect(leader.core.compactionPoint(keepingBytes: 700) == 5)
    #expect(leader.core.step(.compact(through: 5)).refused == nil)
    #expect(leader.core.logBytes == 700 && leader.core.firstIndex == 6 && leader.core.term(at: 5) == 2)
    #expect(leader.core.term(at: 4) == nil && leader.core.entries(in: 0..<100).count == 7)
  }

  @Test func aFollowerIsMadeVoterOnlyWithinTheLag() throws {
    var leader = try Leader(Membership(voters: [1, 2, 3], learners: [4])) { $0.promotionLagMax = 2 }
    for _ in 0..<3 { _ = leader.settle(leader.core.step(.propose([[1]]))) }
    _ = leader.hear(2, .appendAccepted(through: 5))
    #expect(leader.core.step(.change(MembershipChange(.addVoter, 4))).refused == .notCaughtUp)
    _ = leader.hear(4, .appendAccepted(through: 3))
    #expect(leader.core.step(.change(MembershipChange(.addVoter, 4))).appended == 6..<7)
  }
}
