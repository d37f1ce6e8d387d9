import KeevoClient
import Testing

private let jobs = UInt8(ascii: "j")

private func shard(of partition: Partition, in topology: Topology) throws -> UInt32 {
  try #require(topology.shards.first { $0.slotStart <= partition.slot && partition.slot < $0.slotEnd }).id
}

/// Reads events until `enough` says so; gives up (and fails the caller's expectations) at the stream's end.
private func read(_ stream: WatchStream, until enough: ([WatchEvent]) -> Bool) async throws -> [WatchEvent] {
  var events: [WatchEvent] = []
  for try await event in stream {
    events.append(event)
    if enough(events) { break }
  }
  return events
}

private func changes(_ events: [WatchEvent]) -> [(index: UInt64, key: RowKey, value: VersionedValue?)] {
  events.compactMap {
    if case .changed(let index, _, let key, let value) = $0 { (index, key, value) } else { nil }
  }
}

extension KeyValueStoreContract {
  @Test(arguments: ContractStore.allCases)
  func aWatchHasNoGapsFromTheScanOn(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let partition = Partition(app: 1, "f/user:1")
      let shard = try shard(of: partition, in: try await store.topology())
      func put(_ number: Int, _ rowClass: RowClass = .jobs) async throws {
        let key = RowKey(rowClass: rowClass, space: jobs, rest: [UInt8(number >> 8), UInt8(number & 0xFF)])
        _ = try await store.write(
          WriteRequest(batches: [SubBatch(partition: partition, operations: [.put(key, value: [UInt8(number & 0xFF)])])]
          ))
      }
      for number in 0..<10 { try await put(number) }
      let scan = try await store.scan(ScanRequest(scope: .shard(shard, .jobs), limit: 100))
      #expect(scan.rows.count == 10)
      for number in 10..<40 {
        try await put(number)
        try await put(number, .data)
      }
      let stream = try await store.watch(
        WatchRequest(shard: shard, rowClass: .jobs, fromIndex: scan.appliedIndex + 1))
      let writer = Task { for number in 40..<300 { try await put(number) } }
      let events = try await read(stream) { changes($0).count == 290 }
      try await writer.value
      let seen = changes(events)
      #expect(seen.map { Int($0.key.rest[0]) << 8 | Int($0.key.rest[1]) } == Array(10..<300))
      #expect(seen.allSatisfy { $0.key.rowClass == .jobs && $0.value != nil })
      #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.index <= $1.index })
      #expect(seen.allSatisfy { $0.index > scan.appliedIndex })
      var progress: UInt64 = 0
      for event in events {
        switch event {
        case .changed(let index, _, _, _): #expect(index > progress, "nothing comes after it was said to be all")
        case .progress(let index):
          #expect(index >= progress)
          progress = index
        case .compacted: Issue.record("compacted")
        }
      }
    }
  }

  @Test(arguments: ContractStore.allCases)
  func aWatchTellsDeletionsAndWhatChangedAgain(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let partition = Partition(app: 1, "f/user:1")
      let shard = try shard(of: partition, in: try await store.topology())
      let start = try await store.scan(ScanRequest(scope: .shard(shard, .jobs), limit: 1)).appliedIndex
      let stream = try await store.watch(WatchRequest(shard: shard, rowClass: .jobs, fromIndex: start + 1))
      let key = RowKey(rowClass: .jobs, space: jobs, rest: [1])
      for operation in [Operation.put(key, value: [1]), .put(key, value: [2]), .delete(key)] {
        _ = try await store.write(WriteRequest(batches: [SubBatch(partition: partition, operations: [operation])]))
      }
      let events = try await read(stream) { changes($0).count == 3 }
      #expect(changes(events).map { $0.value?.value } == [[1], [2], nil])
      for event in events {
        if case .changed(_, let from, _, _) = event { #expect(from == partition) }
      }
    }
  }

  @Test(arguments: ContractStore.allCases)
  func progressIsToldWhenNothingOfTheClassChanges(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let partition = Partition(app: 1, "f/user:1")
      let shard = try shard(of: partition, in: try await store.topology())
      let stream = try await store.watch(WatchRequest(shard: shard, rowClass: .jobs, fromIndex: 1))
      _ = try await store.write(
        WriteRequest(batches: [SubBatch(partition: partition, operations: [.put(RowKey(space: 1), value: [])])]))
      let applied = try await store.scan(ScanRequest(scope: .shard(shard, .jobs), limit: 1)).appliedIndex
      let events = try await read(stream) { events in
        if case .progress(let index) = events.last { index >= applied } else { false }
      }
      #expect(changes(events).isEmpty)
      #expect(!events.isEmpty)
    }
  }

  @Test(arguments: [ContractStore.node, .client])
  func aWatchFromTooLongAgoIsToldSo(_ kind: ContractStore) async throws {
    try await kind.run { store in
      let partition = Partition(app: 1, "f/user:1")
      let shard = try shard(of: partition, in: try await store.topology())
      // More changes than `watchChangesMax` of the contract's node.
      for round in 0..<5 {
        _ = try await store.write(
          WriteRequest(
            batches: (0..<1_000).map { number in
              let key = RowKey(
                rowClass: .jobs, space: jobs, rest: [UInt8(round), UInt8(number >> 8), UInt8(number & 0xFF)])
              return SubBatch(partition: partition, operations: [.put(key, value: [1])])
            }))
      }
      let stream = try await store.watch(WatchRequest(shard: shard, rowClass: .jobs, fromIndex: 1))
      var events: [WatchEvent] = []
      for try await event in stream { events.append(event) }
      #expect(events.count == 1)
      guard case .compacted(let oldest)? = events.first else {
        Issue.record("not compacted: \(events.prefix(3))")
        return
      }
      #expect(oldest > 1)
      let again = try await store.watch(WatchRequest(shard: shard, rowClass: .jobs, fromIndex: oldest))
      let first = try await read(again) { !$0.isEmpty }
      if case .compacted = first.first { Issue.record("what it names as oldest is not kept") }
    }
  }

  @Test(arguments: ContractStore.allCases)
  func aWatchOfNoShardIsRefused(_ kind: ContractStore) async throws {
    try await kind.run { store in
      do {
        let stream = try await store.watch(WatchRequest(shard: 999, rowClass: .jobs, fromIndex: 1))
        for try await event in stream { Issue.record("\(event)") }
        Issue.record("not refused")
      } catch { #expect((error as? StoreError)?.isInvalid == true, "\(error)") }
    }
  }
}
