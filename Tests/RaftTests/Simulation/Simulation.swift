@testable import Raft

/// Whole groups of cores on virtual time, with disks that are slow and lose what was not synced, a network that drops,
/// delays, doubles, reorders and cuts one way, crashes, pauses, clocks of different rates, and members that come and go.
/// Everything follows from the seed. Times are microseconds.
struct Simulation {
  /// Faults of the surroundings that no Raft survives, for controls: with them the checker must find something.
  enum Sabotage { case none, crashesLoseSyncedWrites, leaseNeverEnds }

  final class Node {
    let id: NodeID
    var core: RaftCore?
    var disk: TestDisk
    /// Counts starts: events of an earlier life are void.
    var life = 0
    var state = State()
    var pendingWrites: [Ready.Write] = []
    var durableWrite: UInt64 = 0
    var writeDoneAt = 0
    var held: [(write: UInt64, message: Message)] = []
    var lease = LeaderLease(duration: Simulation.leaseNanoseconds)
    /// Of its clock, in thousandths.
    let rate: Int
    var pausedUntil = 0
    var isWiped = false

    init(id: NodeID, disk: TestDisk, rate: Int) {
      self.id = id
      self.disk = disk
      self.rate = rate
    }

    var view: CoreView? {
      guard let core else { return nil }
      return CoreView(core)
    }
  }

  struct State {
    var index: UInt64 = 0
    var hash: UInt64 = 0
    var membership = Membership()
  }

  enum Event {
    case tick(NodeID, life: Int)
    case deliver(Message)
    case written(NodeID, life: Int)
    case fetched(NodeID, life: Int, Snapshot)
    /// The leader's driver has seen no fetch by the peer for long.
    case fetchOverdue(NodeID, life: Int, peer: NodeID)
    case crash(NodeID)
    case campaign(NodeID)
    case start
    case client, fault
  }

  static let tickMicroseconds = 50_000
  /// Half of the shortest election timeout (ten ticks).
  static let leaseNanoseconds = UInt64(10 * tickMicroseconds * 1000 / 2)

  let sabotage: Sabotage
  let usesPreVote: Bool
  /// Elections that the cores did not ask for do not go with leases.
  let usesLease: Bool
  var random: SplitMix
  var now = 0
  var events = EventQueue<Event>()
  var nodes: [NodeID: Node] = [:]
  var names: [NodeID] = []
  var checker = SafetyChecker()
  var digest = Digest()
  var steps = 0
  var isFaulty = true
  var cuts: Set<UInt64> = []
  var dropPercent = 0
  var delayMax = 2_000
  private var asked: [UInt64: UInt64] = [:]
  private var nextId: UInt64 = 1
  var coverage: [String: Int] = [:]
  /// What happened, for a person; kept only where asked for.
  var transcript: [String]?

  init(seed: UInt64, sabotage: Sabotage = .none, telling: Bool = false) {
    self.sabotage = sabotage
    random = SplitMix(seed: seed)
    transcript = telling ? [] : nil
    usesPreVote = random.chance(70)
    let coin = random.chance(50)
    usesLease = coin || sabotage == .leaseNeverEnds
    let founding = Membership(voters: Array(1...(random.chance(60) ? 3 : 5)))
    for id in founding.voters { add(id, TestDisk(founding: founding)) }
    events.add(.client, at: 0)
    events.add(.fault, at: 500_000)
  }

  mutating func add(_ id: NodeID, _ disk: TestDisk) {
    nodes[id] = Node(id: id, disk: disk, rate: 980 + random.below(41))
    names.append(id)
    start(id)
  }

  /// Faults for a while, then peace, in which the group must come to agree again.
  mutating func run(faultyMicroseconds: Int = 4_000_000, peacefulMicroseconds: Int = 30_000_000) {
    run(until: faultyMicroseconds)
    makePeace()
    let goal = checker.highestCommitted + 1
    run(until: faultyMicroseconds + peacefulMicroseconds) { $0.hasConverged(past: goal) }
    if checker.violations.isEmpty, !hasConverged(past: goal) { checker.fail(liveness: describe()) }
  }

  mutating func run(until end: Int, or done: (Simulation) -> Bool = { _ in false }) {
    var count = 0
    while checker.violations.isEmpty, now < end, let (time, event) = events.next() {
      now = time
      handle(event)
      count += 1
      if count % 64 == 0, done(self) { return }
    }
  }

  // MARK: Events

  private mutating func handle(_ event: Event) {
    switch event {
    case .client:
      client()
      events.add(.client, at: now + 5_000 + random.below(30_000))
    case .crash(let id): if isFaulty { crash(id) }
    case .campaign(let id): if nodes[id]?.pausedUntil ?? 0 <= now { step(id, .campaign) }
    case .start: startAll()
    case .fault:
      if isFaulty {
        fault()
        events.add(.fault, at: now + 20_000 + random.below(400_000))
      }
    case .tick(let id, let life):
      guard isAlive(id, life, event) else { return }
      events.add(event, at: now + Self.tickMicroseconds * 1000 / (nodes[id]?.rate ?? 1000))
      step(id, .tick)
    case .deliver(let message):
      guard !cuts.contains(message.from * 256 + message.to), let life = nodes[message.to]?.life,
        isAlive(message.to, life, event)
      else { return }
      step(message.to, .message(message))
    case .written(let id, let life):
      guard isAlive(id, life, event) else { return }
      written(id)
    case .fetched(let id, let life, let snapshot):
      guard isAlive(id, life, event) else { return }
      step(id, .fetched(snapshot))
    case .fetchOverdue(let id, let life, let peer):
      guard isAlive(id, life, event) else { return }
      step(id, .fetchReported(peer: peer, succeeded: false))
    }
  }

  /// Whether the node runs that life still; the events of a paused one wait for it.
  private mutating func isAlive(_ id: NodeID, _ life: Int, _ event: Event) -> Bool {
    guard let node = nodes[id], node.core != nil, node.life == life else { return false }
    if node.pausedUntil > now { events.add(event, at: node.pausedUntil) }
    return node.pausedUntil <= now
  }

  private mutating func written(_ id: NodeID) {
    guard let node = nodes[id], !node.pendingWrites.isEmpty else { return }
    let write = node.pendingWrites.removeFirst()
    node.disk.carryOut(write)
    node.durableWrite = write.number
    let free = node.held.filter { $0.write <= write.number }
    node.held.removeAll { $0.write <= write.number }
    for item in free { send(item.message) }
    step(id, .persisted(write: write.number))
  }

  func nanoseconds(of id: NodeID) -> UInt64 { UInt64(now) * UInt64(nodes[id]?.rate ?? 1000) }

  // MARK: Steps

  mutating func step(_ id: NodeID, _ input: RaftInput) {
    guard let node = nodes[id], let before = node.view, let ready = node.core?.step(input), let after = node.core else {
      return
    }
    steps += 1
    digest.add(UInt64(now) ^ id << 48)
    digest.add(after.term ^ after.commitIndex << 32)
    checker.check(id, before: before, after: after, ready: ready)
    tell(id, before, after, input)
    if let write = ready.write {
      if let snapshot = write.install { install(node, snapshot) }
      node.pendingWrites.append(write)
      let latency = 100 + random.below(random.chance(5) ? 60_000 : 2_000)
      node.writeDoneAt = max(node.writeDoneAt, now) + latency
      events.add(.written(id, life: node.life), at: node.writeDoneAt)
    }
    for outgoing in ready.messages {
      if let write = outgoing.afterWrite, write > node.durableWrite {
        node.held.append((write, outgoing.message))
      } else {
        send(outgoing.message)
      }
    }
    apply(node, ready.committed, after)
    node.lease.committed(through: after.commitIndex, term: after.term)
    for read in ready.reads {
      if let index = read.index, let committed = asked[read.id] {
        checker.read(id, index: index, committedWhenAsked: committed, how: "read index")
        coverage["read answered", default: 0] += 1
      }
    }
    if let snapshot = ready.fetch {
      events.add(.fetched(id, life: node.life, snapshot), at: now + 5_000 + random.below(400_000))
    }
    if let ignored = ready.ignored { coverage["ignored \(ignored)", default: 0] += 1 }
  }

  private mutating func apply(_ node: Node, _ range: Range<UInt64>, _ core: RaftCore) {
    guard !range.isEmpty else { return }
    for entry in core.entries(in: range) {
      if entry.index != node.state.index + 1 { checker.report("\(node.id) skipped to \(entry.index)") }
      node.state.index = entry.index
      node.state.hash = Digest.spread(node.state.hash ^ SafetyChecker.hash(entry))
      if let change = entry.kind == .membership ? MembershipChange(decoding: entry.payload) : nil {
        node.state.membership = node.state.membership.applying(change) ?? node.state.membership
      }
      checker.applied(
        node.id, index: entry.index, term: entry.term, state: node.state.hash, knownInTerm: core.term)
    }
    if node.state.index != core.appliedIndex { checker.report("\(node.id) was not given \(core.appliedIndex)") }
  }

  private mutating func install(_ node: Node, _ snapshot: Snapshot) {
    let hash = snapshot.reference.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    checker.installed(node.id, index: snapshot.index, state: hash)
    node.state = State(index: snapshot.index, hash: hash, membership: snapshot.membership)
    coverage["snapshot installed", default: 0] += 1
  }

  mutating func send(_ message: Message) {
    checker.sent(message)
    if case .snapshot = message.body {
      let event = Event.fetchOverdue(message.from, life: nodes[message.from]?.life ?? 0, peer: message.to)
      events.add(event, at: now + 1_000_000)
    }
    guard !random.chance(dropPercent) else { return }
    for _ in 0..<(isFaulty && random.chance(3) ? 2 : 1) {
      events.add(.deliver(message), at: now + 50 + random.below(delayMax))
    }
  }

  // MARK: Clients

  var leaders: [NodeID] { names.filter { nodes[$0]?.core?.role == .leader && (nodes[$0]?.pausedUntil ?? 0) <= now } }

  private mutating func client() {
    for id in leaders {
      nextId += 1
      let payload = (0..<8).map { UInt8(truncatingIfNeeded: nextId >> UInt64(8 * $0)) }
      let time = nanoseconds(of: id)
      step(id, .propose(Array(repeating: payload, count: 1 + random.below(3))))
      if let core = nodes[id]?.core, core.role == .leader {
        nodes[id]?.lease.proposed(index: core.lastIndex, term: core.term, at: time)
      }
    }
    let id = random.pick(names)
    guard let node = nodes[id], let core = node.core, node.pausedUntil <= now else { return }
    let holds = sabotage == .leaseNeverEnds ? core.mayUseLease : node.lease.holds(for: core, at: nanoseconds(of: id))
    if usesLease, holds {
      checker.read(id, index: core.commitIndex, committedWhenAsked: checker.highestCommitted, how: "lease")
      coverage["read by lease", default: 0] += 1
    }
    nextId += 1
    asked[nextId] = checker.highestCommitted
    step(id, .readIndex(id: nextId))
  }
}

extension SafetyChecker {
  mutating func fail(liveness text: String) { report("no agreement in peace: \(text)") }
}
