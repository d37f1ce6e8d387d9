import EventLoop
import Foundation
import GRPC
import KeevoClient
import KeevoService
import Protobuf
import Telemetry
import Testing

private let partition = Partition(app: 1, "c/1")
private let counter = RowKey(space: UInt8(ascii: "c"), rest: [1])

private func add(_ key: RowKey = counter) -> WriteRequest {
  WriteRequest(batches: [SubBatch(partition: partition, operations: [.add(key, delta: 1)])])
}

private func count(_ store: any KeyValueStore, _ key: RowKey = counter) async throws -> UInt64 {
  let row = try await store.get(GetRequest(partition: partition, key: key)).row
  return row.map { $0.value.reversed().reduce(0) { $0 << 8 | UInt64($1) } } ?? 0
}

@Suite(.timeLimit(.minutes(2))) struct KeevoClientRetryTests {
  @Test func theSameIdentityIsAppliedOnceAndAnsweredAlike() async throws {
    try await withServedNode { served in
      let loops = served.clientLoops
      let raw = GRPCClient(address: "127.0.0.1:\(served.server.port)", loops: loops)
      func send(_ sequence: UInt64, _ request: WriteRequest, below: UInt64 = 1) async throws -> [UInt8] {
        let message = IdentifiedWrite(
          identity: RequestIdentity(clientID: 77, sequence: sequence, acknowledgedBelow: below), request: request)
        return try await raw.unary(KeevoMethods.write, message.protobufBytes())
      }
      let first = try await send(1, add())
      let other = try await send(2, add())
      let again = try await send(1, add())
      #expect(first == again)
      #expect(first != other)
      let value = try await count(served.node)
      #expect(value == 2)
      // A refusal is remembered as well: by now the condition would hold, and must not.
      let absent = WriteRequest(batches: [
        SubBatch(partition: partition, conditions: [.absent(counter)], operations: [.add(counter, delta: 1)])
      ])
      let refused = try await send(3, absent)
      _ = try await served.node.write(
        WriteRequest(batches: [SubBatch(partition: partition, operations: [.delete(counter)])]))
      let refusedAgain = try await send(3, absent)
      #expect(refused == refusedAgain)
      let after = try await count(served.node)
      #expect(after == 0)
      await raw.close()
    }
  }

  @Test func addsThroughABreakingConnectionCountOnce() async throws {
    try await withServedNode { served in
      let proxy = try BreakingProxy(target: served.server.port)
      let loops = EventLoopGroup(count: 2)
      var settings = KeevoClient.Settings()
      settings.callMilliseconds = 30_000
      let client = KeevoClient(
        address: "127.0.0.1:\(proxy.port)", loops: loops, settings: settings, logger: .silent, metrics: Metrics())
      let breaker = Thread {
        while !Thread.current.isCancelled {
          Thread.sleep(forTimeInterval: 0.02)
          proxy.breakAll(deafSeconds: 0.005)
        }
      }
      breaker.start()
      let writers = 8
      let each = 60
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<writers {
          group.addTask {
            let own = RowKey(space: UInt8(ascii: "c"), rest: [2, UInt8(writer)])
            for number in 1...each {
              let batches = [
                SubBatch(partition: partition, operations: [.add(counter, delta: 1)]),
                SubBatch(partition: partition, operations: [.add(own, delta: 1)]),
              ]
              let answer = try await client.write(WriteRequest(batches: batches))
              #expect(answer.results.allSatisfy { $0.applied })
              let seen = try await count(client, own)
              #expect(seen == UInt64(number), "writer \(writer)")
            }
          }
        }
        try await group.waitForAll()
      }
      breaker.cancel()
      let total = try await count(served.node)
      #expect(total == UInt64(writers * each))
      #expect(proxy.cuts > 5, "the connection broke too seldom for the test to mean something")
      await client.close()
      proxy.stop()
      loops.stop()
    }
  }

  @Test func aWriteWithoutAnswerByTheDeadlineIsUnknown() async throws {
    try await withServedNode { served in
      let proxy = try BreakingProxy(target: served.server.port)
      let loops = EventLoopGroup(count: 1)
      var settings = KeevoClient.Settings()
      settings.callMilliseconds = 300
      let client = KeevoClient(
        address: "127.0.0.1:\(proxy.port)", loops: loops, settings: settings, logger: .silent, metrics: Metrics())
      _ = try await client.topology()
      let breaker = Thread { while !Thread.current.isCancelled { proxy.breakAll(deafSeconds: 0.6) } }
      breaker.start()
      try await Task.sleep(nanoseconds: 20_000_000)
      let write = await storeError { () async throws(StoreError) in _ = try await client.write(add()) }
      switch write {
      case .unknown?, .deadlineExceeded?, .unavailable?: break
      default: Issue.record("\(String(describing: write))")
      }
      breaker.cancel()
      await client.close()
      proxy.stop()
      loops.stop()
    }
  }

  @Test func readsFindAServerThatComesLater() async throws {
    try await withServedNode { served in
      let proxy = try BreakingProxy(target: served.server.port)
      let port = proxy.port
      let loops = EventLoopGroup(count: 1)
      let client = KeevoClient(
        address: "127.0.0.1:\(port)", loops: loops, logger: .silent, metrics: Metrics())
      for _ in 0..<20 {
        proxy.breakAll(deafSeconds: 0)
        let topology = try await client.topology()
        #expect(topology.shards.count == ContractStore.shards)
      }
      await client.close()
      proxy.stop()
      loops.stop()
    }
  }

  @Test func withoutAServerACallEndsAsUnavailableOrLate() async throws {
    let loops = EventLoopGroup(count: 1)
    var settings = KeevoClient.Settings()
    settings.callMilliseconds = 150
    let client = KeevoClient(
      address: "127.0.0.1:1", loops: loops, settings: settings, logger: .silent, metrics: Metrics())
    let read = await storeError { () async throws(StoreError) in _ = try await client.topology() }
    let write = await storeError { () async throws(StoreError) in _ = try await client.write(add()) }
    for error in [read, write] {
      switch error {
      case .unavailable?, .deadlineExceeded?: break
      default: Issue.record("\(String(describing: error))")
      }
    }
    await client.close()
    loops.stop()
  }

  @Test func aCallMadeOnALoopStaysThere() async throws {
    try await withServedNode { served in
      let client = served.client
      let loop = served.clientLoops.loops[0]
      _ = try await client.write(add())
      let foreign = await Task(executorPreference: loop) { () -> Int in
        await Task.yield()
        let before = loop.foreignEnqueues
        for _ in 0..<50 {
          let read = try? await client.get(GetRequest(partition: partition, key: counter))
          #expect(read?.row != nil)
          let written = try? await client.write(add())
          #expect(written?.results.first?.applied == true)
          #expect(loop.isCurrent)
        }
        return loop.foreignEnqueues - before
      }.value
      #expect(foreign == 0)
    }
  }

  @Test(
    arguments: [
      .invalid("größer als 1,024 bytes: \u{1F600}%"), .overloaded("later"), .wrongShard(mapVersion: .max),
      .notLeader(hint: "10.0.0.2:7400"), .notLeader(hint: nil), .unknown("lost\nleadership"), .unavailable("stopping"),
      .deadlineExceeded, .unknownFormat("9"), .failed("disk: I/O error"),
    ] as [StoreError])
  func everyErrorSurvivesTheWire(error: StoreError) async throws {
    let loops = EventLoopGroup(count: 1)
    let server = try GRPCServer(
      address: "127.0.0.1:0", loops: loops,
      methods: [KeevoMethods.topology: .unary { (_, _) async throws(GRPCStatus) in throw error.status }])
    var settings = KeevoClient.Settings()
    settings.callMilliseconds = 300
    let client = KeevoClient(
      address: "127.0.0.1:\(server.port)", loops: loops, settings: settings, logger: .silent, metrics: Metrics())
    let seen = await storeError { () async throws(StoreError) in _ = try await client.topology() }
    #expect(seen == error)
    await client.close()
    await server.drain(timeoutMilliseconds: 100)
    loops.stop()
  }
}
