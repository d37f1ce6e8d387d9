import EventLoop
import KeevoClient
import Synchronization
import Telemetry
import Testing

@testable import KeevoService

/// A node on the real disk and RocksDB.
@Suite struct StoreNodeTests {
  private static func options(_ directory: TemporaryDirectory) -> StoreNodeOptions {
    var options = StoreNodeOptions(dataDirectory: directory.path + "/node")
    options.address = "127.0.0.1:1"
    options.logSegmentBytes = 4 << 20
    options.blockCacheBytes = 8 << 20
    options.cacheBytes = 1 << 20
    options.writeBufferBytes = 1 << 20
    return options
  }

  private static func with(
    watchChanges: Int? = nil, segmentBytes: Int? = nil, _ body: (StoreNode) async throws -> Void
  ) async throws {
    let directory = try TemporaryDirectory()
    var options = options(directory)
    if let watchChanges { options.watchChangesMax = watchChanges }
    if let segmentBytes {
      options.logSegmentBytes = segmentBytes
      options.logSegmentsBeforeFlush = 2
    }
    let node = try StoreNode.open(options)
    do { try await body(node) } catch {
      await node.close()
      throw error
    }
    await node.close()
  }

  private static func put(_ partition: Partition, _ key: RowKey, _ value: [UInt8]) -> WriteRequest {
    WriteRequest(batches: [SubBatch(partition: partition, operations: [.put(key, value: value)])])
  }

  private let home = Partition(app: 1, "home")
  private func key(_ rest: UInt8...) -> RowKey { RowKey(space: 0x61, rest: rest) }

  @Test func aWriteIsReadBackWithItsStampAndAReadStampBehindIt() async throws {
    try await Self.with { node in
      let answer = try await node.write(Self.put(home, key(1), [7]))
      let read = try await node.get(GetRequest(partition: home, key: key(1)))
      #expect(read.row == VersionedValue(value: [7], version: answer.results[0].stamp))
      #expect(read.readStamp > answer.results[0].stamp)
      let later = try await node.write(Self.put(home, key(2), [8]))
      #expect(later.results[0].stamp > read.readStamp)
    }
  }

  @Test func everythingIsThereAfterAnOrderlyRestartAndAfterNone() async throws {
    let directory = try TemporaryDirectory()
    let node = try StoreNode.open(Self.options(directory))
    for number in 0..<50 {
      _ = try await node.write(Self.put(Partition(app: 1, "p\(number)"), key(1), [UInt8(number)]))
    }
    await node.close()
    let again = try StoreNode.open(Self.options(directory))
    for number in 0..<50 {
      let read = try await again.get(GetRequest(partition: Partition(app: 1, "p\(number)"), key: key(1)))
      #expect(read.row?.value == [UInt8(number)])
    }
    #expect(try again.status().shards.allSatisfy { $0.role == "leader" && $0.term == 2 })
    await again.close()
  }

  @Test func aDirectoryHasOneNodeAtATimeAndKnowsWhose() async throws {
    let directory = try TemporaryDirectory()
    let node = try StoreNode.open(Self.options(directory))
    #expect(throws: StoreError.self) { _ = try StoreNode.open(Self.options(directory)) }
    await node.close()
    var other = Self.options(directory)
    other.nodeID = 2
    #expect(throws: StoreError.invalid("\(other.dataDirectory) holds the data of node 1, this is node 2")) {
      _ = try StoreNode.open(other)
    }
    other.nodeID = 1
    other.shards = 4
    #expect(throws: StoreError.invalid("\(other.dataDirectory) was made with 8 shards, not 4")) {
      _ = try StoreNode.open(other)
    }
  }

  @Test func subBatchesOfAllShardsAreAnsweredInTheOrderOfTheRequest() async throws {
    try await Self.with { node in
      let batches = (0..<64).map {
        SubBatch(
          partition: Partition(app: 1, "p\($0)"),
          conditions: $0 % 5 == 0 ? [.versionEquals(key(9), Stamp(5))] : [],
          operations: [.put(key(1), value: [UInt8($0)])],
          scanAfter: RowRange(space: 0x61), scanAfterLimit: 1)
      }
      let results = try await node.write(WriteRequest(batches: batches)).results
      #expect(Set(batches.map { node.shard(of: $0.partition) }).count == 8)
      for (number, result) in results.enumerated() {
        #expect(result.applied == (number % 5 != 0))
        #expect(result.scanned.map(\.value) == (result.applied ? [[UInt8(number)]] : []))
      }
    }
  }

  @Test func aRetryWithTheSameIdentityIsAnsweredAsTheFirstTimeAfterARestartToo() async throws {
    let directory = try TemporaryDirectory()
    let node = try StoreNode.open(Self.options(directory))
    let identity = RequestIdentity(clientID: 77, sequence: 1, acknowledgedBelow: 1)
    let request = WriteRequest(
      batches: (0..<20).map { SubBatch(partition: Partition(app: 1, "p\($0)"), operations: [.add(key(1), delta: 1)]) })
    let first = try await node.write(request, identity: identity)
    #expect(try await node.write(request, identity: identity) == first)
    await node.close()
    let again = try StoreNode.open(Self.options(directory))
    #expect(try await again.write(request, identity: identity) == first)
    let read = try await again.get(GetRequest(partition: Partition(app: 1, "p3"), key: key(1)))
    #expect(read.row?.value.first == 1)
    await again.close()
  }

  @Test func pagesForwardAndBackwardShowEveryRowOnce() async throws {
    try await Self.with { node in
      let rows = (0..<25).map { RowKey(space: 0x61, rest: [UInt8($0), UInt8($0 % 3)]) }
      _ = try await node.write(
        WriteRequest(batches: [SubBatch(partition: home, operations: rows.map { .put($0, value: [1]) })]))
      // Neighbours that no page may show.
      _ = try await node.write(Self.put(home, RowKey(space: 0x60, rest: [255]), [0]))
      _ = try await node.write(Self.put(home, RowKey(space: 0x62), [0]))
      _ = try await node.write(Self.put(Partition(app: 1, "hom"), RowKey(space: 0x61), [0]))
      _ = try await node.write(Self.put(Partition(app: 1, "home0"), RowKey(space: 0x61), [0]))
      for reverse in [false, true] {
        for limit in [1, 4, 25, 26] {
          var found: [RowKey] = []
          var cursor: [UInt8] = []
          repeat {
            let page = try await node.scan(
              ScanRequest(
                scope: .partition(home, RowRange(space: 0x61)), reverse: reverse, limit: limit, cursor: cursor,
                keysOnly: limit == 4))
            #expect(page.rows.count <= limit)
            #expect(page.rows.allSatisfy { $0.value == (limit == 4 ? [] : [1]) && $0.version > .zero })
            found += page.rows.map(\.key)
            cursor = page.next
          } while !cursor.isEmpty
          #expect(found == (reverse ? rows.reversed() : rows), "reverse \(reverse), limit \(limit)")
        }
      }
    }
  }

  @Test func aShardsJobsAreFoundAcrossPartitions() async throws {
    try await Self.with { node in
      var expected: [Set<String>] = Array(repeating: [], count: 8)
      for number in 0..<40 {
        let partition = Partition(app: 1, "p\(number)")
        expected[node.shard(of: partition)].insert("p\(number)")
        _ = try await node.write(
          WriteRequest(batches: [
            SubBatch(
              partition: partition,
              operations: [.put(RowKey(rowClass: .jobs, space: 0x6A), value: [1]), .put(key(1), value: [2])])
          ]))
      }
      for shard in UInt32(0)..<8 {
        var found: Set<String> = []
        var cursor: [UInt8] = []
        repeat {
          let page = try await node.scan(ScanRequest(scope: .shard(shard, .jobs), limit: 3, cursor: cursor))
          for row in page.rows { found.insert(String(decoding: row.partition?.name ?? [], as: UTF8.self)) }
          cursor = page.next
        } while !cursor.isEmpty
        #expect(found == expected[Int(shard)])
      }
    }
  }

  @Test func scanJoinFollowsPointersIntoEveryShard() async throws {
    try await Self.with { node in
      let hexadecimal = Array("0123456789abcdef".utf8)
      for number in UInt8(0)..<20 {
        let name = [hexadecimal[Int(number >> 4)], hexadecimal[Int(number & 15)]]
        if number != 3 {
          _ = try await node.write(
            Self.put(Partition(app: 1, name: name), RowKey(space: 0x72, rest: [1]), [number]))
        }
        // Two rows point at each; the pointer stands inverted in the key.
        _ = try await node.write(
          WriteRequest(batches: [
            SubBatch(
              partition: home, operations: [.put(key(0, ~number, 0), value: [0]), .put(key(0, ~number, 1), value: [0])])
          ]))
      }
      _ = try await node.write(Self.put(home, key(1), [9]))
      let request = ScanJoinRequest(
        partition: home, range: RowRange(space: 0x61, start: [0], end: [1]), limit: 100,
        join: JoinRule(keyOffset: 1, length: 1, inverted: true, space: 0x72, rest: [1]), alsoGet: [key(1), key(2)])
      let page = try await node.scanJoin(request)
      #expect(page.rows.count == 40)
      for (position, row) in page.rows.enumerated() {
        let number = UInt8(19 - position / 2)
        if position % 2 == 1 {
          #expect(row.joined == .same)
        } else if number == 3 {
          #expect(row.joined == .absent)
        } else if case .found(let value) = row.joined {
          #expect(value.value == [number])
        } else {
          Issue.record("row \(position): \(row.joined)")
        }
      }
      #expect(page.also.map { $0?.value } == [[9], nil])
    }
  }

  @Test func limitsAreTypedErrors() async throws {
    try await Self.with { node in
      func isInvalid(_ call: () async throws(StoreError) -> Void) async -> Bool {
        do throws(StoreError) {
          try await call()
          return false
        } catch {
          if case .invalid = error { return true }
          return false
        }
      }
      let long = [UInt8](repeating: 1, count: StoreLimits.keyBytesMax)
      #expect(
        await isInvalid { () throws(StoreError) in
          _ = try await node.write(Self.put(home, RowKey(space: 1, rest: long), []))
        })
      #expect(
        await isInvalid { () throws(StoreError) in
          _ = try await node.write(Self.put(home, key(1), [UInt8](repeating: 0, count: StoreLimits.valueBytesMax + 1)))
        })
      #expect(
        await isInvalid { () throws(StoreError) in _ = try await node.write(Self.put(Partition(app: 1, ""), key(1), []))
        })
      #expect(
        await isInvalid { () throws(StoreError) in
          _ = try await node.write(Self.put(Partition(app: 1, "a b"), key(1), []))
        })
      #expect(
        await isInvalid { () throws(StoreError) in
          _ = try await node.scan(ScanRequest(scope: .partition(home, RowRange(space: 1)), limit: 0))
        })
      #expect(
        await isInvalid { () throws(StoreError) in
          _ = try await node.scan(ScanRequest(scope: .partition(home, RowRange(space: 1)), limit: 1, cursor: [9]))
        })
      #expect(
        await isInvalid { () throws(StoreError) in _ = try await node.scan(ScanRequest(scope: .shard(8, .data))) })
      #expect(
        await isInvalid { () throws(StoreError) in
          _ = try await node.watch(WatchRequest(shard: 8, rowClass: .data, fromIndex: 1))
        })
      #expect(
        await isInvalid { () throws(StoreError) in
          _ = try await node.write(
            Self.put(home, key(1), []), identity: RequestIdentity(clientID: 1, sequence: 1, acknowledgedBelow: 2))
        })
      let stamped = WriteRequest(batches: [
        SubBatch(partition: home, operations: [.put(key(1), value: [1, 2], valueStampAt: [0])])
      ])
      #expect(await isInvalid { () throws(StoreError) in _ = try await node.write(stamped) })
    }
  }

  @Test func aPageEndsEarlyAtItsBytesWithACursor() async throws {
    try await Self.with { node in
      let value = [UInt8](repeating: 5, count: StoreLimits.valueBytesMax)
      for number in UInt8(0)..<6 { _ = try await node.write(Self.put(home, key(number), value)) }
      let page = try await node.scan(ScanRequest(scope: .partition(home, RowRange(space: 0x61)), limit: 100))
      #expect(page.rows.count == 4)
      let rest = try await node.scan(
        ScanRequest(scope: .partition(home, RowRange(space: 0x61)), limit: 100, cursor: page.next))
      #expect(rest.rows.map(\.key) == [key(4), key(5)])
      #expect(rest.next.isEmpty)
    }
  }

  @Test func aWatchDeliversEveryChangeInOrderAndProgressWhenIdle() async throws {
    try await Self.with { node in
      let shard = UInt32(node.shard(of: home))
      let from = try await node.scan(ScanRequest(scope: .shard(shard, .jobs))).appliedIndex + 1
      let stream = try await node.watch(WatchRequest(shard: shard, rowClass: .jobs, fromIndex: from))
      let job = RowKey(rowClass: .jobs, space: 0x6A, rest: [1])
      let collector = Task { () throws -> [WatchEvent] in
        var changes: [WatchEvent] = []
        for try await event in stream {
          if case .changed = event { changes.append(event) }
          if case .progress = event, changes.count == 3 { break }
        }
        return changes
      }
      let first = try await node.write(Self.put(home, job, [1])).results[0].stamp
      _ = try await node.write(Self.put(home, key(1), [0]))
      let second = try await node.write(Self.put(home, job, [2])).results[0].stamp
      _ = try await node.write(WriteRequest(batches: [SubBatch(partition: home, operations: [.delete(job)])]))
      let changes = try await collector.value
      let values = changes.map { event -> VersionedValue? in
        guard case .changed(_, let partition, let key, let value) = event else { return nil }
        #expect(partition == home && key == job)
        return value
      }
      #expect(values == [VersionedValue(value: [1], version: first), VersionedValue(value: [2], version: second), nil])
    }
  }

  @Test func aWatchThatAsksForTooOldAnIndexIsToldWhereItMayBegin() async throws {
    try await Self.with(watchChanges: 4) { node in
      let shard = UInt32(node.shard(of: home))
      for number in UInt8(0)..<10 { _ = try await node.write(Self.put(home, key(number), [1])) }
      var events: [WatchEvent] = []
      for try await event in try await node.watch(WatchRequest(shard: shard, rowClass: .data, fromIndex: 2)) {
        events.append(event)
      }
      let applied = try await node.scan(ScanRequest(scope: .shard(shard, .data))).appliedIndex
      #expect(events == [.compacted(oldestIndex: applied - 3)])
    }
  }

  @Test func aCancelledWatchEnds() async throws {
    try await Self.with { node in
      let stream = try await node.watch(WatchRequest(shard: 0, rowClass: .data, fromIndex: 2))
      let task = Task {
        for try await _ in stream {}
        return true
      }
      task.cancel()
      #expect(try await task.value)
    }
  }

  @Test func manyWritersShareRoundsAndNoneIsLost() async throws {
    let metrics = Metrics()
    let directory = try TemporaryDirectory()
    let node = try StoreNode.open(Self.options(directory), metrics: metrics)
    await withTaskGroup(of: Void.self) { group in
      for writer in UInt8(0)..<64 {
        group.addTask {
          for number in UInt8(0)..<20 {
            do {
              _ = try await node.write(
                Self.put(Partition(app: 1, "w\(writer)"), RowKey(space: 0x61, rest: [number]), [number]))
            } catch { Issue.record("\(error)") }
          }
        }
      }
    }
    for writer in 0..<64 {
      let page = try await node.scan(
        ScanRequest(scope: .partition(Partition(app: 1, "w\(writer)"), RowRange(space: 0x61))))
      #expect(page.rows.count == 20)
    }
    #expect(metrics.counter("keevo_log_rounds_total").value < 1_280 / 2, "1,280 writes were not grouped")
    await node.close()
  }

  @Test func theLogIsCutAndItsFilesUsedAgainWhileWritesGoOn() async throws {
    try await Self.with(segmentBytes: 256 << 10) { node in
      let value = [UInt8](repeating: 3, count: 16 << 10)
      for number in 0..<200 {
        _ = try await node.write(Self.put(Partition(app: 1, "p\(number % 40)"), key(UInt8(number % 7)), value))
        if number % 10 == 9 {
          await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
            node.runMaintenance { done.resume() }
          }
        }
      }
      let status = try node.status()
      #expect(status.logSegments <= 4)
      #expect(status.firstLogSegment > 5)
      #expect(status.shards.allSatisfy { $0.flushedIndex > 0 })
    }
  }

  @Test func aFullQueueRefusesBeforeTheLog() async throws {
    // Stages that never run: what is submitted waits.
    let stages = SimulatedStages(seed: 1)
    var options = StoreNodeOptions(dataDirectory: "/node")
    options.logSegmentBytes = 64 << 10
    options.waitingRequestsMax = 3
    let node = try StoreNode(
      options, .init(disk: CrashDisk(), stages: stages, openState: { _ throws(StoreError) in MemoryState() }))
    let command = CommandEncoding.encode(
      Command(
        identity: RequestIdentity(clientID: 1, sequence: 1, acknowledgedBelow: 0), traceID: [],
        body: .write([SubBatch(partition: home, operations: [])])))
    let proposal = Proposal(command: command, ordinals: 1) { _ in }
    for _ in 0..<3 { try node.path.submit([(0, proposal)]) }
    #expect(throws: StoreError.self) { try node.path.submit([(0, proposal)]) }
    // A call that touches a full shard takes no place in the others.
    #expect(throws: StoreError.self) { try node.path.submit([(1, proposal), (0, proposal)]) }
    for _ in 0..<3 { try node.path.submit([(1, proposal)]) }
    #expect(throws: StoreError.self) { try node.path.submit([(1, proposal)]) }
    stages.runAll()
    try node.path.submit([(0, proposal)])
  }

  @Test func aFailedDiskEndsAllWritesAndSaysSoOnce() async throws {
    let disk = CrashDisk()
    let stages = SimulatedStages(seed: 1)
    var options = StoreNodeOptions(dataDirectory: "/node")
    options.logSegmentBytes = 64 << 10
    let failures = Mutex<[StoreError]>([])
    let answers = Mutex<[Result<CommandResult, StoreError>]>([])
    let node = try StoreNode(
      options, .init(disk: disk, stages: stages, openState: { _ throws(StoreError) in MemoryState() }),
      onFailure: { error in failures.withLock { $0.append(error) } })
    func proposal(_ sequence: UInt64) -> Proposal {
      Proposal(
        command: CommandEncoding.encode(
          Command(
            identity: RequestIdentity(clientID: 1, sequence: sequence, acknowledgedBelow: 0), traceID: [],
            body: .write([SubBatch(partition: home, operations: [])]))), ordinals: 1
      ) { answer in answers.withLock { $0.append(answer) } }
    }
    disk.losePower(afterCalls: 1)  // the write of the round succeeds, its sync does not
    try node.path.submit([(0, proposal(1))])
    stages.runAll()
    let written = disk.calls
    guard case .failure(.unknown) = answers.withLock({ $0 }).first else {
      Issue.record("\(answers.withLock { $0 })")
      return
    }
    do throws(StoreError) {
      try node.path.submit([(0, proposal(2))])
      Issue.record("a write was taken after the disk had failed")
    } catch {
      guard case .failed = error else {
        Issue.record("\(error)")
        return
      }
    }
    stages.runAll()
    #expect(failures.withLock { $0.count } == 1)
    #expect(disk.calls == written)
  }

  @Test func aHandlerOnALoopReadsWithoutLeavingIt() async throws {
    try await Self.with { node in
      _ = try await node.write(Self.put(home, key(1), [7]))
      let group = EventLoopGroup(count: 1)
      let loop = group.loops[0]
      let home = self.home
      let foreign = await Task(executorPreference: loop) { () -> Int in
        let before = loop.foreignEnqueues
        for _ in 0..<20 {
          _ = try? await node.get(GetRequest(partition: home, key: RowKey(space: 0x61, rest: [1])))
          _ = try? await node.scan(ScanRequest(scope: .partition(home, RowRange(space: 0x61))))
        }
        return loop.foreignEnqueues - before
      }.value
      #expect(foreign == 0)
      group.stop()
    }
  }
}
