import Raft

/// Our side of the lockstep: a few replicas, their disks, and the messages on their way. Whatever a step asks to be
/// written is durable, and whatever it sends is on its way, before the next step.
struct LockstepCluster {
  struct Settings {
    var electionTicks = 10
    var heartbeatTicks = 1
    var preVote = true
    var checkQuorum = true
    var appendBytesMax = 1 << 20
    var inflightMessagesMax = 256
    var uncommittedBytesMax = 1 << 20
    var nodes = 3
    var founding = Membership(voters: [1, 2, 3])
  }

  struct Node {
    var core: RaftCore?
    var disk: TestDisk
  }

  enum Operation: UInt8 {
    case end, tick, deliver, duplicate, drop, propose, change, crash, start, compact, transfer, read, unreachable,
      fetchReport, campaign, torn
  }

  /// Why the oracle does not do the same; see "Masks" in Oracle/main.go.
  enum Mark: UInt8 {
    case none, termNotCommitted, changePending, ownRemoval, pointless, overloaded, notPassedOn, leftOffice
  }

  static let poolMax = 192

  let settings: Settings
  private(set) var nodes: [Node] = []
  private(set) var pool: [Message] = []
  /// Kept only where asked for: it costs more than the steps themselves.
  var coverage: Coverage?

  init(_ settings: Settings, timeoutSeeds: [UInt64]) {
    self.settings = settings
    for id in 1...UInt64(settings.nodes) {
      let isFounder = settings.founding.contains(id)
      nodes.append(Node(core: nil, disk: TestDisk(founding: isFounder ? settings.founding : nil)))
      start(id, seed: timeoutSeeds[Int(id) - 1])
    }
  }

  func core(_ node: UInt64) -> RaftCore? { nodes[Int(node) - 1].core }

  mutating func start(_ node: UInt64, seed: UInt64) {
    var options = RaftOptions(id: node)
    options.electionTicks = settings.electionTicks
    options.heartbeatTicks = settings.heartbeatTicks
    options.preVote = settings.preVote
    options.checkQuorum = settings.checkQuorum
    options.appendBytesMax = settings.appendBytesMax
    options.inflightMessagesMax = settings.inflightMessagesMax
    options.inflightBytesMax = .max  // etcd 3.4 counts messages only
    options.uncommittedBytesMax = settings.uncommittedBytesMax
    options.admitsBlankVoters = true  // as etcd does
    nodes[Int(node) - 1].core = try? RaftCore(
      options: options, restored: nodes[Int(node) - 1].disk.restored(), timeouts: ElectionTimeouts(seed: seed))
  }

  mutating func crash(_ node: UInt64) { nodes[Int(node) - 1].core = nil }

  mutating func take(_ slot: Int) -> Message { pool.remove(at: slot) }

  private func view(_ place: Int) -> CoreView? {
    guard let core = nodes[place].core else { return nil }
    return CoreView(core)
  }

  /// Steps the node and does what it asks for, until it asks for nothing.
  mutating func step(_ node: UInt64, _ input: RaftInput, into digest: inout Digest) -> Mark {
    let place = Int(node) - 1
    guard var before = view(place), var ready = nodes[place].core?.step(input) else { return .none }
    let role = before.role
    var mark = Mark.none
    if case .change = input { mark = Self.mark(ready.refused) }
    if ready.ignored == .wrongRole, case .message(let message) = input, case .readIndex = message.body {
      mark = .notPassedOn
    }
    var sent: [Message] = []
    var reads: [ReadState] = []
    while true {
      if coverage != nil, let after = view(place) {
        coverage?.note(before: before, after: after, ready: ready)
        before = after
      }
      sent += ready.messages.map(\.message)
      reads += ready.reads.filter { $0.index != nil }
      if role == .leader, let members = ready.membership, !members.voters.contains(node), view(place)?.role != .leader {
        mark = .leftOffice
      }
      if let write = ready.write { nodes[place].disk.carryOut(write) }
      let next: RaftInput? = ready.write.map { .persisted(write: $0.number) } ?? ready.fetch.map { .fetched($0) }
      guard let next, let following = nodes[place].core?.step(next) else { break }
      ready = following
    }
    if mark != .leftOffice {
      for message in sent {
        digest.add(message)
        if pool.count < Self.poolMax { pool.append(message) }
      }
    }
    for read in reads {
      digest.label("read")
      digest.add(node)
      digest.add(read.id)
      digest.add(read.index ?? 0)
    }
    if let core = nodes[place].core { digest.add(core, leftOffice: mark == .leftOffice) }
    if mark == .leftOffice { crash(node) }
    coverage?.note("mark \(mark)")
    return mark
  }

  /// After a start: what follows from the disk alone.
  mutating func settle(_ node: UInt64, into digest: inout Digest) {
    if let core = core(node) { digest.add(core, leftOffice: false) }
  }

  /// The machine stops while it writes what a message led to: some entries are on disk, nothing was sent.
  mutating func tear(_ node: UInt64, _ message: Message, entriesKept: Int) {
    let place = Int(node) - 1
    if let write = nodes[place].core?.step(.message(message)).write {
      nodes[place].disk.carryOut(write, entriesMax: entriesKept)
    }
    crash(node)
  }

  /// Takes an image at the commit index and forgets entries up to `keep` before it.
  mutating func compact(_ node: UInt64, keep: UInt64) {
    let place = Int(node) - 1
    guard var core = nodes[place].core, core.commitIndex > keep else { return }
    let index = core.commitIndex
    guard index > (nodes[place].disk.image?.index ?? 0), let term = core.term(at: index) else { return }
    let image = Snapshot(index: index, term: term, membership: core.membership)
    nodes[place].disk.image = image
    nodes[place].core = nil
    _ = core.step(.offer(image))
    if index - keep >= core.firstIndex {
      _ = core.step(.compact(through: index - keep))
      nodes[place].disk.compact(through: index - keep)
    }
    nodes[place].core = core
  }

  private static func mark(_ refusal: Refusal?) -> Mark {
    switch refusal {
    case .termNotCommitted: .termNotCommitted
    case .changePending: .changePending
    case .ownRemoval: .ownRemoval
    case .pointlessChange: .pointless
    case .overloaded: .overloaded
    default: .none
    }
  }
}
