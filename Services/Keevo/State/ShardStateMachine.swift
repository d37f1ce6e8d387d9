import KeevoClient

/// What one shard does with its log: pure but for reads of the state it is given. The same entries give the same batches,
/// results and changes on every replica.
struct ShardStateMachine: Sendable {
  struct Limits: Equatable, Sendable {
    var requests = RequestTable.Limits()
    /// Bytes that the scans after all sub-batches of one log entry may answer together.
    var entryScanBytesMax = 16 << 20
  }

  static let mapEpoch: UInt8 = 1

  private(set) var applied: AppliedMark
  private(set) var requests: RequestTable
  private let limits: Limits

  /// Continues from what the state holds.
  init(state: any StateReader, limits: Limits = Limits()) throws(StoreError) {
    self.limits = limits
    applied =
      try state.value(StoredKey.applied).map { bytes throws(StoreError) in try AppliedMark.decode(bytes) } ?? .none
    requests = try RequestTable.load(from: state, limits: limits.requests, timeMilliseconds: applied.timeMilliseconds)
  }

  /// Applies the next entry. Nothing is changed in `state`: that is the batch's work.
  mutating func apply(_ entry: LogEntry, on state: any StateReader) throws(StoreError) -> AppliedEntry {
    guard entry.index == applied.index + 1 else {
      throw .failed("entry \(entry.index) came to be applied after entry \(applied.index)")
    }
    var time = applied.timeMilliseconds
    var commands: [Command] = []
    if entry.kind == .command {
      let decoded = try CommandEncoding.decodeEntry(entry.payload)
      commands = decoded.commands
      time = max(time, decoded.timeMilliseconds)
    }
    var run = EntryRun(
      overlay: Overlay(base: state), index: entry.index, timeMilliseconds: time, scanBytesLeft: limits.entryScanBytesMax
    )
    var results: [CommandResult] = []
    results.reserveCapacity(commands.count)
    var noted: [(identity: RequestIdentity, result: CommandResult)] = []
    var emptied = requests.sweep(timeMilliseconds: time, previous: applied.timeMilliseconds)
    for command in commands {
      let result: CommandResult
      switch requests.lookup(command.identity) {
      case .repeated(let index): result = try answer(command.identity, index, entry.index, noted, state)
      case .refused(let refusal): result = refusal
      case .fresh:
        result = try run.apply(command)
        if case .overloaded = result { break }
        noted.append((command.identity, result))
        emptied += requests.note(command.identity, index: entry.index, timeMilliseconds: time)
      }
      // Ordinals are places in the entry, whatever comes of the command.
      run.nextOrdinal += command.ordinals
      results.append(result)
    }
    applied = AppliedMark(index: entry.index, term: entry.term, timeMilliseconds: time)
    var batch = run.overlay.batch()
    for row in emptied where row != entry.index { batch.delete(StoredKey.requests(index: row), writtenOnce: true) }
    if !noted.isEmpty {
      batch.put(StoredKey.requests(index: entry.index), RequestTable.encodeRow(timeMilliseconds: time, noted))
    }
    batch.put(StoredKey.applied, applied.encode())
    return AppliedEntry(index: entry.index, batch: batch, results: results, changes: run.changes)
  }

  /// The answer given the first time.
  private func answer(
    _ identity: RequestIdentity, _ row: UInt64, _ current: UInt64,
    _ noted: [(identity: RequestIdentity, result: CommandResult)], _ state: any StateReader
  ) throws(StoreError) -> CommandResult {
    func isSame(_ other: RequestIdentity) -> Bool {
      other.clientID == identity.clientID && other.sequence == identity.sequence
    }
    if row == current, let found = noted.first(where: { isSame($0.identity) }) { return found.result }
    guard let bytes = try state.value(StoredKey.requests(index: row)) else {
      throw .failed("the request table lacks the row of entry \(row)")
    }
    guard let found = try RequestTable.decodeRow(bytes).requests.first(where: { isSame($0.identity) }) else {
      throw .failed("the request table's row of entry \(row) lacks a request that its index names")
    }
    return found.result
  }
}

/// What applying one entry gave.
struct AppliedEntry: Sendable {
  var index: UInt64
  var batch: StateBatch
  /// One a command, in order.
  var results: [CommandResult]
  var changes: [RowChange]
}

/// A changed row, for watchers.
struct RowChange: Equatable, Sendable {
  /// As stored: it names class, partition and key.
  var key: [UInt8]
  /// As stored; `nil` when the row went.
  var value: [UInt8]?
}
