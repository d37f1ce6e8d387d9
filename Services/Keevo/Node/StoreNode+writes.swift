import KeevoClient

extension StoreNode {
  /// Applies sub-batches, one log entry a shard. Answered when durable and applied in every shard it touches.
  ///
  /// A repeated identity is answered as the first time; `unknown` and `deadlineExceeded` may be repeated so, `invalid`
  /// must not be.
  public func write(
    _ request: WriteRequest, identity: RequestIdentity
  ) async throws(StoreError) -> WriteResponse {
    try StoreLimits.check(request)
    try Self.check(identity)
    var parts: [Int: [Int]] = [:]
    for (position, batch) in request.batches.enumerated() {
      try Self.checkConditions(batch)
      parts[shard(of: batch.partition), default: []].append(position)
    }
    let split = parts.sorted { $0.key < $1.key }
    let results = try await propose(
      split.map { shard, positions in
        (
          shard,
          Command(
            identity: identity, traceID: request.traceID, body: .write(positions.map { request.batches[$0] }))
        )
      })
    var all: [SubBatchResult?] = Array(repeating: nil, count: request.batches.count)
    for (part, result) in zip(split, results) {
      guard case .write(let own) = result, own.count == part.value.count else {
        throw .invalid("the sequence \(identity.sequence) was used before for another request")
      }
      for (position, result) in zip(part.value, own) { all[position] = result }
    }
    return WriteResponse(results: all.compactMap { $0 })
  }

  /// Puts one value under many partitions, one log entry a shard.
  public func putMany(
    _ request: PutManyRequest, identity: RequestIdentity
  ) async throws(StoreError) -> PutManyResponse {
    try StoreLimits.check(request)
    try Self.check(identity)
    guard
      request.targets.reduce(0, { $0 + $1.partitionName.count + 8 }) + request.value.count <= StoreLimits.batchBytesMax
    else { throw .invalid("a PutMany has at most \(StoreLimits.batchBytesMax) bytes of names and value") }
    var parts: [Int: [Int]] = [:]
    for (position, target) in request.targets.enumerated() {
      parts[shard(of: Partition(app: request.app, name: target.partitionName)), default: []].append(position)
    }
    let split = parts.sorted { $0.key < $1.key }
    let results = try await propose(
      split.map { shard, positions in
        var own = request
        own.targets = positions.map { request.targets[$0] }
        return (shard, Command(identity: identity, traceID: request.traceID, body: .putMany(own)))
      })
    var late: [Int] = []
    for (part, result) in zip(split, results) {
      guard case .putMany(let isLate) = result else {
        throw .invalid("the sequence \(identity.sequence) was used before for another request")
      }
      if isLate { late += part.value }
    }
    return PutManyResponse(late: late.sorted())
  }

  /// Which shard a partition lies on.
  func shard(of partition: Partition) -> Int { Int(partition.slot / (Topology.slots / UInt32(options.shards))) }

  private func propose(_ commands: [(shard: Int, command: Command)]) async throws(StoreError) -> [CommandResult] {
    if commands.isEmpty { return [] }
    let encoded = commands.map {
      (shard: $0.shard, bytes: CommandEncoding.encode($0.command), ordinals: $0.command.ordinals)
    }
    for part in encoded where part.bytes.count > options.logSegmentBytes / 2 {
      throw .invalid("the write is encoded in \(part.bytes.count) bytes, more than half a log segment")
    }
    let results: [Result<CommandResult, StoreError>] = await withUnsafeContinuation { continuation in
      let call = PendingCall(parts: encoded.count, continuation)
      let parts = encoded.enumerated().map { part, item in
        (
          shard: item.shard,
          proposal: Proposal(command: item.bytes, ordinals: item.ordinals) { call.complete(part, $0) }
        )
      }
      do throws(StoreError) { try path.submit(parts) } catch {
        for part in encoded.indices { call.complete(part, .failure(error)) }
      }
    }
    var answers: [CommandResult] = []
    answers.reserveCapacity(results.count)
    var failures: [StoreError] = []
    for result in results {
      switch result {
      case .success(.refused(let text)): failures.append(.invalid(text))
      case .success(.overloaded(let text)): failures.append(.overloaded(text))
      case .success(let answer): answers.append(answer)
      case .failure(let error): failures.append(error)
      }
    }
    guard let first = failures.first else { return answers }
    // With one part done or in doubt, the call as a whole may only be repeated, with the same identity.
    for failure in failures { if case .unknown = failure { throw failure } }
    for failure in failures { if case .invalid = failure { throw failure } }
    if !answers.isEmpty { throw .unknown("one shard has answered, another has not: \(first)") }
    throw first
  }

  private static func check(_ identity: RequestIdentity) throws(StoreError) {
    guard identity.clientID != 0, identity.sequence != 0 else {
      throw .invalid("a write needs a client id and a sequence, both from 1")
    }
    guard identity.acknowledgedBelow <= identity.sequence else {
      throw .invalid("a write cannot acknowledge its own sequence or a later one")
    }
  }

  private static func checkConditions(_ batch: SubBatch) throws(StoreError) {
    let stampsMax = 1_024
    for condition in batch.conditions {
      switch condition {
      case .absent(let key), .versionEquals(let key, _): try StoreLimits.check(key, in: batch.partition)
      case .valueEquals(let key, let value):
        try StoreLimits.check(key, in: batch.partition)
        guard value.count <= StoreLimits.valueBytesMax else {
          throw .invalid("a condition's value has at most \(StoreLimits.valueBytesMax) bytes")
        }
      case .rangeEmpty(let range): try check(range, in: batch.partition)
      case .notAfter: break
      }
    }
    for operation in batch.operations {
      switch operation {
      case .deleteRange(let range): try check(range, in: batch.partition)
      case .put(_, _, let keyStamps, let valueStamps), .putIfAbsent(_, _, let keyStamps, let valueStamps):
        guard keyStamps.count + valueStamps.count <= stampsMax else {
          throw .invalid("a put has at most \(stampsMax) stamps")
        }
      case .delete, .add: break
      }
    }
    if let range = batch.scanAfter { try check(range, in: batch.partition) }
    guard batch.conditions.count <= StoreLimits.operationsMax else {
      throw .invalid("a sub-batch has at most \(StoreLimits.operationsMax) conditions")
    }
  }

  static func check(_ range: RowRange, in partition: Partition) throws(StoreError) {
    guard max(range.start.count, range.end.count) + partition.name.count <= StoreLimits.keyBytesMax + 1 else {
      throw .invalid("a range's ends have at most \(StoreLimits.keyBytesMax) bytes")
    }
  }
}
