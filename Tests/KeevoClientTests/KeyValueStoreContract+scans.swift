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

  /// Whatever an answer depends on changes its digest; a known one is answered with nothing else.
  @Test(arguments: ContractStore.allCases)
  func scanJoinSaysThatAnAnswerIsUnchanged(_ kind: ContractStore) async throws {
    try await kind.run { store in
      func id(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 15) + [0xA5] }
      func body(_ byte: UInt8) -> Partition {
        Partition(app: 1, id(byte).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
      }
      func row(_ byte: UInt8) -> RowKey { RowKey(space: space, rest: id(byte).map { ~$0 } + [0]) }
      let key = RowKey(space: UInt8(ascii: "a"), rest: [])
      let beside = RowKey(space: UInt8(ascii: "m"), rest: [7])
      for byte in UInt8(1)...3 { try await write(store, body(byte), [.put(key, value: [byte])]) }
      try await write(store, home, [row(1), row(2)].map { .put($0, value: [1]) })
      var request = ScanJoinRequest(
        partition: home, range: RowRange(space: space), limit: 10,
        join: JoinRule(keyOffset: 0, length: 16, inverted: true, space: UInt8(ascii: "a")), alsoGet: [beside])
      #expect(try await store.scanJoin(request).digest.isEmpty, "none was asked for")
      request.knownDigest = []
      var last = try await store.scanJoin(request)
      #expect(last.digest.count == ScanDigest.count && last.rows.count == 2)
      let changes: [(batch: SubBatch, rows: Int)] = [
        (SubBatch(partition: home, operations: [.put(row(3), value: [1])]), 3),
        (SubBatch(partition: home, operations: [.put(row(3), value: [1])]), 3),
        (SubBatch(partition: home, operations: [.delete(row(1))]), 2),
        (SubBatch(partition: body(2), operations: [.put(key, value: [2])]), 2),
        (SubBatch(partition: body(2), operations: [.delete(key)]), 2),
        (SubBatch(partition: home, operations: [.put(beside, value: [8])]), 2),
        (SubBatch(partition: home, operations: [.delete(beside)]), 2),
        (SubBatch(partition: body(2), operations: [.put(key, value: [2])]), 2),
      ]
      for (batch, rows) in changes {
        request.knownDigest = last.digest
        for _ in 0..<2 {
          let same = try await store.scanJoin(request)
          #expect(same.isUnchanged && same.digest == last.digest)
          #expect(same.rows.isEmpty && same.also.isEmpty && same.next.isEmpty)
        }
        _ = try await store.write(WriteRequest(batches: [batch]))
        last = try await store.scanJoin(request)
        #expect(!last.isUnchanged && last.digest != request.knownDigest && last.rows.count == rows)
      }
      // What changes elsewhere does not matter.
      try await write(store, body(1), [.put(key, value: [7])])
      request.knownDigest = last.digest
      #expect(try await store.scanJoin(request).isUnchanged)
      request.limit = 1
      #expect(try await store.scanJoin(request).rows.count == 1, "another page has another digest")
      request.knownDigest = [UInt8](repeating: 1, count: 17)
      await #expect(throws: StoreError.invalid("a known digest has at most 16 bytes")) {
        try await store.scanJoin(request)
      }
    }
  }

  /// At random changes, an answer is unchanged just when the whole answer is.
  @Test(arguments: ContractStore.allCases, [UInt64.random(in: 1...9_999), 7])
  func unchangedMeansEqual(_ kind: ContractStore, seed: UInt64) async throws {
    try await kind.run { store in
      // Knuth's generator is random enough here.
      var state = seed
      func random() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
      }
      let key = RowKey(space: UInt8(ascii: "a"), rest: [])
      let beside = RowKey(space: UInt8(ascii: "m"), rest: [7])
      func body(_ byte: UInt8) -> Partition {
        Partition(app: 1, (id(byte)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
      }
      func id(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 16) }
      var request = ScanJoinRequest(
        partition: home, range: RowRange(space: space), limit: 6,
        join: JoinRule(keyOffset: 0, length: 16, inverted: true, space: UInt8(ascii: "a")), alsoGet: [beside])
      var whole = try await store.scanJoin(request)
      request.knownDigest = []
      request.knownDigest = try await store.scanJoin(request).digest
      var unchanged = 0
      for _ in 0..<150 {
        let byte = UInt8(random() % 8)
        let row = RowKey(space: space, rest: id(byte).map { ~$0 } + [0])
        let partition: Partition
        let place: RowKey
        switch random() % 5 {
        case 0: (partition, place) = (home, row)
        case 1, 2: (partition, place) = (body(byte), key)
        case 3: (partition, place) = (home, beside)
        default: (partition, place) = (Partition(app: 2, name: body(byte).name), key)
        }
        var change = SubBatch(partition: partition, operations: [.put(place, value: [byte])])
        if random() % 3 == 0 { change.operations = [.delete(place)] }
        _ = try await store.write(WriteRequest(batches: [change]))
        var plain = request
        plain.knownDigest = nil
        var now = try await store.scanJoin(plain)
        now.readStamp = whole.readStamp
        let answer = try await store.scanJoin(request)
        #expect(answer.isUnchanged == (now == whole), "seed \(seed)")
        if answer.isUnchanged { unchanged += 1 }
        request.knownDigest = answer.digest
        whole = now
      }
      #expect(unchanged > 10 && unchanged < 140)
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
