import KeevoClient
import Telemetry
import Testing

private let space = UInt8(ascii: "e")
private let home = Partition(app: 1, "f/timeline:ann")

private func key(_ text: String, _ space: UInt8 = space, _ rowClass: RowClass = .data) -> RowKey {
  RowKey(rowClass: rowClass, space: space, rest: Array(text.utf8))
}

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

extension KeyValueStore {
  /// One sub-batch and its result.
  @discardableResult
  fileprivate func apply(
    _ operations: [Operation], if conditions: [Condition] = [], in partition: Partition = home,
    scanAfter: RowRange? = nil
  ) async throws -> SubBatchResult {
    let answer = try await write(
      WriteRequest(batches: [
        SubBatch(
          partition: partition, conditions: conditions, operations: operations, scanAfter: scanAfter,
          scanAfterLimit: scanAfter == nil ? 0 : 100)
      ]))
    return try #require(answer.results.first)
  }

  fileprivate func value(_ key: RowKey, in partition: Partition = home) async throws -> VersionedValue? {
    try await get(GetRequest(partition: partition, key: key)).row
  }

  fileprivate func text(_ key: RowKey, in partition: Partition = home) async throws -> String? {
    try await value(key, in: partition).map { String(decoding: $0.value, as: UTF8.self) }
  }

  /// All rows of a range, page by page.
  fileprivate func all(_ range: RowRange, in partition: Partition = home, reverse: Bool = false, limit: Int = 1_000)
    async throws -> [Row]
  {
    var rows: [Row] = []
    var cursor: [UInt8] = []
    repeat {
      let page = try await scan(
        ScanRequest(scope: .partition(partition, range), reverse: reverse, limit: limit, cursor: cursor))
      #expect(page.rows.count <= limit)
      rows += page.rows
      cursor = page.next
    } while !cursor.isEmpty
    return rows
  }
}

/// What every implementation of `KeyValueStore` must do alike.
@Suite(.timeLimit(.minutes(3))) struct KeyValueStoreContract {
  // MARK: Rows and versions

  @Test(arguments: ContractStore.allCases)
  func whatIsPutIsReadWithItsStampAsVersion(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let before = try await store.value(key("a"))
      #expect(before == nil)
      let first = try await store.apply([.put(key("a"), value: bytes("1"))])
      #expect(first.applied)
      let one = try await store.value(key("a"))
      #expect(one == VersionedValue(value: bytes("1"), version: first.stamp))
      let second = try await store.apply([.put(key("a"), value: bytes("2")), .put(key("b"), value: [])])
      #expect(second.stamp > first.stamp)
      #expect(second.timeMilliseconds >= first.timeMilliseconds)
      let answer = try await store.get(GetRequest(partition: home, key: key("a")))
      #expect(answer.row == VersionedValue(value: bytes("2"), version: second.stamp))
      #expect(answer.readStamp >= second.stamp)
      let empty = try await store.value(key("b"))
      #expect(empty == VersionedValue(value: [], version: second.stamp))
      let third = try await store.apply([.put(key("c"), value: [])])
      #expect(third.stamp > answer.readStamp, "what is written after a read has a greater stamp than the read's")
    }
  }

  @Test(arguments: ContractStore.allCases)
  func classesSpacesPartitionsAndTenantsAreApart(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let places: [(Partition, RowKey)] = [
        (home, key("k")), (home, key("k", UInt8(ascii: "x"))), (home, key("k", space, .jobs)),
        (Partition(app: 1, "f/timeline:anna"), key("k")), (Partition(app: 2, "f/timeline:ann"), key("k")),
        (Partition(app: 258, "f/timeline:ann"), key("k")),
      ]
      for (number, place) in places.enumerated() {
        try await store.apply([.put(place.1, value: [UInt8(number)])], in: place.0)
      }
      for (number, place) in places.enumerated() {
        let row = try await store.value(place.1, in: place.0)
        #expect(row?.value == [UInt8(number)], "\(number)")
      }
      try await store.apply([.deleteRange(RowRange(space: space))])
      let rest = try await store.multiGet(
        MultiGetRequest(items: places.map { .init(partition: $0.0, key: $0.1) }))
      #expect(rest.rows.map { $0?.value } == [nil, [1], [2], [3], [4], [5]])
    }
  }

  @Test(arguments: ContractStore.allCases)
  func multiGetAnswersInTheOrderAsked(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let partitions = (0..<20).map { Partition(app: 3, "p/\($0)") }
      for (number, partition) in partitions.enumerated() where number % 3 != 0 {
        try await store.apply([.put(key("v"), value: [UInt8(number)])], in: partition)
      }
      let items = (partitions.reversed() + partitions).map { MultiGetRequest.Item(partition: $0, key: key("v")) }
      let answer = try await store.multiGet(MultiGetRequest(items: items))
      let expected = (0..<20).map { $0 % 3 == 0 ? nil : [UInt8($0)] }
      #expect(answer.rows.map { $0?.value } == expected.reversed() + expected)
      let none = try await store.multiGet(MultiGetRequest(items: []))
      #expect(none.rows.isEmpty)
    }
  }

  @Test(arguments: ContractStore.allCases)
  func putIfAbsentLeavesWhatIsThere(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let first = try await store.apply([.putIfAbsent(key("a"), value: bytes("1"))])
      let second = try await store.apply([.putIfAbsent(key("a"), value: bytes("2")), .put(key("b"), value: bytes("b"))])
      #expect(second.applied)
      let row = try await store.value(key("a"))
      #expect(row == VersionedValue(value: bytes("1"), version: first.stamp))
      let twice = try await store.apply([
        .putIfAbsent(key("c"), value: bytes("1")), .putIfAbsent(key("c"), value: bytes("2")),
      ])
      #expect(twice.applied)
      let inOneBatch = try await store.text(key("c"))
      #expect(inOneBatch == "1", "operations see those before them in their batch")
    }
  }

  @Test(arguments: ContractStore.allCases)
  func deletesRemoveExactlyTheirRows(_ kind: ContractStore) async throws {
    try await kind.run { store in
      try await store.apply(["a", "b", "c", "d", "e"].map { .put(key($0), value: bytes($0)) })
      try await store.apply([.delete(key("c")), .delete(key("nothing"))])
      try await store.apply([.deleteRange(RowRange(space: space, start: bytes("a"), end: bytes("b")))])
      try await store.apply([.deleteRange(RowRange(space: space, start: bytes("e")))])
      let rest = try await store.all(RowRange(space: space))
      #expect(rest.map(\.key) == [key("b"), key("d")])
      let mixed = try await store.apply([
        .put(key("f"), value: []), .deleteRange(RowRange(space: space)), .put(key("g"), value: []), .delete(key("g")),
        .put(key("h"), value: []),
      ])
      #expect(mixed.applied)
      let last = try await store.all(RowRange(space: space))
      #expect(last.map(\.key) == [key("h")])
    }
  }

  @Test(arguments: ContractStore.allCases)
  func addCountsFromNothingBothWays(_ kind: ContractStore) async throws {
    try await kind.run { store in
      func count() async throws -> Int64 {
        let value = try #require(try await store.value(key("n"))).value
        try #require(value.count == 8)
        return Int64(bitPattern: value.reversed().reduce(0) { $0 << 8 | UInt64($1) })
      }
      try await store.apply([.add(key("n"), delta: 5)])
      try await store.apply([.add(key("n"), delta: -7), .add(key("n"), delta: 1)])
      let negative = try await count()
      #expect(negative == -1)
      try await store.apply([.add(key("n"), delta: .max)])
      let large = try await count()
      #expect(large == .max - 1)
    }
  }

  @Test(arguments: ContractStore.allCases)
  func stampsAreFilledIntoKeysAndValues(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let result = try await store.apply([
        .put(
          RowKey(space: space, rest: bytes("k") + [UInt8](repeating: 0xFF, count: 8)),
          value: bytes("v") + [UInt8](repeating: 0xFF, count: 8) + bytes("w"), keyStampAt: [1], valueStampAt: [1])
      ])
      let stamp = (0..<8).map { UInt8(truncatingIfNeeded: result.stamp.rawValue >> UInt64(56 - 8 * $0)) }
      let rows = try await store.all(RowRange(space: space))
      #expect(rows.map(\.key.rest) == [bytes("k") + stamp])
      #expect(rows.map(\.value) == [bytes("v") + stamp + bytes("w")])
    }
  }

  // MARK: Conditions

  @Test(arguments: ContractStore.allCases)
  func aFailedConditionIsNamedAndNothingIsWritten(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let put = try await store.apply([.put(key("a"), value: bytes("1"))])
      let future = UInt64(wallClockMicroseconds() / 1_000) + 60_000
      let holds: [Condition] = [
        .absent(key("b")), .versionEquals(key("a"), put.stamp), .valueEquals(key("a"), bytes("1")),
        .rangeEmpty(RowRange(space: space, start: bytes("b"))), .notAfter(milliseconds: future),
      ]
      let fails: [Condition] = [
        .absent(key("a")), .versionEquals(key("a"), Stamp(put.stamp.rawValue + 1)), .versionEquals(key("b"), .zero),
        .valueEquals(key("a"), bytes("2")), .valueEquals(key("b"), []), .rangeEmpty(RowRange(space: space)),
        .notAfter(milliseconds: 1_000),
      ]
      for condition in fails {
        let result = try await store.apply([.put(key("z"), value: []), .delete(key("a"))], if: holds + [condition])
        #expect(result.failedCondition == holds.count, "\(condition)")
        let untouched = try await store.all(RowRange(space: space))
        #expect(untouched.map(\.key) == [key("a")], "\(condition)")
      }
      let result = try await store.apply([.put(key("z"), value: [])], if: holds)
      #expect(result.applied)
      #expect(result.stamp > put.stamp)
    }
  }

  @Test(arguments: ContractStore.allCases)
  func subBatchesAreAtomicEachAndSeeTheOnesBefore(_ kind: ContractStore) async throws {
    try await kind.run { store in
      func batch(_ operations: [Operation], if conditions: [Condition], _ partition: Partition = home) -> SubBatch {
        SubBatch(partition: partition, conditions: conditions, operations: operations)
      }
      let others = (0..<12).map { Partition(app: 1, "g/\($0)") }
      let answer = try await store.write(
        WriteRequest(
          batches: [
            batch([.put(key("a"), value: [1])], if: [.absent(key("a"))]),
            batch([.put(key("a"), value: [2])], if: [.absent(key("a"))]),
            batch([.put(key("a"), value: [3])], if: [.valueEquals(key("a"), [1])]),
          ] + others.map { batch([.put(key("o"), value: [9])], if: [], $0) }))
      #expect(answer.results.count == 15)
      #expect(answer.results[0].applied && answer.results[2].applied)
      #expect(answer.results[1].failedCondition == 0)
      #expect(answer.results[0].stamp < answer.results[2].stamp)
      let row = try await store.value(key("a"))
      #expect(row == VersionedValue(value: [3], version: answer.results[2].stamp))
      for (number, partition) in others.enumerated() {
        let other = try await store.value(key("o"), in: partition)
        #expect(other?.version == answer.results[3 + number].stamp, "\(number)")
      }
      let none = try await store.write(WriteRequest(batches: []))
      #expect(none.results.isEmpty)
    }
  }

  @Test(arguments: ContractStore.allCases)
  func scanAfterReadsWhatTheSubBatchLeft(_ kind: ContractStore) async throws {
    try await kind.run { store in
      try await store.apply([.put(key("a"), value: [1])])
      let applied = try await store.apply(
        [.put(key("b"), value: [2]), .delete(key("a"))], scanAfter: RowRange(space: space))
      #expect(applied.scanned.map(\.key) == [key("b")])
      #expect(applied.scanned.map(\.version) == [applied.stamp])
      let refused = try await store.apply(
        [.put(key("c"), value: [3])], if: [.absent(key("b"))], scanAfter: RowRange(space: space))
      #expect(refused.failedCondition == 0)
      #expect(refused.scanned.map(\.value) == [[2]], "a refused sub-batch shows what stood in its way")
    }
  }

  @Test(arguments: ContractStore.allCases)
  func stampsOfAPartitionGrowUnderConcurrentWriters(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let stamps = try await withThrowingTaskGroup(of: [Stamp].self) { group in
        for writer in 0..<8 {
          group.addTask {
            var own: [Stamp] = []
            for number in 0..<25 {
              own.append(try await store.apply([.put(key("\(writer)/\(number)"), value: [])]).stamp)
            }
            return own
          }
        }
        var all: [[Stamp]] = []
        for try await own in group { all.append(own) }
        return all
      }
      for own in stamps { #expect(own == own.sorted()) }
      #expect(Set(stamps.joined()).count == 200, "no stamp comes twice")
      let rows = try await store.all(RowRange(space: space))
      #expect(Set(rows.map(\.version)) == Set(stamps.joined()))
    }
  }

  @Test(arguments: ContractStore.allCases)
  func oneOfManyConditionalWritersWins(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
        for writer in 0..<32 {
          group.addTask {
            try await store.apply([.put(key("lock"), value: [UInt8(writer)])], if: [.absent(key("lock"))]).applied
          }
        }
        var winners = 0
        for try await won in group where won { winners += 1 }
        return winners
      }
      #expect(winners == 1)
    }
  }
}
