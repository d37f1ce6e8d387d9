import KeevoClient
import Testing

@testable import KeevoService

/// A machine with its state, fed entry by entry.
private struct Machine {
  var machine: ShardStateMachine
  let state = MemoryState()
  private var next: UInt64 = 1
  private var sequence: UInt64 = 0

  init(limits: ShardStateMachine.Limits = .init()) throws {
    machine = try ShardStateMachine(state: state, limits: limits)
  }

  mutating func entry(at time: UInt64 = 1_000, _ commands: [Command]) throws -> AppliedEntry {
    let payload = CommandEncoding.encodeEntry(timeMilliseconds: time, commands: commands.map(CommandEncoding.encode))
    let applied = try machine.apply(LogEntry(term: 1, index: next, kind: .command, payload: payload), on: state)
    try state.commit(applied.batch)
    next += 1
    return applied
  }

  mutating func write(at time: UInt64 = 1_000, _ batches: SubBatch...) throws -> [SubBatchResult] {
    sequence += 1
    let identity = RequestIdentity(clientID: 9, sequence: sequence, acknowledgedBelow: sequence)
    let applied = try entry(at: time, [Command(identity: identity, traceID: [], body: .write(batches))])
    guard case .write(let results) = applied.results[0] else {
      Issue.record("\(applied.results)")
      return []
    }
    return results
  }

  func value(_ key: RowKey, in partition: Partition = home) throws -> VersionedValue? {
    try state.value(StoredKey.encode(partition, key)).map { try StoredRow.decode($0) }
  }
}

private let home = Partition(app: 1, "home")
private let key = RowKey(space: 0x61, rest: [1])
private let other = RowKey(space: 0x61, rest: [2])

private func stamp(_ index: UInt64, _ ordinal: UInt16 = 0) -> Stamp {
  Stamp(mapEpoch: 1, index: index, ordinal: ordinal)
}

private func bytes(_ stamp: Stamp) -> [UInt8] {
  (0..<8).map { UInt8(truncatingIfNeeded: stamp.rawValue >> UInt64(56 - 8 * $0)) }
}

@Suite struct ShardStateMachineTests {
  @Test func aConditionThatFailsNamesItselfAndNothingIsWritten() throws {
    var machine = try Machine()
    _ = try machine.write(SubBatch(partition: home, operations: [.put(key, value: [7])]))
    let result = try machine.write(
      SubBatch(partition: home, conditions: [.absent(other), .absent(key)], operations: [.put(other, value: [8])]))[0]
    #expect(result.failedCondition == 1)
    #expect(!result.applied)
    #expect(try machine.value(other) == nil)
  }

  @Test func everyKindOfConditionHoldsAndFails() throws {
    var machine = try Machine()
    let first = try machine.write(SubBatch(partition: home, operations: [.put(key, value: [7])]))[0]
    let cases: [(Condition, Bool)] = [
      (.absent(other), true), (.absent(key), false),
      (.versionEquals(key, first.stamp), true), (.versionEquals(key, .zero), false),
      (.versionEquals(other, .zero), false),
      (.valueEquals(key, [7]), true), (.valueEquals(key, [8]), false), (.valueEquals(other, []), false),
      (.rangeEmpty(RowRange(space: 0x61, start: [2])), true), (.rangeEmpty(RowRange(space: 0x61, start: [1])), false),
      (.rangeEmpty(RowRange(space: 0x61, end: [1])), true), (.rangeEmpty(RowRange(rowClass: .jobs, space: 0x61)), true),
      (.notAfter(milliseconds: 1_000), true), (.notAfter(milliseconds: 999), false),
    ]
    for (condition, holds) in cases {
      let result = try machine.write(SubBatch(partition: home, conditions: [condition], operations: []))[0]
      #expect(result.applied == holds, "\(condition)")
    }
  }

  @Test func conditionsSeeEarlierSubBatchesOfTheSameEntry() throws {
    var machine = try Machine()
    let results = try machine.write(
      SubBatch(partition: home, operations: [.put(key, value: [1])]),
      SubBatch(partition: home, conditions: [.absent(key)], operations: [.put(other, value: [2])]),
      SubBatch(partition: home, conditions: [.versionEquals(key, stamp(1, 0))], operations: [.delete(key)]),
      SubBatch(partition: home, conditions: [.rangeEmpty(RowRange(space: 0x61))], operations: [.put(other, value: [3])])
    )
    #expect(results.map(\.failedCondition) == [nil, 0, nil, nil])
    #expect(results.map(\.stamp) == [stamp(1, 0), stamp(1, 1), stamp(1, 2), stamp(1, 3)])
    #expect(try machine.value(other) == VersionedValue(value: [3], version: stamp(1, 3)))
    #expect(try machine.value(key) == nil)
  }

  @Test func stampsAreWrittenIntoKeysAndValues() throws {
    var machine = try Machine()
    _ = try machine.write(
      SubBatch(
        partition: home,
        operations: [
          .put(
            RowKey(space: 0x6A, rest: [5] + [UInt8](repeating: 0xEE, count: 8) + [6]),
            value: [UInt8](repeating: 0, count: 18), keyStampAt: [1], valueStampAt: [0, 10])
        ]))
    let row = try machine.value(RowKey(space: 0x6A, rest: [5] + bytes(stamp(1)) + [6]))
    #expect(row?.value == bytes(stamp(1)) + [0, 0] + bytes(stamp(1)))
    #expect(row?.version == stamp(1))
  }

  @Test func putIfAbsentLeavesARowAsItIs() throws {
    var machine = try Machine()
    let batch = SubBatch(partition: home, operations: [.putIfAbsent(key, value: [1])])
    let second = SubBatch(
      partition: home, operations: [.putIfAbsent(key, value: [2]), .putIfAbsent(other, value: [3])])
    _ = try machine.write(batch)
    let result = try machine.write(second)[0]
    #expect(result.applied)
    #expect(try machine.value(key) == VersionedValue(value: [1], version: stamp(1)))
    #expect(try machine.value(other) == VersionedValue(value: [3], version: stamp(2)))
  }

  @Test func deleteRangeIsHalfOpenAndKeepsToItsSpaceClassAndPartition() throws {
    var machine = try Machine()
    let next = Partition(app: 1, "home2")
    let rows = [
      RowKey(space: 0x61, rest: [1]), RowKey(space: 0x61, rest: [2]), RowKey(space: 0x61, rest: [2, 0]),
      RowKey(space: 0x61, rest: [3]), RowKey(space: 0x62, rest: [2]), RowKey(rowClass: .jobs, space: 0x61, rest: [2]),
    ]
    for partition in [home, next] {
      _ = try machine.write(SubBatch(partition: partition, operations: rows.map { .put($0, value: [0]) }))
    }
    _ = try machine.write(
      SubBatch(
        partition: home,
        operations: [
          .put(RowKey(space: 0x61, rest: [2, 9]), value: [1]),
          .deleteRange(RowRange(space: 0x61, start: [2], end: [3])),
        ]))
    for row in rows {
      let expected = row.rowClass == .data && row.space == 0x61 && row.rest.first == 2
      #expect(try (machine.value(row) == nil) == expected, "\(row)")
      #expect(try machine.value(row, in: next) != nil)
    }
    #expect(try machine.value(RowKey(space: 0x61, rest: [2, 9])) == nil)
  }

  @Test func addCountsFromNothingAndWraps() throws {
    var machine = try Machine()
    let add = { (delta: Int64) in SubBatch(partition: home, operations: [.add(key, delta: delta)]) }
    _ = try machine.write(add(5), add(-7))
    #expect(try machine.value(key)?.value == [0xFE, 255, 255, 255, 255, 255, 255, 255])
    _ = try machine.write(add(.max), add(3))
    #expect(try machine.value(key)?.value == [0, 0, 0, 0, 0, 0, 0, 0x80])
  }

  @Test func scanAfterSeesTheEntrysOwnRowsInOrder() throws {
    var machine = try Machine()
    _ = try machine.write(
      SubBatch(
        partition: home,
        operations: [
          .put(RowKey(space: 0x61, rest: [2]), value: [2]), .put(RowKey(space: 0x61, rest: [4]), value: [4]),
        ]))
    let result = try machine.write(
      SubBatch(
        partition: home,
        operations: [
          .put(RowKey(space: 0x61, rest: [1]), value: [1]), .delete(RowKey(space: 0x61, rest: [2])),
          .put(RowKey(space: 0x61, rest: [3]), value: [3]), .put(RowKey(space: 0x61, rest: [5]), value: [5]),
        ], scanAfter: RowRange(space: 0x61), scanAfterLimit: 3))[0]
    #expect(result.scanned.map(\.value) == [[1], [3], [4]])
    #expect(result.scanned.map(\.version) == [stamp(2), stamp(2), stamp(1)])
  }

  @Test func theTimeOfAShardNeverGoesBack() throws {
    var machine = try Machine()
    let empty = SubBatch(partition: home, operations: [])
    #expect(try machine.write(at: 5_000, empty)[0].timeMilliseconds == 5_000)
    #expect(try machine.write(at: 3_000, empty)[0].timeMilliseconds == 5_000)
    #expect(
      try machine.write(
        at: 3_000, SubBatch(partition: home, conditions: [.notAfter(milliseconds: 4_000)], operations: []))[0]
        .failedCondition == 0)
  }

  @Test func putManyWritesEveryTargetUnlessItIsLate() throws {
    var machine = try Machine()
    var request = PutManyRequest(
      app: 1, space: 0x65, restPrefix: [9], value: [1, 2],
      targets: [.init(partitionName: Array("a".utf8), own: 1), .init(partitionName: Array("b".utf8), own: 2)],
      notAfterMilliseconds: 2_000)
    func send(_ sequence: UInt64, at time: UInt64) throws -> CommandResult {
      let identity = RequestIdentity(clientID: 4, sequence: sequence, acknowledgedBelow: 0)
      return try machine.entry(at: time, [Command(identity: identity, traceID: [], body: .putMany(request))]).results[0]
    }
    #expect(try send(1, at: 2_000) == .putMany(late: false))
    let own: [UInt8] = [9, 0, 0, 0, 0, 0, 0, 0, 2]
    #expect(try machine.value(RowKey(space: 0x65, rest: own), in: Partition(app: 1, "b"))?.value == [1, 2])
    request.value = [3]
    #expect(try send(2, at: 2_001) == .putMany(late: true))
    #expect(try machine.value(RowKey(space: 0x65, rest: own), in: Partition(app: 1, "b"))?.value == [1, 2])
  }

  @Test func aRefusedCommandLeavesNothingOfItsBehind() throws {
    var machine = try Machine()
    let big = [UInt8](repeating: 1, count: StoreLimits.scanAfterBytesMax / 2)
    let batch = SubBatch(
      partition: home,
      operations: [
        .put(RowKey(space: 0x61, rest: [1]), value: big), .put(RowKey(space: 0x61, rest: [2]), value: big),
        .put(RowKey(space: 0x61, rest: [3]), value: big),
      ], scanAfter: RowRange(space: 0x61), scanAfterLimit: 10)
    let small = SubBatch(
      partition: home, conditions: [.rangeEmpty(RowRange(space: 0x61))], operations: [.put(key, value: [1])])
    func command(_ sequence: UInt64, _ batch: SubBatch) -> Command {
      Command(
        identity: RequestIdentity(clientID: 3, sequence: sequence, acknowledgedBelow: 0), traceID: [],
        body: .write([batch]))
    }
    let applied = try machine.entry([command(1, batch), command(2, small)])
    guard case .refused = applied.results[0], case .write(let results) = applied.results[1] else {
      Issue.record("\(applied.results.count) results")
      return
    }
    #expect(results[0].applied)
    #expect(results[0].stamp == stamp(1, 1))
    #expect(applied.changes.count == 1)
    // The refusal is what a retry gets as well.
    #expect(try machine.entry([command(1, batch)]).results[0] == applied.results[0])
  }

  @Test func entriesAreAppliedInOrderOrNotAtAll() throws {
    var machine = try ShardStateMachine(state: MemoryState())
    #expect(throws: StoreError.self) {
      _ = try machine.apply(LogEntry(term: 1, index: 2, kind: .noop, payload: []), on: MemoryState())
    }
  }

  @Test func anEntryOfANewerFormatIsNamed() throws {
    var machine = try ShardStateMachine(state: MemoryState())
    var payload = CommandEncoding.encodeEntry(timeMilliseconds: 1, commands: [])
    payload[0] = 2
    do throws(StoreError) {
      _ = try machine.apply(LogEntry(term: 1, index: 1, kind: .command, payload: payload), on: MemoryState())
      Issue.record("format 2 was applied")
    } catch {
      guard case .unknownFormat = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test func brokenEntriesAreTypedErrorsNotTraps() throws {
    let batch = SubBatch(
      partition: home, conditions: [.absent(key), .notAfter(milliseconds: 5)],
      operations: [.put(key, value: [1, 2, 3, 4, 5, 6, 7, 8], valueStampAt: [0]), .deleteRange(RowRange(space: 1))],
      scanAfter: RowRange(space: 2), scanAfterLimit: 5)
    let identity = RequestIdentity(clientID: 1, sequence: 1, acknowledgedBelow: 0)
    let payload = CommandEncoding.encodeEntry(
      timeMilliseconds: 1,
      commands: [CommandEncoding.encode(Command(identity: identity, traceID: [], body: .write([batch])))])
    for length in 0..<payload.count {
      #expect(throws: StoreError.self) { try CommandEncoding.decodeEntry(Array(payload[..<length])) }
    }
    var random = SeededRandom(seed: 1)
    for _ in 0..<5_000 {
      var damaged = payload
      damaged[random.below(damaged.count)] = UInt8(random.below(256))
      _ = try? CommandEncoding.decodeEntry(damaged)
    }
  }
}
