import KeevoClient
import Testing

private let space = UInt8(ascii: "e")
private let home = Partition(app: 1, "f/timeline:ann")

extension KeyValueStoreContract {
  private static func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 7, count: count) }

  private static func write(_ operations: [Operation], in partition: Partition = home) -> WriteRequest {
    WriteRequest(batches: [SubBatch(partition: partition, operations: operations)])
  }

  private static let roomForKey = StoreLimits.keyBytesMax - home.name.count

  /// Writes past a limit, by name.
  private static let writes: [(String, WriteRequest)] = [
    ("a key too long", write([.put(RowKey(space: space, rest: bytes(roomForKey + 1)), value: [])])),
    ("a value too large", write([.put(RowKey(space: space), value: bytes(StoreLimits.valueBytesMax + 1))])),
    (
      "a batch too large",
      write((0..<9).map { .put(RowKey(space: space, rest: [UInt8($0)]), value: bytes(StoreLimits.valueBytesMax)) })
    ),
    (
      "too many sub-batches",
      WriteRequest(batches: (0...StoreLimits.subBatchesMax).map { _ in SubBatch(partition: home, operations: []) })
    ),
    (
      "too many operations",
      write((0...StoreLimits.operationsMax).map { _ in .delete(RowKey(space: space)) })
    ),
    ("an empty partition name", write([], in: Partition(app: 1, name: []))),
    ("a partition name too long", write([], in: Partition(app: 1, name: [UInt8](repeating: 97, count: 601)))),
    ("a partition name not ASCII", write([], in: Partition(app: 1, "f/é"))),
    ("a partition name with a space", write([], in: Partition(app: 1, "f/a b"))),
    ("a partition name with a zero", write([], in: Partition(app: 1, name: [97, 0]))),
    ("a stamp outside the key", write([.put(RowKey(space: space, rest: bytes(8)), value: [], keyStampAt: [1])])),
    ("a stamp outside the value", write([.put(RowKey(space: space), value: bytes(7), valueStampAt: [0])])),
    ("a trace id of another length", WriteRequest(batches: [], traceID: [1])),
    (
      "a scan after of no row",
      WriteRequest(batches: [SubBatch(partition: home, operations: [], scanAfter: RowRange(space: space))])
    ),
  ]

  @Test(arguments: ContractStore.allCases)
  func writesPastALimitAreInvalidAndLeaveNothing(_ kind: ContractStore) async throws {
    try await kind.run { store in
      for (name, request) in Self.writes {
        let error = await storeError { () async throws(StoreError) in _ = try await store.write(request) }
        #expect(error?.isInvalid == true, "\(name): \(String(describing: error))")
      }
      let rows = try await store.scan(ScanRequest(scope: .partition(home, RowRange(space: space))))
      #expect(rows.rows.isEmpty)
    }
  }

  @Test(arguments: ContractStore.allCases)
  func whatJustFitsIsTaken(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let key = RowKey(space: space, rest: Self.bytes(Self.roomForKey))
      let large = Self.bytes(StoreLimits.valueBytesMax)
      let answer = try await store.write(Self.write([.put(key, value: large)]))
      #expect(answer.results.first?.applied == true)
      let row = try await store.get(GetRequest(partition: home, key: key)).row
      #expect(row?.value == large)
      let name = Partition(app: 1, name: [UInt8](repeating: 97, count: StoreLimits.partitionBytesMax))
      let long = try await store.write(Self.write([.put(RowKey(space: space), value: [1])], in: name))
      #expect(long.results.first?.applied == true)
    }
  }

  @Test(arguments: ContractStore.allCases)
  func readsPastALimitAreInvalid(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let whole = ScanRequest.Scope.partition(home, RowRange(space: space))
      let join = JoinRule(keyOffset: 0, length: 16, inverted: true, space: space)
      let item = MultiGetRequest.Item(partition: home, key: RowKey(space: space))
      let longKey = RowKey(space: space, rest: Self.bytes(Self.roomForKey + 1))
      let reads: [(String, () async throws(StoreError) -> Void)] = [
        (
          "a get of a key too long",
          { () async throws(StoreError) in _ = try await store.get(GetRequest(partition: home, key: longKey)) }
        ),
        (
          "a multi-get of too many",
          { () async throws(StoreError) in
            let items = [MultiGetRequest.Item](repeating: item, count: StoreLimits.multiGetKeysMax + 1)
            _ = try await store.multiGet(MultiGetRequest(items: items))
          }
        ),
        (
          "a scan of no row",
          { () async throws(StoreError) in _ = try await store.scan(ScanRequest(scope: whole, limit: 0)) }
        ),
        (
          "a scan of too many",
          { () async throws(StoreError) in
            _ = try await store.scan(ScanRequest(scope: whole, limit: StoreLimits.scanRowsMax + 1))
          }
        ),
        (
          "a scan of no shard",
          { () async throws(StoreError) in _ = try await store.scan(ScanRequest(scope: .shard(77, .data))) }
        ),
        (
          "a join of no row",
          { () async throws(StoreError) in
            _ = try await store.scanJoin(
              ScanJoinRequest(partition: home, range: RowRange(space: space), limit: 0, join: join))
          }
        ),
        (
          "a join by no bytes",
          { () async throws(StoreError) in
            _ = try await store.scanJoin(
              ScanJoinRequest(
                partition: home, range: RowRange(space: space), limit: 1,
                join: JoinRule(keyOffset: 0, length: 0, inverted: false, space: space)))
          }
        ),
        (
          "a fan-out to too many",
          { () async throws(StoreError) in
            let target = PutManyRequest.Target(partitionName: [97], own: 1)
            _ = try await store.putMany(
              PutManyRequest(
                app: 1, space: space, restPrefix: [], value: [],
                targets: [PutManyRequest.Target](repeating: target, count: StoreLimits.putManyTargetsMax + 1)))
          }
        ),
      ]
      for (name, read) in reads {
        let error = await storeError(read)
        #expect(error?.isInvalid == true, "\(name): \(String(describing: error))")
      }
    }
  }

  @Test(arguments: ContractStore.allCases)
  func aMultiGetUpToItsByteLimitComesThroughWhole(_ kind: ContractStore) async throws {
    try await kind.run { store in
      // Values just under `multiGetBytesMax`: with keys and framing the answer is larger than that.
      let count = 10_000
      let value = Self.bytes(StoreLimits.multiGetBytesMax / count - 10)  // a stored row has nine bytes more
      let keys = (0..<count).map { RowKey(space: space, rest: [UInt8($0 >> 8), UInt8($0 & 0xFF)]) }
      for part in stride(from: 0, to: count, by: 2_500) {
        let answer = try await store.write(Self.write(keys[part..<(part + 2_500)].map { .put($0, value: value) }))
        #expect(answer.results.first?.applied == true)
      }
      let rows = try await store.multiGet(
        MultiGetRequest(items: keys.map { .init(partition: home, key: $0) })
      ).rows
      #expect(rows.count == count && rows.allSatisfy { $0?.value.count == value.count })
    }
  }
}
