import Testing

@testable import Raft

/// Whatever arrives, nothing traps, the commit index does not step back, and what was committed stays.
@Suite struct MalformedMessageTests {
  static func number(_ random: inout SplitMix) -> UInt64 {
    switch random.below(10) {
    case 0: 0
    case 1: .max
    case 2: .max - 1
    case 3: numberMax
    case 4: numberMax - 1
    case 5: random.next()
    default: UInt64(random.below(30))
    }
  }

  static func message(_ random: inout SplitMix, to node: NodeID, term: UInt64) -> Message {
    func number() -> UInt64 { Self.number(&random) }
    let read = random.chance(50) ? ReadContext(node: UInt64(random.below(5)), id: number()) : nil
    var body = Message.Body.timeoutNow
    switch random.below(14) {
    case 0: body = .preVote(.init(lastIndex: number(), lastTerm: number(), isTransfer: random.chance(50)))
    case 1: body = .vote(.init(lastIndex: number(), lastTerm: number(), isTransfer: random.chance(50)))
    case 2: body = .preVoteResponse(granted: random.chance(50))
    case 3: body = .voteResponse(granted: random.chance(50))
    case 4...5:
      let previous = number()
      let entries = (0..<random.below(4)).map { at in
        Entry(
          term: number(), index: random.chance(70) ? previous &+ UInt64(at) &+ 1 : number(),
          kind: random.chance(30) ? .membership : .command, payload: (0..<random.below(12)).map { UInt8($0) })
      }
      body = .append(.init(previousIndex: previous, previousTerm: number(), entries: entries, commit: number()))
    case 6: body = .appendAccepted(through: number())
    case 7: body = .appendRejected(previousIndex: number(), lastIndex: number())
    case 8: body = .termNotice
    case 9: body = .heartbeat(commit: number(), read: read)
    case 10: body = .heartbeatResponse(read: read)
    case 11:
      let members = (0..<random.below(40)).map { _ in number() }
      let membership = Membership(voters: members, learners: random.chance(50) ? members : [])
      body = .snapshot(.init(index: number(), term: number(), membership: membership, reference: [1]))
    case 12: body = .readIndex(read ?? ReadContext(node: 0, id: 0))
    case 13: body = .readIndexResponse(read ?? ReadContext(node: 0, id: 0), index: number())
    default: break
    }
    return Message(
      from: UInt64(random.below(6)), to: random.chance(97) ? node : number(),
      term: random.chance(85) ? term : number(), body: body)
  }

  @Test func nothingThatArrivesTrapsOrUndoesWhatIsCommitted() {
    var reasons: Set<IgnoredMessage> = []
    for seed in UInt64(1)...60 {
      var simulation = Simulation(seed: seed)
      simulation.run(until: 1_000_000 + Int(seed) * 40_000)
      var random = SplitMix(seed: seed)
      for case let node? in simulation.names.map({ simulation.nodes[$0] }) where node.core != nil {
        guard var core = node.core else { continue }
        for _ in 0..<2_000 {
          let (commit, applied) = (
            core.commitIndex, core.commitIndex < core.firstIndex ? nil : core.term(at: core.commitIndex)
          )
          let ready = core.step(
            random.chance(95) ? .message(Self.message(&random, to: node.id, term: core.term)) : .tick)
          if let reason = ready.ignored { reasons.insert(reason) }
          #expect(core.commitIndex >= commit && core.commitIndex <= core.lastIndex)
          if let applied, ready.write?.install == nil { #expect(core.term(at: commit) == applied) }
          if let write = ready.write, random.chance(80) { _ = core.step(.persisted(write: write.number)) }
          if let snapshot = ready.fetch, random.chance(50) { _ = core.step(.fetched(snapshot)) }
        }
      }
    }
    let missing = Set(IgnoredMessage.allCases).subtracting(reasons)
    // Those two need friends: a snapshot sent twice, and thousands of reads.
    #expect(missing.subtracting([.alreadyFetching, .tooManyReads]).isEmpty, "never met: \(missing)")
  }
}
