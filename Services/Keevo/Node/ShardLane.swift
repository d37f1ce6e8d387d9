import KeevoClient

/// The consensus side of one shard: what waits to be proposed, and what is on its way to the state.
struct ShardLane: Sendable {
  struct Limits: Sendable {
    var mergedEntryBytesMax: Int
    var entriesInFlightMax: Int
  }

  /// Stamps of one entry: an ordinal has 16 bits, and 0xFFFF stands for "after all of them".
  static let ordinalsPerEntryMax = 0xFFFF

  /// What a step left to be done.
  struct Output {
    var records: [LogRecord] = []
    /// Index that is durable once the records are.
    var lastIndex: UInt64 = 0
    var committed: [CommittedEntry] = []
    var permits: [ReadPermit] = []
    var leaseUntil: UInt64 = 0
    /// Requests, and their bytes, that no longer wait.
    var takenCount = 0
    var takenBytes = 0
  }

  let shard: Int
  private let limits: Limits
  private var consensus: any Consensus
  private var waiting: [Proposal] = []
  private var waitingHead = 0
  private var inFlight: [CommittedEntry] = []
  /// Committed, and not yet applied.
  private var applying = 0
  private var lastTime: UInt64

  init(shard: Int, consensus: any Consensus, lastTime: UInt64, limits: Limits) {
    self.shard = shard
    self.consensus = consensus
    self.lastTime = lastTime
    self.limits = limits
  }

  var status: ConsensusStatus { consensus.status }
  var isIdle: Bool { waitingHead == waiting.count && inFlight.isEmpty && applying == 0 }

  mutating func tick(_ nanoseconds: UInt64, _ output: inout Output) {
    handle(consensus.step(.tick(nanoseconds)), [], &output)
  }

  mutating func enqueue(_ proposal: Proposal) { waiting.append(proposal) }

  mutating func read(_ id: UInt64, _ output: inout Output) { handle(consensus.step(.readIndex(id: id)), [], &output) }

  mutating func persisted(_ index: UInt64, _ output: inout Output) {
    handle(consensus.step(.persisted(index: index)), [], &output)
  }

  mutating func applied(_ count: Int) { applying -= count }

  /// The time of the last entry applied at start: later ones are not earlier.
  mutating func resetTime(_ milliseconds: UInt64) { lastTime = max(lastTime, milliseconds) }

  /// Makes entries of what waits, as far as there is room.
  mutating func fill(nowMilliseconds: UInt64, _ output: inout Output) {
    while waitingHead < waiting.count, inFlight.count + applying < limits.entriesInFlightMax {
      var commands: [[UInt8]] = []
      var proposals: [Proposal] = []
      var bytes = 0
      var ordinals = 0
      while waitingHead < waiting.count {
        let next = waiting[waitingHead]
        let fits =
          bytes + next.command.count <= limits.mergedEntryBytesMax
          && ordinals + next.ordinals <= Self.ordinalsPerEntryMax
        if !commands.isEmpty, !fits { break }
        commands.append(next.command)
        proposals.append(next)
        bytes += next.command.count
        ordinals += next.ordinals
        waitingHead += 1
      }
      if waitingHead == waiting.count {
        waiting.removeAll(keepingCapacity: true)
        waitingHead = 0
      }
      output.takenCount += proposals.count
      output.takenBytes += bytes
      lastTime = max(lastTime, nowMilliseconds)
      let payload = CommandEncoding.encodeEntry(timeMilliseconds: lastTime, commands: commands)
      let ready = consensus.step(.propose([(kind: .command, payload: payload)]))
      if ready.entries.isEmpty {
        for proposal in proposals { proposal.complete(.failure(.notLeader(hint: nil))) }
      }
      handle(ready, [proposals], &output)
    }
  }

  private mutating func handle(_ ready: Ready, _ proposals: [[Proposal]], _ output: inout Output) {
    if let state = ready.hardState { output.records.append(.hardState(state, shard: UInt16(shard))) }
    for (position, entry) in ready.entries.enumerated() {
      output.records.append(.entry(entry, shard: UInt16(shard)))
      output.lastIndex = entry.index
      inFlight.append(
        CommittedEntry(
          shard: shard, entry: entry, proposals: position < proposals.count ? proposals[position] : []))
    }
    if !ready.committed.isEmpty {
      // What a former run of the node had written is not in flight here: the node applies it at start.
      let count = inFlight.prefix { $0.entry.index < ready.committed.upperBound }.count
      output.committed += inFlight[..<count]
      inFlight.removeFirst(count)
      applying += count
    }
    output.permits += ready.permits
    output.leaseUntil = max(output.leaseUntil, ready.leaseUntil)
  }

  /// Gives up everything that is not committed: those who wait were never logged, of the others it is not known.
  mutating func abandon(waitingError: StoreError, inFlightError: StoreError) {
    for proposal in waiting[waitingHead...] { proposal.complete(.failure(waitingError)) }
    waiting.removeAll()
    waitingHead = 0
    for entry in inFlight { for proposal in entry.proposals { proposal.complete(.failure(inFlightError)) } }
    inFlight.removeAll()
  }
}
