import EventLoop
import Glibc
import KeevoClient
import Synchronization
import Telemetry

// Calls of the store from so many clients at once, for so long:
//
//   bench-keevo-load HOST:PORT put|get|scan|batch CLIENTS SECONDS
//
// prints the calls answered and the seconds taken. Values are 100 bytes; `get` reads one of 10,000 rows at random, `scan`
// 25 rows in order, `batch` writes 100 rows to as many partitions with PutMany.

struct Work: Sendable {
  static let rows = 10_000
  let kind: String
  let store: KeevoClient

  static func partition(_ number: Int) -> Partition { Partition(app: 1, "bench/\(number % 64)") }

  static func key(_ number: Int) -> RowKey {
    RowKey(space: UInt8(ascii: "b"), rest: (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) })
  }

  static let value = [UInt8](repeating: UInt8(ascii: "v"), count: 100)

  func prepare() async throws(StoreError) {
    guard kind == "get" || kind == "scan" else { return }
    for start in stride(from: 0, to: Self.rows, by: 500) {
      _ = try await store.write(
        WriteRequest(
          batches: (start..<start + 500).map { number in
            SubBatch(
              partition: Self.partition(number), operations: [.put(Self.key(number), value: Self.value)])
          }))
    }
  }

  func once(_ number: Int) async throws(StoreError) {
    switch kind {
    case "put":
      _ = try await store.write(
        WriteRequest(batches: [
          SubBatch(partition: Self.partition(number), operations: [.put(Self.key(number), value: Self.value)])
        ]))
    case "get":
      let row = Int.random(in: 0..<Self.rows)
      let answer = try await store.get(GetRequest(partition: Self.partition(row), key: Self.key(row)))
      guard answer.row != nil else { throw .failed("a row that was written is not there") }
    case "scan":
      let range = RowRange(space: UInt8(ascii: "b"), start: Self.key(Int.random(in: 0..<Self.rows / 2)).rest)
      let answer = try await store.scan(
        ScanRequest(scope: .partition(Self.partition(Int.random(in: 0..<64)), range), limit: 25))
      guard answer.rows.count == 25 else { throw .failed("a scan gave \(answer.rows.count) rows, not 25") }
    default:
      _ = try await store.putMany(
        PutManyRequest(
          app: 1, space: UInt8(ascii: "e"), restPrefix: Self.key(number).rest, value: Self.value,
          targets: (0..<100).map {
            .init(partitionName: Array("feed/\(number &* 31 &+ $0 &* 97)".utf8), own: UInt64($0))
          }))
    }
  }
}

/// Calls answered, by all clients.
private final class CallCount: Sendable {
  let value = Atomic<Int>(0)
}

@main
enum BenchmarkKeevoLoad {
  static func main() async {
    let words = CommandLine.arguments
    guard words.count == 5, ["put", "get", "scan", "batch"].contains(words[2]), let clients = Int(words[3]),
      let seconds = Int(words[4])
    else {
      print("usage: bench-keevo-load HOST:PORT put|get|scan|batch CLIENTS SECONDS")
      exit(2)
    }
    let loops = EventLoopGroup(count: 1)
    let loop = loops.loops[0]
    let store = KeevoClient(address: words[1], loops: loops, logger: .silent, metrics: Metrics())
    let work = Work(kind: words[2], store: store)
    let calls = CallCount()
    do {
      try await work.prepare()
      let began = monotonicNanoseconds()
      let end = began + UInt64(seconds) * 1_000_000_000
      let base = Int(began % 1_000_000_007) * 1_000
      try await withThrowingTaskGroup(of: Void.self) { group in
        for client in 0..<clients {
          group.addTask(executorPreference: loop) {
            var number = base + client
            while monotonicNanoseconds() < end {
              try await work.once(number)
              calls.value.add(1, ordering: .relaxed)
              number += clients
            }
          }
        }
        try await group.waitForAll()
      }
      let took = Double(monotonicNanoseconds() - began) / 1e9
      print("\(calls.value.load(ordering: .relaxed)) \(took)")
    } catch {
      print("a call failed: \(error)")
      exit(1)
    }
  }
}
