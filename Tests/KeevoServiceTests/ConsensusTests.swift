import Testing

@testable import KeevoService

/// Transcripts of the one-voter core.
@Suite struct ConsensusTests {
  private func fresh(last: UInt64 = 0, commit: UInt64 = 0, term: UInt64 = 0) -> SingleVoterConsensus {
    SingleVoterConsensus(node: 7, hardState: HardState(term: term, vote: 0), lastIndex: last, commitIndex: commit)
  }

  @Test func theFirstTickElectsWithANewTermAndAnEmptyEntry() {
    var core = fresh(last: 5, commit: 3, term: 2)
    let ready = core.step(.tick(1))
    #expect(ready.hardState == HardState(term: 3, vote: 7))
    #expect(ready.entries == [LogEntry(term: 3, index: 6, kind: .noop, payload: [])])
    #expect(ready.committed.isEmpty)
    #expect(ready.leaseUntil == 0)
    #expect(core.status.role == .leader)
  }

  @Test func nothingIsCommittedBeforeItIsDurable() {
    var core = fresh()
    _ = core.step(.tick(1))
    let proposed = core.step(.propose([(kind: .command, payload: [1]), (kind: .command, payload: [2])]))
    #expect(proposed.entries.map(\.index) == [2, 3])
    #expect(proposed.committed.isEmpty)
    #expect(core.step(.persisted(index: 2)).committed == 1..<3)
    #expect(core.step(.persisted(index: 2)).committed.isEmpty)
    #expect(core.step(.persisted(index: 3)).committed == 3..<4)
  }

  @Test func entriesOfFormerTermsAreCommittedByOneOfTheOwn() {
    var core = fresh(last: 5, commit: 3, term: 2)
    _ = core.step(.tick(1))
    // Durable entries of the former run alone commit nothing.
    #expect(core.step(.persisted(index: 5)).committed.isEmpty)
    #expect(core.step(.persisted(index: 6)).committed == 4..<7)
  }

  @Test func withoutLeadershipProposalsAreRefused() {
    var core = fresh()
    #expect(core.step(.propose([(kind: .command, payload: [1])])).entries.isEmpty)
  }

  @Test func readsWaitForTheFirstEntryOfTheTerm() {
    var core = fresh(last: 2, commit: 2, term: 1)
    _ = core.step(.tick(1))
    #expect(core.step(.readIndex(id: 4)).permits.isEmpty)
    let ready = core.step(.persisted(index: 3))
    #expect(ready.permits == [ReadPermit(id: 4, index: 3)])
    #expect(ready.leaseUntil == .max)
    #expect(core.step(.readIndex(id: 5)).permits == [ReadPermit(id: 5, index: 3)])
  }

  @Test func theCommitIndexNeverStepsBack() {
    var core = fresh()
    _ = core.step(.tick(1))
    _ = core.step(.propose([(kind: .command, payload: [1])]))
    _ = core.step(.persisted(index: 2))
    _ = core.step(.persisted(index: 1))
    #expect(core.status.commitIndex == 2)
    #expect(core.step(.persisted(index: 99)).committed.isEmpty)
    #expect(core.status.commitIndex == 2)
  }
}
