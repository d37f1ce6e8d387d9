import Raft

extension Simulation {
  mutating func start(_ id: NodeID) {
    guard let node = nodes[id], node.core == nil, !node.isWiped else { return }
    var options = RaftOptions(id: id)
    options.preVote = usesPreVote
    node.core = try? RaftCore(
      options: options, restored: node.disk.restored(), timeouts: ElectionTimeouts(seed: random.next()))
    guard let core = node.core else { return checker.fail(liveness: "\(id) cannot start from its disk") }
    node.life += 1
    let image = node.disk.image
    node.state = State(
      index: image?.index ?? 0, hash: image?.reference.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) } ?? 0,
      membership: image?.membership ?? Membership())
    node.pendingWrites = []
    node.held = []
    node.durableWrite = 0
    node.writeDoneAt = now
    node.lease = LeaderLease(duration: Self.leaseNanoseconds)
    events.add(.tick(id, life: node.life), at: now + random.below(Self.tickMicroseconds))
    tell("\(id) starts: term \(core.term), log to \(core.lastIndex)")
  }

  /// The process dies: of what it had handed to the disk some writes are done, one may be torn, the rest is lost.
  mutating func crash(_ id: NodeID) {
    guard let node = nodes[id], node.core != nil else { return }
    let done = random.below(node.pendingWrites.count + 1)
    for write in node.pendingWrites.prefix(done) { node.disk.carryOut(write) }
    if done < node.pendingWrites.count, random.chance(50) {
      node.disk.carryOut(node.pendingWrites[done], entriesMax: random.below(3))
      coverage["torn write", default: 0] += 1
    }
    if sabotage == .crashesLoseSyncedWrites {
      node.disk.hardState.vote = nil
      let beyondImage = Int(node.disk.lastIndex) - Int(max(node.disk.image?.index ?? 0, node.disk.base.index))
      node.disk.entries.removeLast(max(0, min(beyondImage, 3 + random.below(5))))
    }
    node.core = nil
    node.pausedUntil = 0
    coverage["crash", default: 0] += 1
    tell("\(id) crashes")
  }

  mutating func startAll() {
    for id in names { start(id) }
  }

  mutating func fault() {
    let id = random.pick(names)
    switch random.below(26) {
    case 0..<3: crash(names.first { !(nodes[$0]?.pendingWrites.isEmpty ?? true) } ?? id)
    case 3..<6: startAll()
    case 6..<8: cuts.insert(id * 256 + random.pick(names))
    case 8..<10: isolate(random.chance(60) ? leaders.last ?? id : id)
    case 10..<13: cuts = []
    case 13: dropPercent = random.pick([0, 0, 2, 10, 30])
    case 14: delayMax = random.pick([1_000, 2_000, 20_000, 150_000])
    case 15: pause(random.chance(60) ? leaders.last ?? id : id)
    case 16: flush(id)
    case 17: handOver()
    case 18..<20: nodes[id]?.writeDoneAt = now + random.below(400_000)  // its disk stalls
    case 20..<22: dieUnsynced()
    case 22..<24 where !usesLease: raceForVotes()
    default: administer()
    }
  }

  /// The leader's disk stalls, one follower is cut off, and then the leader dies: what only one other has must not count.
  private mutating func dieUnsynced() {
    guard let id = leaders.last, let core = nodes[id]?.core else { return }
    nodes[id]?.writeDoneAt = now + 300_000
    let cutOff = random.pick(names)
    for other in core.membership.voters where other == cutOff || random.chance(20) {
      cuts.insert(id * 256 + other)
      cuts.insert(other * 256 + id)
    }
    events.add(.crash(id), at: now + 10_000 + random.below(200_000))
    coverage["death unsynced", default: 0] += 1
    tell("\(id)'s disk stalls")
  }

  /// Two stand at once, and voters with slow disks die right after they were asked: who promised must remember.
  private mutating func raceForVotes() {
    let rivals = [random.pick(names), random.pick(names)]
    for id in names where !rivals.contains(id) {
      nodes[id]?.writeDoneAt = now + random.below(100_000)
      if random.chance(50) { events.add(.crash(id), at: now + 2_000 + random.below(10_000)) }
    }
    for id in rivals where nodes[id]?.pausedUntil ?? 0 <= now { step(id, .campaign) }
    for at in [20_000, 40_000] { events.add(.start, at: now + at) }
    for id in rivals { events.add(.campaign(id), at: now + 1_000 + random.below(60_000)) }
    coverage["race", default: 0] += 1
  }

  private mutating func isolate(_ id: NodeID) {
    for other in names where other != id {
      cuts.insert(id * 256 + other)
      if random.chance(80) { cuts.insert(other * 256 + id) }
    }
    tell("\(id) is cut off")
  }

  private mutating func pause(_ id: NodeID) {
    nodes[id]?.pausedUntil = now + 100_000 + random.below(1_500_000)
    coverage["pause", default: 0] += 1
    tell("\(id) pauses")
  }

  /// The state goes to disk; the log before it may be forgotten.
  mutating func flush(_ id: NodeID) {
    guard let node = nodes[id], let core = node.core, node.state.index > node.disk.image?.index ?? 0,
      let term = core.term(at: node.state.index), node.state.index <= node.disk.lastIndex, node.pendingWrites.isEmpty
    else { return }
    let hash = (0..<8).map { UInt8(truncatingIfNeeded: node.state.hash >> UInt64(8 * $0)) }
    let image = Snapshot(index: node.state.index, term: term, membership: node.state.membership, reference: hash)
    nodes[id]?.disk.image = image
    step(id, .offer(image))
    if let cut = nodes[id]?.core?.compactionPoint(keepingBytes: random.below(400)) {
      step(id, .compact(through: cut))
      nodes[id]?.disk.compact(through: cut)
      coverage["compaction", default: 0] += 1
    }
  }

  private mutating func handOver() {
    guard let id = leaders.last, let core = nodes[id]?.core else { return }
    step(id, .transfer(to: random.pick(core.membership.voters)))
    coverage["transfer", default: 0] += 1
  }

  /// Membership as an operator changes it: a lost disk's replica is replaced by a newcomer, under a new name, as a
  /// learner first; learners become voters when they have caught up; now and then somebody leaves.
  private mutating func administer() {
    guard let id = leaders.last, let core = nodes[id]?.core else { return }
    let members = core.membership
    let level = core.progress.filter { members.learners.contains($0.id) && $0.progress.match + 20 > core.lastIndex }
    if let learner = level.first {
      return change(id, MembershipChange(.addVoter, learner.id))
    }
    if let lost = members.voters.first(where: { nodes[$0]?.isWiped == true }) {
      return change(id, MembershipChange(.remove, lost))
    }
    switch random.below(5) {
    case 0 where members.members.count < 6 && names.count < 9:
      let newcomer = (names.max() ?? 0) + 1
      add(newcomer, TestDisk())
      change(id, MembershipChange(.addLearner, newcomer))
    case 1 where members.voters.count > 3:
      change(id, MembershipChange(.remove, random.pick(members.voters)))
    case 2 where members.voters.count > 3: change(id, MembershipChange(.addLearner, random.pick(members.voters)))
    case 3 where members.voters.count >= 3 && !names.contains(where: { nodes[$0]?.isWiped == true }):
      let lost = random.pick(members.voters)
      crash(lost)
      nodes[lost]?.isWiped = true
      coverage["lost disk", default: 0] += 1
    default: break
    }
  }

  private mutating func change(_ id: NodeID, _ change: MembershipChange) {
    step(id, .change(change))
    coverage["change \(change.kind)", default: 0] += 1
    tell("\(id) is asked: \(change.kind) \(change.node)")
  }

  // MARK: Peace

  mutating func makePeace() {
    isFaulty = false
    cuts = []
    dropPercent = 0
    delayMax = 2_000
    for id in names {
      nodes[id]?.pausedUntil = 0
      start(id)
    }
    tell("peace")
  }

  /// One leader, whose members have all applied past the goal, and agree on who they are. Lost ones excepted.
  func hasConverged(past goal: UInt64) -> Bool {
    guard leaders.count == 1, let leader = leaders.first, let core = nodes[leader]?.core else { return false }
    return core.membership.members.allSatisfy { id in
      guard let node = nodes[id], !node.isWiped else { return true }
      return node.state.index >= goal && node.core?.membership == core.membership
    }
  }

  func describe() -> String {
    names.map { id in
      guard let core = nodes[id]?.core else { return "\(id) down" }
      let peers = core.progress.map { "\($0.id):\($0.progress.state) \($0.progress.match)/\($0.progress.next)" }
      return "\(id) \(core.role) term \(core.term) commit \(core.commitIndex) last \(core.lastIndex) "
        + "voters \(core.membership.voters) learners \(core.membership.learners) \(peers)"
    }.joined(separator: "; ")
  }

  // MARK: Transcript

  mutating func tell(_ text: @autoclosure () -> String) {
    if transcript != nil { transcript?.append("\(now / 1000) ms: \(text())") }
  }

  mutating func tell(_ id: NodeID, _ before: CoreView, _ after: RaftCore, _ input: RaftInput) {
    if before.role != after.role || before.term != after.term {
      tell("\(id) is \(after.role) of term \(after.term)")
      if after.role == .leader { coverage["leader elected", default: 0] += 1 }
    }
    if before.membership != after.membership {
      tell("\(id) knows voters \(after.membership.voters), learners \(after.membership.learners)")
    }
  }
}
