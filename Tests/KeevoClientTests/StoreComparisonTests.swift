import Glibc
import KeevoClient
import KeevoService
import Telemetry
import Testing

/// Seeded histories on the in-memory double and on a node: every answer must be equal, but for the stamps' own numbers,
/// which must stand in the same relation. `MILLRACE_SEED` replays one.
@Suite(.timeLimit(.minutes(3))) struct StoreComparisonTests {
  private struct Random {
    var state: UInt64
    mutating func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    mutating func bytes(_ max: Int, of alphabet: Int) -> [UInt8] {
      (0..<next(max + 1)).map { _ in UInt8(next(alphabet)) &* 85 }  // 0x00, 0x55, 0xAA, 0xFF: the ends of order
    }
  }

  private static let partitions = (0..<6).map { Partition(app: UInt32(1 + $0 % 2), "f/user:\($0 / 2)") }

  private static func key(_ random: inout Random) -> RowKey {
    RowKey(
      rowClass: random.next(4) == 0 ? .jobs : .data, space: UInt8(1 + random.next(2)), rest: random.bytes(3, of: 4))
  }

  private static func range(_ random: inout Random) -> RowRange {
    let (a, b) = (random.bytes(2, of: 4), random.bytes(2, of: 4))
    let space = UInt8(1 + random.next(2))
    switch random.next(3) {
    case 0: return RowRange(space: space)
    case 1: return RowRange(space: space, prefix: a)
    default:
      return a.lexicographicallyPrecedes(b)
        ? RowRange(space: space, start: a, end: b) : RowRange(space: space, start: b, end: a)
    }
  }

  /// The stamps of one store in terms of the other's.
  private struct Stamps {
    var toNode: [Stamp: Stamp] = [.zero: .zero]
    mutating func pair(_ memory: Stamp, _ node: Stamp) -> Bool {
      if let known = toNode[memory] { return known == node }
      toNode[memory] = node
      return true
    }
  }

  private static func same(_ memory: [Row], _ node: [Row], _ stamps: inout Stamps) -> Bool {
    memory.count == node.count
      && zip(memory, node).allSatisfy { a, b in
        a.key == b.key && a.value == b.value && a.partition == b.partition && stamps.pair(a.version, b.version)
      }
  }

  @Test func randomHistoriesReadAlike() async throws {
    let replayed = getenv("MILLRACE_SEED").flatMap { UInt64(String(cString: $0)) }
    let seeds = replayed.map { [$0] } ?? (0..<6).map { _ in UInt64.random(in: 0..<1_000_000_000) }
    for seed in seeds { try await compare(seed: seed, steps: 250) }
  }

  private func compare(seed: UInt64, steps: Int) async throws {
    try await withNode { node in
      var options = MemoryStore.Options(clock: { UInt64(wallClockMicroseconds() / 1_000) })
      options.shards = ContractStore.shards
      let memory = MemoryStore(options: options)
      var random = Random(state: seed)
      var stamps = Stamps()
      for step in 0..<steps {
        let place = "seed \(seed) step \(step)"
        switch random.next(10) {
        case 0..<6: try await write(memory, node, &random, &stamps, place)
        case 6: try await fanOut(memory, node, &random, place)
        default: try await scan(memory, node, &random, &stamps, place)
        }
      }
      for partition in Self.partitions {
        for space in UInt8(1)...2 {
          let scope = ScanRequest.Scope.partition(partition, RowRange(space: space))
          let (a, b) = (
            try await memory.scan(ScanRequest(scope: scope)), try await node.scan(ScanRequest(scope: scope))
          )
          let rowsAgree = Self.same(a.rows, b.rows, &stamps)
          #expect(rowsAgree, "seed \(seed) at the end, \(partition) space \(space)")
        }
      }
    }
  }

  private func write(
    _ memory: MemoryStore, _ node: StoreNode, _ random: inout Random, _ stamps: inout Stamps, _ place: String
  ) async throws {
    var batches: ([SubBatch], [SubBatch]) = ([], [])
    for _ in 0..<(1 + random.next(3)) {
      let partition = Self.partitions[random.next(Self.partitions.count)]
      var operations: [Operation] = []
      for _ in 0..<(1 + random.next(4)) {
        let key = Self.key(&random)
        switch random.next(6) {
        case 0, 1: operations.append(.put(key, value: random.bytes(4, of: 4)))
        case 2: operations.append(.putIfAbsent(key, value: random.bytes(4, of: 4)))
        case 3: operations.append(.delete(key))
        case 4: operations.append(.deleteRange(Self.range(&random)))
        default:
          operations.append(.add(RowKey(space: 9, rest: [UInt8(random.next(2))]), delta: Int64(random.next(100)) - 50))
        }
      }
      var conditions: ([Condition], [Condition]) = ([], [])
      let key = Self.key(&random)
      switch random.next(8) {
      case 0: conditions = ([.absent(key)], [.absent(key)])
      case 1:
        let range = Self.range(&random)
        conditions = ([.rangeEmpty(range)], [.rangeEmpty(range)])
      case 2:
        let value = random.bytes(4, of: 4)
        conditions = ([.valueEquals(key, value)], [.valueEquals(key, value)])
      case 3:
        let version = try await memory.get(GetRequest(partition: partition, key: key)).row?.version ?? Stamp(1)
        let other = try await node.get(GetRequest(partition: partition, key: key)).row?.version ?? Stamp(1)
        conditions = ([.versionEquals(key, version)], [.versionEquals(key, other)])
      default: break
      }
      let after = random.next(3) == 0 ? Self.range(&random) : nil
      let limit = after == nil ? 0 : 1 + random.next(5)
      batches.0.append(
        SubBatch(
          partition: partition, conditions: conditions.0, operations: operations, scanAfter: after,
          scanAfterLimit: limit))
      batches.1.append(
        SubBatch(
          partition: partition, conditions: conditions.1, operations: operations, scanAfter: after,
          scanAfterLimit: limit))
    }
    let a = try await memory.write(WriteRequest(batches: batches.0))
    let b = try await node.write(WriteRequest(batches: batches.1))
    #expect(a.results.count == b.results.count, "\(place)")
    for (a, b) in zip(a.results, b.results) {
      #expect(a.failedCondition == b.failedCondition, "\(place)")
      let stampsAgree = !a.applied || stamps.pair(a.stamp, b.stamp)
      let scansAgree = Self.same(a.scanned, b.scanned, &stamps)
      #expect(stampsAgree && scansAgree, "\(place)")
    }
  }

  private func fanOut(_ memory: MemoryStore, _ node: StoreNode, _ random: inout Random, _ place: String) async throws {
    let request = PutManyRequest(
      app: 1, space: 1, restPrefix: random.bytes(2, of: 4), value: random.bytes(3, of: 4),
      targets: (0..<3).map { .init(partitionName: Array("f/user:\($0)".utf8), own: UInt64(random.next(5))) },
      notAfterMilliseconds: random.next(4) == 0 ? 1_000 : 0)
    let (a, b) = (try await memory.putMany(request), try await node.putMany(request))
    #expect(a == b, "\(place)")
  }

  private func scan(
    _ memory: MemoryStore, _ node: StoreNode, _ random: inout Random, _ stamps: inout Stamps, _ place: String
  ) async throws {
    let scope: ScanRequest.Scope
    if random.next(4) == 0 {
      scope = .shard(UInt32(random.next(ContractStore.shards)), random.next(2) == 0 ? .data : .jobs)
    } else {
      scope = .partition(Self.partitions[random.next(Self.partitions.count)], Self.range(&random))
    }
    var first = ScanRequest(scope: scope, reverse: random.next(2) == 0, limit: 1 + random.next(6))
    first.keysOnly = random.next(4) == 0
    var second = first
    repeat {
      let (a, b) = (try await memory.scan(first), try await node.scan(second))
      let rowsAgree = Self.same(a.rows, b.rows, &stamps)
      #expect(rowsAgree, "\(place)")
      #expect(a.next.isEmpty == b.next.isEmpty, "\(place)")
      if a.next.isEmpty || b.next.isEmpty { return }
      first.cursor = a.next
      second.cursor = b.next
    } while true
  }
}
