import KeevoClient
import Testing

private let space = UInt8(ascii: "e")
private let home = Partition(app: 1, "f/timeline:ann")

private func scan(
  _ store: any KeyValueStore, _ scope: ScanRequest.Scope, reverse: Bool = false, limit: Int = 1_000,
  keysOnly: Bool = false
) async throws -> (rows: [Row], pages: Int) {
  var rows: [Row] = []
  var pages = 0
  var cursor: [UInt8] = []
  repeat {
    let page = try await store.scan(
      ScanRequest(scope: scope, reverse: reverse, limit: limit, cursor: cursor, keysOnly: keysOnly))
    #expect(page.rows.count <= limit)
    rows += page.rows
    cursor = page.next
    pages += 1
  } while !cursor.isEmpty
  return (rows, pages)
}

private func write(_ store: any KeyValueStore, _ partition: Partition, _ operations: [Operation]) async throws {
  let answer = try await store.write(WriteRequest(batches: [SubBatch(partition: partition, operations: operations)]))
  #expect(answer.results.allSatisfy { $0.applied })
}

extension KeyValueStoreContract {
  @Test(arguments: ContractStore.allCases)
  func severalScansAreWhatEachIs(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let homes = (0..<12).map { Partition(app: 1, "f/user:\($0)") }
      for (number, home) in homes.enumerated() {
        try await write(
          store, home, (0..<number).map { .put(RowKey(space: space, rest: [UInt8($0)]), value: [UInt8(number)]) })
      }
      let scans = homes.enumerated().map { number, home in
        ScanRequest(
          scope: .partition(home, RowRange(space: space)), reverse: number % 2 == 0, limit: 5, keysOnly: number == 3)
      }
      let pages = try await store.multiScan(MultiScanRequest(scans: scans)).pages
      #expect(pages.count == scans.count)
      for (scan, page) in zip(scans, pages) {
        let alone = try await store.scan(scan)
        #expect(page.rows == alone.rows && page.next == alone.next)
      }
      await #expect(throws: StoreError.self) { try await store.multiScan(MultiScanRequest(scans: [])) }
      let many = Array(repeating: scans[0], count: StoreLimits.multiScanMax + 1)
      await #expect(throws: StoreError.self) { try await store.multiScan(MultiScanRequest(scans: many)) }
    }
  }

  /// What does not fit into one answer is left out, and asked for again.
  @Test(arguments: ContractStore.allCases)
  func severalScansEndWhereTheirBytesDo(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let value = [UInt8](repeating: 7, count: StoreLimits.valueBytesMax - 100)
      for number in 0..<6 {
        try await write(store, home, [.put(RowKey(space: space, rest: [UInt8(number)]), value: value)])
      }
      let scan = ScanRequest(scope: .partition(home, RowRange(space: space)), limit: 2)
      let pages = try await store.multiScan(MultiScanRequest(scans: Array(repeating: scan, count: 5))).pages
      // Two pages have less than 4 MiB, three have more.
      #expect(pages.count == 3)
      #expect(pages.allSatisfy { $0.rows.count == 2 && !$0.next.isEmpty })
    }
  }

  @Test(arguments: ContractStore.allCases)
  func scansGoBothWaysPageByPage(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let keys = (0..<50).map { RowKey(space: space, rest: [UInt8($0 * 5), 0xFF, 0x00]) }
      try await write(store, home, keys.shuffled().map { .put($0, value: [$0.rest[0]]) })
      try await write(store, Partition(app: 1, "f/timeline:anna"), [.put(keys[0], value: [])])
      let whole = ScanRequest.Scope.partition(home, RowRange(space: space))
      for limit in [1, 7, 50, 51] {
        let forward = try await scan(store, whole, limit: limit)
        #expect(forward.rows.map(\.key) == keys, "limit \(limit)")
        #expect(forward.rows.allSatisfy { $0.value == [$0.key.rest[0]] })
        let backward = try await scan(store, whole, reverse: true, limit: limit)
        #expect(backward.rows.map(\.key) == keys.reversed(), "limit \(limit), reverse")
      }
      let exact = try await scan(store, whole, limit: 50)
      #expect(exact.pages == 1, "a page that holds the last row has no cursor")
      let part = ScanRequest.Scope.partition(home, RowRange(space: space, start: keys[3].rest, end: keys[9].rest))
      let forward = try await scan(store, part, limit: 4)
      #expect(forward.rows.map(\.key) == Array(keys[3..<9]), "half-open")
      let backward = try await scan(store, part, reverse: true, limit: 4)
      #expect(backward.rows.map(\.key) == keys[3..<9].reversed())
      let prefix = try await scan(store, .partition(home, RowRange(space: space, prefix: [15])))
      #expect(prefix.rows.map(\.key) == [keys[3]])
      let names = try await scan(store, whole, keysOnly: true)
      #expect(names.rows.map(\.key) == keys && names.rows.allSatisfy { $0.value.isEmpty })
      let nothing = try await scan(store, .partition(home, RowRange(space: 1)))
      #expect(nothing.rows.isEmpty && nothing.pages == 1)
      let empty = try await scan(store, .partition(home, RowRange(space: space, start: [9], end: [2])))
      #expect(empty.rows.isEmpty)
    }
  }

  @Test(arguments: ContractStore.allCases)
  func aCursorGoesOnWhileRowsComeAndGo(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let keys = (0..<20).map { RowKey(space: space, rest: [UInt8($0)]) }
      try await write(store, home, keys.map { .put($0, value: []) })
      let whole = ScanRequest.Scope.partition(home, RowRange(space: space))
      let first = try await store.scan(ScanRequest(scope: whole, limit: 5))
      try await write(
        store, home, [.delete(keys[4]), .delete(keys[5]), .put(RowKey(space: space, rest: [4, 1]), value: [])])
      let second = try await store.scan(ScanRequest(scope: whole, limit: 3, cursor: first.next))
      #expect(second.rows.map(\.key.rest) == [[4, 1], [6], [7]])
    }
  }

  @Test(arguments: ContractStore.allCases)
  func aShardsScanFindsEveryJobOnce(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let partitions = (0..<30).map { Partition(app: UInt32($0 % 3), "f/user:\($0)") }
      let job = RowKey(rowClass: .jobs, space: UInt8(ascii: "j"), rest: [1])
      for partition in partitions {
        try await write(store, partition, [.put(job, value: partition.name), .put(RowKey(space: space), value: [])])
      }
      var found: [Partition] = []
      let topology = try await store.topology()
      for shard in topology.shards {
        for reverse in [false, true] {
          let page = try await scan(store, .shard(shard.id, .jobs), reverse: reverse, limit: 4)
          #expect(page.rows.allSatisfy { $0.key == job && $0.partition?.name == $0.value })
          let here = page.rows.compactMap(\.partition)
          #expect(here.allSatisfy { $0.slot >= shard.slotStart && $0.slot < shard.slotEnd })
          if !reverse { found += here }
        }
      }
      #expect(found.count == 30 && Set(found) == Set(partitions))
    }
  }

  @Test(arguments: ContractStore.allCases)
  func scanJoinFollowsPointersAndSaysWhatItFound(_ kind: ContractStore) async throws {
    try await kind.run { store in
      func id(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 15) + [0xA5] }
      func partition(_ byte: UInt8) -> Partition {
        Partition(
          app: 1, id(byte).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
      }
      let body = RowKey(space: UInt8(ascii: "a"), rest: [])
      try await write(store, partition(1), [.put(body, value: [1])])
      try await write(store, partition(3), [.put(body, value: [3])])
      try await write(store, Partition(app: 2, name: partition(2).name), [.put(body, value: [66])])
      // Two rows of id 3 beside each other, then 2 (absent), then 1; keys hold the ids inverted.
      let rows: [(UInt8, UInt8)] = [(3, 0), (3, 1), (2, 0), (1, 0)]
      try await write(
        store, home,
        rows.map { .put(RowKey(space: space, rest: id($0.0).map { ~$0 } + [$0.1]), value: [$0.0]) } + [
          .put(RowKey(space: UInt8(ascii: "m"), rest: [7]), value: [8])
        ])
      let request = ScanJoinRequest(
        partition: home, range: RowRange(space: space), limit: 10,
        join: JoinRule(keyOffset: 0, length: 16, inverted: true, space: UInt8(ascii: "a")),
        alsoGet: [RowKey(space: UInt8(ascii: "m"), rest: [7]), RowKey(space: UInt8(ascii: "m"), rest: [9])])
      let answer = try await store.scanJoin(request)
      #expect(answer.rows.map(\.row.value) == [[3], [3], [2], [1]])
      #expect(answer.rows.map { Self.outcome($0.joined) } == ["3", "same", "absent", "1"])
      #expect(answer.also.map { $0?.value } == [[8], nil])
      #expect(answer.next.isEmpty)
      var reversed = request
      reversed.reverse = true
      reversed.limit = 3
      let first = try await store.scanJoin(reversed)
      #expect(first.rows.map { Self.outcome($0.joined) } == ["1", "absent", "3"])
      reversed.cursor = first.next
      let second = try await store.scanJoin(reversed)
      #expect(second.rows.map(\.row.value) == [[3]])
      #expect(second.next.isEmpty)
    }
  }

  /// Whatever changes in a partition is seen; what changes elsewhere, or in another app, is not taken for it.
  @Test(arguments: ContractStore.allCases)
  func unchangedTellsChangedPartitionsFromOthers(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let key = RowKey(space: space, rest: [1])
      let partitions = (0..<40).map { Partition(app: 1 + UInt32($0) % 2, "unchanged/\($0 / 2)") }
      let places = partitions.map(\.place)
      func ask(_ sets: [[UInt32]], _ since: [UInt64]) async throws -> [Bool] {
        try await store.unchanged(UnchangedRequest(questions: sets.map { .init(places: $0, since: since) })).unchanged
      }
      func moments() async throws -> [UInt64] {
        try await store.unchanged(UnchangedRequest(questions: [])).moments
      }
      var since = try await moments()
      #expect(since.count == (try await store.topology()).shards.count)
      #expect(try await ask([places, []], since) == [true, true])
      let changes: [Operation] = [
        .put(key, value: [1]), .put(key, value: [1]), .delete(key), .putIfAbsent(key, value: [2]), .add(key, delta: 0),
        .deleteRange(RowRange(space: space)),
        .put(RowKey(rowClass: .jobs, space: UInt8(ascii: "j"), rest: [9]), value: [3]),
      ]
      for (number, partition) in partitions.enumerated() {
        for change in number == 0 ? changes : [changes[number % 2]] {
          _ = try await store.write(
            WriteRequest(batches: [SubBatch(partition: partition, operations: [change])]))
          let others = places.filter { $0 != partition.place }
          #expect(try await ask([[partition.place], others, places], since) == [false, true, false], "\(change)")
          since = try await moments()
          #expect(try await ask([places], since) == [true])
        }
      }
      _ = try await store.putMany(
        PutManyRequest(
          app: 2, space: space, restPrefix: [5], value: [6],
          targets: [.init(partitionName: partitions[7].name, own: 1)], notAfterMilliseconds: 0))
      #expect(try await ask([[places[7]]], since) == [false])
      // A write that is refused changes nothing.
      since = try await moments()
      _ = try await store.write(
        WriteRequest(batches: [
          SubBatch(
            partition: partitions[1], conditions: [.valueEquals(key, [99])], operations: [.put(key, value: [1])])
        ]))
      #expect(try await ask([places], since) == [true])
      // The moments of another map of shards.
      #expect(try await ask([places, []], since + [1]) == [false, false])
      let many = [UInt32](repeating: 1, count: StoreLimits.unchangedPlacesMax / 2 + 1)
      await #expect(throws: StoreError.invalid("at most 16384 places can be asked about, not 16386")) {
        _ = try await ask([many, many], since)
      }
    }
  }

  private static func outcome(_ joined: ScanJoinResponse.Joined) -> String {
    switch joined {
    case .found(let value): String(value.value.first ?? 0)
    case .absent: "absent"
    case .unresolved: "unresolved"
    case .same: "same"
    }
  }

  // MARK: PutMany

  @Test(arguments: ContractStore.allCases)
  func putManyWritesOneValueUnderManyPartitions(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let targets = (0..<300).map {
        PutManyRequest.Target(partitionName: Array("f/t:\($0)".utf8), own: UInt64($0) << 40)
      }
      let answer = try await store.putMany(
        PutManyRequest(app: 5, space: space, restPrefix: [1, 2], value: [9, 9], targets: targets))
      #expect(answer.late.isEmpty)
      let rows = try await store.multiGet(
        MultiGetRequest(
          items: targets.map { target in
            let own = (0..<8).map { UInt8(truncatingIfNeeded: target.own >> UInt64(56 - 8 * $0)) }
            return .init(
              partition: Partition(app: 5, name: target.partitionName), key: RowKey(space: space, rest: [1, 2] + own))
          }))
      #expect(rows.rows.allSatisfy { $0?.value == [9, 9] })
      let nobody = try await store.putMany(PutManyRequest(app: 5, space: space, restPrefix: [], value: [], targets: []))
      #expect(nobody.late.isEmpty)
    }
  }

  @Test(arguments: ContractStore.allCases)
  func putManyPastItsTimeWritesNothingAndSaysSo(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let targets = (0..<20).map { PutManyRequest.Target(partitionName: Array("f/t:\($0)".utf8), own: 1) }
      let answer = try await store.putMany(
        PutManyRequest(app: 5, space: space, restPrefix: [], value: [1], targets: targets, notAfterMilliseconds: 1_000))
      #expect(answer.late == Array(0..<20))
      for target in targets {
        let rows = try await scan(
          store, .partition(Partition(app: 5, name: target.partitionName), RowRange(space: space)))
        #expect(rows.rows.isEmpty)
      }
    }
  }

  // MARK: Topology

  @Test(arguments: ContractStore.allCases)
  func theTopologyCoversEverySlotOnce(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let topology = try await store.topology()
      #expect(topology.mapVersion > 0)
      #expect(topology.shards.count == ContractStore.shards)
      var next: UInt32 = 0
      for shard in topology.shards.sorted(by: { $0.slotStart < $1.slotStart }) {
        #expect(shard.slotStart == next && shard.slotEnd > next)
        next = shard.slotEnd
      }
      #expect(next == Topology.slots)
    }
  }
}
