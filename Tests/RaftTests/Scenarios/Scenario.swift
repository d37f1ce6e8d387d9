@testable import Raft

/// Plays the commands of a transcript on a few cores and tells what happens. Messages wait until `deliver`; disks are
/// quick until `hold`.
struct Scenario {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  struct Node {
    var core: RaftCore?
    var disk: TestDisk
    var isHeld = false
    var pending: [Ready.Write] = []
    var waiting: [(write: UInt64, message: Message)] = []
    var fetched: Snapshot?
  }

  var nodes: [NodeID: Node] = [:]
  var pool: [Message] = []
  private var cuts: Set<[NodeID]> = []
  private(set) var lines: [String] = []
  private var election = 10
  private var usesPreVote = true
  private var checksQuorum = true
  private var oneByOne = false

  var ids: [NodeID] { nodes.keys.sorted() }

  mutating func run(_ command: String) throws -> [String] {
    lines = []
    let words = command.split(separator: " ").map(String.init)
    guard let verb = words.first else { return [] }
    try carryOut(verb, Array(words.dropFirst()))
    return lines.isEmpty ? ["nothing"] : lines
  }

  private mutating func carryOut(_ verb: String, _ words: [String]) throws {
    switch verb {
    case "cluster": try found(words)
    case "deliver": deliver(try words.first.map(link), limit: 1000)
    case "drop":
      let route = try words.first.map(link)
      let lost = pool.filter { route.map($0.matches) ?? true }
      pool.removeAll { route.map($0.matches) ?? true }
      lines = lost.map { "lost: " + Describe.message($0) }
    case "cut":
      for word in words { cuts.insert(try link(word)) }
      lines = ["cut: \(words.joined(separator: " "))"]
    case "heal":
      cuts = []
      lines = ["all links work"]
    case "hold", "sync": try disk(verb, node(words))
    case "crash":
      let id = try node(words)
      nodes[id]?.core = nil
      nodes[id]?.pending = []
      nodes[id]?.waiting = []
      lines = ["\(id) is down"]
    case "wipe":
      nodes[try node(words)]?.disk = TestDisk()
      lines = ["the disk of \(words[0]) is empty"]
    case "start": try start(node(words))
    case "status": for id in ids { status(id) }
    case "pool": lines = pool.map(Describe.message)
    default: try input(verb, words)
    }
  }

  private mutating func input(_ verb: String, _ words: [String]) throws {
    let id = try node(words)
    switch verb {
    case "tick": for _ in 0..<(words.count > 1 ? try number(words, 1) : 1) { step(id, .tick) }
    case "campaign": step(id, .campaign)
    case "lead":
      // The election, without the details.
      step(id, .campaign)
      deliver(nil, limit: 1000)
      lines = []
      status(id)
    case "propose": step(id, .propose(words.dropFirst().map { Array($0.utf8) }))
    case "transfer": step(id, .transfer(to: UInt64(try number(words, 1))))
    case "read": step(id, .readIndex(id: UInt64(try number(words, 1))))
    case "fetched":
      guard let snapshot = nodes[id]?.fetched else { throw Failure(description: "\(id) fetches nothing") }
      step(id, .fetched(snapshot))
    case "abandon": step(id, .fetchAbandoned)
    case "report": step(id, .fetchReported(peer: UInt64(try number(words, 1)), succeeded: words.last == "done"))
    case "change":
      guard words.count > 2, let kind = Self.kinds[words[1]] else { throw Failure(description: "change what?") }
      step(id, .change(MembershipChange(kind, UInt64(try number(words, 2)))))
    case "flush": try flush(id, keeping: words.count > 1 ? number(words, 1) : 0)
    case "inject": try inject(id, words)
    default: throw Failure(description: "no such command: \(verb)")
    }
  }

  static let kinds: [String: MembershipChange.Kind] = ["voter": .addVoter, "learner": .addLearner, "remove": .remove]

  // MARK: Commands

  /// `cluster 1,2,3 [learners 4] [new 5] [election 10] [without-prevote] [without-checkquorum] [one-by-one]`
  private mutating func found(_ words: [String]) throws {
    func list(_ word: String) -> [NodeID] { word.split(separator: ",").compactMap { UInt64($0) } }
    func option(_ name: String) -> String? {
      words.firstIndex(of: name).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
    }
    let membership = Membership(voters: list(words.first ?? ""), learners: list(option("learners") ?? ""))
    election = option("election").flatMap { Int($0) } ?? 10
    usesPreVote = !words.contains("without-prevote")
    checksQuorum = !words.contains("without-checkquorum")
    oneByOne = words.contains("one-by-one")
    (nodes, pool, cuts) = ([:], [], [])
    for id in membership.members { nodes[id] = Node(disk: TestDisk(founding: membership)) }
    for id in list(option("new") ?? "") { nodes[id] = Node(disk: TestDisk()) }
    for id in ids { try start(id) }
    lines = [Describe.membership(membership)]
  }

  private mutating func start(_ id: NodeID) throws {
    guard let disk = nodes[id]?.disk else { throw Failure(description: "no node \(id)") }
    var options = RaftOptions(id: id)
    options.electionTicks = election
    options.preVote = usesPreVote
    options.checkQuorum = checksQuorum
    if oneByOne { options.appendBytesMax = 0 }
    nodes[id]?.core = try RaftCore(options: options, restored: disk.restored(), timeouts: ElectionTimeouts(seed: id))
    nodes[id]?.isHeld = false
    status(id)
  }

  private mutating func status(_ id: NodeID) {
    guard let core = nodes[id]?.core else { return lines.append("\(id) down") }
    lines.append(Describe.status(id, core))
    lines += Describe.progress(core)
  }

  /// All that waits, and what follows from it; on one route, only what waits there now.
  private mutating func deliver(_ route: [NodeID]?, limit: Int) {
    var left = route.map { route in pool.count { $0.matches(route) } } ?? limit
    while left > 0, let at = pool.firstIndex(where: { message in route.map { message.matches($0) } ?? true }) {
      let message = pool.remove(at: at)
      left -= 1
      if cuts.contains([message.from, message.to]) || nodes[message.to]?.core == nil {
        lines.append("lost: " + Describe.message(message))
      } else {
        lines.append(Describe.message(message))
        step(message.to, .message(message))
      }
    }
  }

  private mutating func disk(_ verb: String, _ id: NodeID) {
    if verb == "hold" {
      nodes[id]?.isHeld = true
      return lines.append("the disk of \(id) hangs")
    }
    nodes[id]?.isHeld = false
    while let write = nodes[id]?.pending.first {
      nodes[id]?.pending.removeFirst()
      finish(id, write)
    }
  }

  private mutating func flush(_ id: NodeID, keeping keep: Int) throws {
    guard let core = nodes[id]?.core, let term = core.term(at: core.appliedIndex) else { return }
    let image = Snapshot(index: core.appliedIndex, term: term, membership: core.membership)
    nodes[id]?.disk.image = image
    step(id, .offer(image))
    step(id, .compact(through: image.index - UInt64(keep)))
    nodes[id]?.disk.compact(through: image.index - UInt64(keep))
    lines.append("  \(id) holds the log after \(nodes[id]?.core?.log.base.index ?? 0)")
  }

  /// `inject 2 from 1 term 3 append 1/1 commit 4 [5/3 6/3]` or `… heartbeat commit 4`: a message that nobody sent.
  private mutating func inject(_ id: NodeID, _ words: [String]) throws {
    func after(_ name: String) throws -> String {
      guard let at = words.firstIndex(of: name), at + 1 < words.count else { throw Failure(description: "\(name)?") }
      return words[at + 1]
    }
    func place(_ word: String) throws -> (UInt64, UInt64) {
      let parts = word.split(separator: "/").compactMap { UInt64($0) }
      guard parts.count == 2 else { throw Failure(description: "\(word) is no place") }
      return (parts[0], parts[1])
    }
    let commit = UInt64(try after("commit")) ?? 0
    var body = Message.Body.heartbeat(commit: commit, read: nil)
    if words.contains("append") {
      let (previous, previousTerm) = try place(after("append"))
      let rest = words.drop { $0 != "commit" }.dropFirst(2)
      let entries = try rest.map { word in
        let (index, term) = try place(word)
        return Entry(term: term, index: index, payload: Array("x".utf8))
      }
      body = .append(.init(previousIndex: previous, previousTerm: previousTerm, entries: entries, commit: commit))
    }
    let message = Message(
      from: UInt64(try after("from")) ?? 0, to: id, term: UInt64(try after("term")) ?? 0, body: body)
    lines.append(Describe.message(message))
    step(id, .message(message))
  }

  // MARK: Steps

  private mutating func step(_ id: NodeID, _ input: RaftInput) {
    guard let ready = nodes[id]?.core?.step(input) else { return lines.append("  \(id) is down") }
    tell(id, ready)
    for outgoing in ready.messages {
      if let write = outgoing.afterWrite {
        nodes[id]?.waiting.append((write, outgoing.message))
      } else {
        pool.append(outgoing.message)
      }
    }
    if let snapshot = ready.fetch { nodes[id]?.fetched = snapshot }
    if let write = ready.write {
      if nodes[id]?.isHeld == true { nodes[id]?.pending.append(write) } else { finish(id, write) }
    }
  }

  private mutating func finish(_ id: NodeID, _ write: Ready.Write) {
    nodes[id]?.disk.carryOut(write)
    let free = nodes[id]?.waiting.filter { $0.write <= write.number } ?? []
    nodes[id]?.waiting.removeAll { $0.write <= write.number }
    pool += free.map(\.message)
    step(id, .persisted(write: write.number))
  }

  private mutating func tell(_ id: NodeID, _ ready: Ready) {
    if let state = ready.softState {
      let term = nodes[id]?.core?.term ?? 0
      lines.append("  \(id) is \(state.role) of term \(term), leader \(state.leader.map(String.init) ?? "unknown")")
    }
    if let refused = ready.refused { lines.append("  \(id) refuses: \(Describe.refusal(refused))") }
    if let ignored = ready.ignored { lines.append("  \(id) ignores it: \(ignored)") }
    if let write = ready.write {
      if let install = write.install { lines.append("  \(id) installs the state of \(install.index)/\(install.term)") }
      if !write.entries.isEmpty {
        lines.append("  \(id) writes \(write.entries.map(Describe.entry).joined(separator: ", "))")
      }
    }
    if let snapshot = ready.fetch { lines.append("  \(id) fetches the state of \(snapshot.index)/\(snapshot.term)") }
    if let core = nodes[id]?.core {
      for entry in core.entries(in: ready.committed) { lines.append("  \(id) applies \(Describe.entry(entry))") }
    }
    if let membership = ready.membership { lines.append("  \(id) knows \(Describe.membership(membership))") }
    for read in ready.reads {
      lines.append("  \(id) may answer read \(read.id): " + (read.index.map { "from \($0) on" } ?? "no"))
    }
  }

  // MARK: Words

  private func number(_ words: [String], _ at: Int) throws -> Int {
    guard at < words.count, let number = Int(words[at]) else { throw Failure(description: "a number is missing") }
    return number
  }

  private func node(_ words: [String]) throws -> NodeID {
    let id = UInt64(try number(words, 0))
    guard nodes[id] != nil else { throw Failure(description: "no node \(id)") }
    return id
  }

  /// `1>2`; `1>` for all that 1 sends, `>1` for all that it gets.
  private func link(_ word: String) throws -> [NodeID] {
    let parts = word.split(separator: ">", omittingEmptySubsequences: false)
    guard parts.count == 2, word != ">" else { throw Failure(description: "\(word) is no link") }
    return parts.map { UInt64($0) ?? 0 }
  }
}

extension Message {
  fileprivate func matches(_ link: [NodeID]) -> Bool {
    (link[0] == 0 || from == link[0]) && (link[1] == 0 || to == link[1])
  }
}
