import EventLoop
import Foundation
import GRPC
import KeevoClient
import KeevoService
import Telemetry

/// A node of the store over real files, served over gRPC on loops of its own, in this process.
struct ServedStore {
  let node: StoreNode
  let server: GRPCServer

  var address: String { "127.0.0.1:\(server.port)" }

  static func run(logger: Logger = .silent, _ body: (ServedStore) async throws -> Void) async throws {
    let directory = "/tmp/millrace-api-\(UInt64.random(in: 0 ... .max))"
    var options = StoreNodeOptions(dataDirectory: directory)
    options.logSegmentBytes = 32 << 20
    let settled = options
    let node = try await BlockingPool(threadsMax: 1).run { () -> Result<StoreNode, StoreError> in
      do throws(StoreError) { return .success(try StoreNode.open(settled)) } catch { return .failure(error) }
    }.get()
    let loops = EventLoopGroup(count: 2, name: "store")
    let server = try GRPCServer(
      address: "127.0.0.1:0", loops: loops, methods: node.methods(metrics: Metrics()), logger: logger)
    var failure: (any Error)?
    do { try await body(ServedStore(node: node, server: server)) } catch { failure = error }
    await server.drain(timeoutMilliseconds: 200)
    await node.close()
    loops.stop()
    try FileManager.default.removeItem(atPath: directory)
    if let failure { throw failure }
  }
}
