import EventLoop
import GRPC
import Glibc
import KeevoClient
import KeevoService
import Synchronization
import Telemetry
import Testing

/// What the seam's contract runs against.
enum ContractStore: String, CaseIterable, CustomTestStringConvertible {
  case memory, node, client

  var testDescription: String { rawValue }

  static let shards = 4

  /// A store of this kind, fresh and gone afterwards.
  func run(_ body: (any KeyValueStore) async throws -> Void) async throws {
    switch self {
    case .memory:
      var options = MemoryStore.Options(clock: { UInt64(wallClockMicroseconds() / 1_000) })
      options.shards = Self.shards
      try await body(MemoryStore(options: options))
    case .node: try await withNode(body)
    case .client: try await withServedNode { served in try await body(served.client) }
    }
  }
}

private let blocking = BlockingPool(threadsMax: 4)

/// A node over real files, closed and removed afterwards.
func withNode(_ body: (StoreNode) async throws -> Void) async throws {
  let directory = "/tmp/millrace-contract-\(getpid())-\(UInt64.random(in: 0 ... .max))"
  var options = StoreNodeOptions(dataDirectory: directory)
  options.shards = ContractStore.shards
  options.logSegmentBytes = 32 << 20
  options.watchChangesMax = 2_000
  // It blocks: not on one of Swift's own few threads.
  let settled = options
  let node = try await blocking.run { () -> Result<StoreNode, StoreError> in
    do throws(StoreError) { return .success(try StoreNode.open(settled)) } catch { return .failure(error) }
  }.get()
  var failure: (any Error)?
  do { try await body(node) } catch { failure = error }
  await node.close()
  removeTree(directory)
  if let failure { throw failure }
}

/// A node, its gRPC face, and a client of it.
struct ServedNode {
  let node: StoreNode
  let server: GRPCServer
  let client: KeevoClient
  let clientLoops: EventLoopGroup
}

func withServedNode(
  clientSettings: KeevoClient.Settings = KeevoClient.Settings(), _ body: (ServedNode) async throws -> Void
) async throws {
  try await withNode { node in
    let serverLoops = EventLoopGroup(count: 2, name: "server")
    let clientLoops = EventLoopGroup(count: 1, name: "client")
    let server = try GRPCServer(
      address: "127.0.0.1:0", loops: serverLoops, methods: node.methods(metrics: Metrics()))
    let client = KeevoClient(
      address: "127.0.0.1:\(server.port)", loops: clientLoops, settings: clientSettings, logger: .silent,
      metrics: Metrics())
    var failure: (any Error)?
    do {
      try await body(ServedNode(node: node, server: server, client: client, clientLoops: clientLoops))
    } catch { failure = error }
    await client.close()
    await server.drain(timeoutMilliseconds: 200)
    clientLoops.stop()
    serverLoops.stop()
    if let failure { throw failure }
  }
}

private func removeTree(_ path: String) {
  guard let folder = opendir(path) else {
    unlink(path)
    return
  }
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name == "." || name == ".." { continue }
    let child = "\(path)/\(name)"
    if entry.pointee.d_type == UInt8(DT_DIR) { removeTree(child) } else { unlink(child) }
  }
  closedir(folder)
  rmdir(path)
}

/// The error that `body` throws; `nil` when it does not.
func storeError(_ body: () async throws(StoreError) -> Void) async -> StoreError? {
  do throws(StoreError) {
    try await body()
    return nil
  } catch { return error }
}

extension StoreError {
  var isInvalid: Bool { if case .invalid = self { true } else { false } }
}
