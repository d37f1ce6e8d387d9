import Raft

/// One seeded schedule: chooses what happens, lets it happen to our cluster, and writes it down for the oracle, with the
/// digest that our side arrived at. All numbers are low byte first:
///
///     'S' seed:8 electionTicks:1 heartbeatTicks:1 flags:1 appendBytesMax:4 inflightMax:2 uncommittedMax:4
///     nodes:1 voters:1 learners:1 (timeout seed:8 for each node)
///     then for each step: operation:1 mark:1 arguments:1 (argument:8 for each) digest:8
///     at the end: 0:1 0:1
struct Schedule {
  typealias Operation = LockstepCluster.Operation

  private enum Weather {
    /// Messages arrive in order, mostly.
    case calm
    /// They get lost, doubled and overtaken; some links are cut, some one way.
    case wild
    /// Calm on either side of a cut that has the leader on its smaller side. It keeps proposing, the others elect another.
    case split
  }

  let seed: UInt64
  private(set) var bytes: [UInt8] = []
  private(set) var steps = 0
  private(set) var cluster: LockstepCluster
  private var random: SplitMix
  private var nextTag: UInt64 = 1
  /// One-way cuts, by `from * 8 + to`.
  private var cuts: Set<UInt64> = []
  private var weather = Weather.calm
  /// Keeps a transcript, for the step to be explained.
  private let explainedStep: Int?
  private(set) var explanation = ""

  /// Payloads come in multiples of this, and limits lie just below multiples, so that frames of different size on the two
  /// sides make no difference (below a hundred entries).
  static let unit = 1024

  init(seed: UInt64, explaining step: Int? = nil, covering: Bool = false) {
    self.seed = seed
    explainedStep = step
    random = SplitMix(seed: seed)
    let settings = Self.settings(&random)
    var seeds: [UInt64] = []
    for _ in 0..<settings.nodes { seeds.append(random.next()) }
    cluster = LockstepCluster(settings, timeoutSeeds: seeds)
    if covering { cluster.coverage = Coverage() }
    writeHead(settings, seeds)
    run()
  }

  private static func settings(_ random: inout SplitMix) -> LockstepCluster.Settings {
    var settings = LockstepCluster.Settings()
    settings.electionTicks = 3 + random.below(random.chance(70) ? 3 : 8)
    settings.heartbeatTicks = 1 + random.below(2)
    settings.preVote = random.chance(70)
    settings.checkQuorum = random.chance(70)
    settings.appendBytesMax = random.pick([0, 2 * unit - 1, 4 * unit - 1, 1 << 30])
    settings.inflightMessagesMax = random.pick([1, 2, 4, 256])
    settings.uncommittedBytesMax = random.pick([3 * unit - 1, 7 * unit - 1, 1 << 30])
    let voters = 1 + random.below(5)
    let learners = random.below(min(2, 5 - voters) + 1)
    let spare = random.below(min(2, 6 - voters - learners) + 1)
    settings.nodes = voters + learners + spare
    settings.founding = Membership(
      voters: (1...UInt64(voters)).map { $0 },
      learners: (0..<UInt64(learners)).map { UInt64(voters) + 1 + $0 })
    return settings
  }

  // MARK: The run

  private mutating func run() {
    let length = 100 + random.below(380)
    tickStorm()
    while steps < length {
      if steps % 32 == 0 { changeWeather() }
      if weather == .wild { wildStep() } else { calmStep() }
    }
    bytes += [0, 0]
  }

  private mutating func changeWeather() {
    weather = random.pick([.calm, .calm, .wild, .split, .split])
    cuts = []
    switch weather {
    case .calm: break
    case .wild:
      for _ in 0..<random.below(5) {
        let (from, to) = (anyNode(), anyNode())
        cuts.insert(from * 8 + to)
        if random.chance(50) { cuts.insert(to * 8 + from) }
      }
    case .split:
      let alone = leaderOrAny()
      let friend = random.chance(30) ? anyNode() : alone
      for node in 1...UInt64(cluster.settings.nodes) where node != alone && node != friend {
        for side in [alone, friend] {
          cuts.insert(side * 8 + node)
          cuts.insert(node * 8 + side)
        }
      }
      if random.chance(70) { tickStorm() }
    }
  }

  private var leaders: [UInt64] {
    (1...UInt64(cluster.settings.nodes)).filter { cluster.core($0)?.role == .leader }
  }

  private mutating func anyNode() -> UInt64 { 1 + UInt64(random.below(cluster.settings.nodes)) }
  private mutating func leaderOrAny() -> UInt64 {
    let leaders = leaders
    return random.chance(90) && !leaders.isEmpty ? random.pick(leaders) : anyNode()
  }

  private mutating func calmStep() {
    if let down = (1...UInt64(cluster.settings.nodes)).first(where: { cluster.core($0) == nil }), random.chance(10) {
      return start(down)
    }
    switch random.below(100) {
    case ..<66 where !cluster.pool.isEmpty: deliver(0, .deliver)
    case ..<80: tick()
    case ..<83 where weather == .split: tickStorm()
    case ..<92: propose(leaderOrAny())
    default: rareStep()
    }
  }

  private mutating func wildStep() {
    switch random.below(100) {
    case ..<45 where !cluster.pool.isEmpty: deliver(random.below(cluster.pool.count), .deliver)
    case ..<52 where !cluster.pool.isEmpty: deliver(random.below(cluster.pool.count), .duplicate)
    case ..<60 where !cluster.pool.isEmpty: drop(random.below(cluster.pool.count))
    case ..<62 where !cluster.pool.isEmpty: deliver(random.below(cluster.pool.count), .torn)
    case ..<80: tick()
    case ..<88: propose(leaderOrAny())
    default: rareStep()
    }
  }

  private mutating func rareStep() {
    let node = leaderOrAny()
    switch random.below(16) {
    case 0..<3: change(node)
    case 3..<5: compact(random.chance(50) ? node : anyNode())
    case 5: transfer(node)
    case 6..<9: read(random.chance(50) ? node : anyNode())
    case 9: simple(.unreachable, node, [anyNode()]) { .unreachable($0[0]) }
    case 10..<12:
      simple(.fetchReport, node, [anyNode(), random.next() & 1]) { .fetchReported(peer: $0[0], succeeded: $0[1] == 1) }
    case 12: simple(.campaign, anyNode(), []) { _ in .campaign }
    case 13: crash(anyNode())
    case 14: start(anyNode())
    default: tickStorm()
    }
  }

  // MARK: Operations

  private mutating func tick() { simple(.tick, anyNode(), []) { _ in .tick } }

  private mutating func tickStorm() {
    let node = anyNode()
    for _ in 0..<cluster.settings.electionTicks + random.below(cluster.settings.electionTicks) {
      simple(.tick, node, []) { _ in .tick }
    }
  }

  private mutating func deliver(_ slot: Int, _ operation: Operation) {
    let message = cluster.pool[slot]
    guard let receiver = cluster.core(message.to), !cuts.contains(message.from * 8 + message.to) else {
      return drop(slot)
    }
    // Ours takes a snapshot that does not list it, etcd's refuses: see "Masks" in Oracle/main.go.
    if case .snapshot(let snapshot) = message.body, !snapshot.membership.contains(message.to) { return drop(slot) }
    if operation == .torn {
      // An only voter writes in two steps with us, in one with etcd; where it tears would differ.
      guard !receiver.membership.isOnlyVoter(message.to) else { return }
      let kept = UInt64(random.below(4))
      let taken = cluster.take(slot)
      cluster.tear(message.to, taken, entriesKept: Int(kept))
      var digest = newDigest()
      digest.add(message.to)
      return record(.torn, .none, [UInt64(slot), kept], digest)
    }
    let taken = operation == .deliver ? cluster.take(slot) : message
    var digest = newDigest()
    let mark = cluster.step(message.to, .message(taken), into: &digest)
    record(operation, mark, [UInt64(slot)], digest)
  }

  private mutating func drop(_ slot: Int) {
    _ = cluster.take(slot)
    var digest = newDigest()
    digest.add(UInt64(cluster.pool.count))
    record(.drop, .none, [UInt64(slot)], digest)
  }

  private mutating func propose(_ node: UInt64) {
    let count = 1 + random.below(3)
    let size = Self.unit * random.below(3)
    let tag = nextTag
    nextTag += UInt64(count)
    let payloads = (0..<UInt64(count)).map { at in
      var payload = [UInt8](repeating: 0, count: size)
      for byte in 0..<min(8, size) { payload[byte] = UInt8(truncatingIfNeeded: (tag + at) >> UInt64(8 * byte)) }
      return payload
    }
    simple(.propose, node, [UInt64(count), UInt64(size), tag]) { _ in .propose(payloads) }
  }

  private mutating func change(_ node: UInt64) {
    guard let kind = MembershipChange.Kind(rawValue: 1 + UInt8(random.below(3))) else { return }
    // Rather more members than fewer, or soon all schedules are about one voter.
    let isRemoval = kind == .remove || kind == .addLearner
    if isRemoval, let core = cluster.core(node), core.membership.voters.count < 3, random.chance(70) { return }
    simple(.change, node, [UInt64(kind.rawValue), anyNode()]) { .change(MembershipChange(kind, $0[1])) }
  }

  private mutating func transfer(_ node: UInt64) {
    // etcd's followers pass the wish on; ours refuse.
    guard cluster.core(node)?.role == .leader else { return }
    simple(.transfer, node, [anyNode()]) { .transfer(to: $0[0]) }
  }

  private mutating func read(_ node: UInt64) {
    nextTag += 1
    simple(.read, node, [nextTag]) { .readIndex(id: $0[0]) }
  }

  private mutating func compact(_ node: UInt64) {
    guard cluster.core(node) != nil else { return }
    let keep = UInt64(random.below(6))
    cluster.compact(node, keep: keep)
    var digest = newDigest()
    cluster.settle(node, into: &digest)
    record(.compact, .none, [node, keep], digest)
  }

  private mutating func crash(_ node: UInt64) {
    guard cluster.core(node) != nil else { return }
    cluster.crash(node)
    var digest = newDigest()
    digest.add(node)
    record(.crash, .none, [node], digest)
  }

  private mutating func start(_ node: UInt64) {
    guard cluster.core(node) == nil else { return }
    let seed = random.next()
    cluster.start(node, seed: seed)
    var digest = newDigest()
    cluster.settle(node, into: &digest)
    record(.start, .none, [node, seed, cluster.core(node)?.commitIndex ?? 0], digest)
  }

  private mutating func simple(
    _ operation: Operation, _ node: UInt64, _ arguments: [UInt64], _ input: ([UInt64]) -> RaftInput
  ) {
    guard cluster.core(node) != nil else { return }
    var digest = newDigest()
    let mark = cluster.step(node, input(arguments), into: &digest)
    record(operation, mark, [node] + arguments, digest)
  }

  // MARK: Writing down

  private func newDigest() -> Digest {
    var digest = Digest()
    if steps + 1 == explainedStep { digest.text = "" }
    return digest
  }

  private mutating func record(
    _ operation: Operation, _ mark: LockstepCluster.Mark, _ arguments: [UInt64], _ digest: Digest
  ) {
    steps += 1
    bytes += [operation.rawValue, mark.rawValue, UInt8(arguments.count)]
    for argument in arguments { write(argument, 8) }
    write(digest.hash, 8)
    if let text = digest.text { explanation = "  operation \(operation) \(arguments), mark \(mark)\(text)" }
  }

  private mutating func write(_ value: UInt64, _ count: Int) {
    for byte in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * byte))) }
  }

  private mutating func writeHead(_ settings: LockstepCluster.Settings, _ seeds: [UInt64]) {
    func mask(_ members: [NodeID]) -> UInt64 { members.reduce(0) { $0 | 1 << ($1 - 1) } }
    bytes.append(UInt8(ascii: "S"))
    write(seed, 8)
    write(UInt64(settings.electionTicks), 1)
    write(UInt64(settings.heartbeatTicks), 1)
    write((settings.preVote ? 1 : 0) | (settings.checkQuorum ? 2 : 0), 1)
    write(UInt64(settings.appendBytesMax), 4)
    write(UInt64(settings.inflightMessagesMax), 2)
    write(UInt64(settings.uncommittedBytesMax), 4)
    write(UInt64(settings.nodes), 1)
    write(mask(settings.founding.voters), 1)
    write(mask(settings.founding.learners), 1)
    for seed in seeds { write(seed, 8) }
  }
}
