import EventLoop
import GRPC
import Glibc
import KeevoClient
import ServiceKit
import Telemetry

/// The running node and what is served in front of it.
struct KeevoProcess: RunningService {
  let node: StoreNode
  let server: GRPCServer

  static func start(_ context: ServiceContext) async throws -> KeevoProcess {
    let logger = context.logger
    let options = KeevoSettings.options(context.configuration)
    let metrics = context.metrics
    // Recovery reads the log and blocks: away from the loops.
    let opened = try await BlockingPool(threadsMax: 1).run { () -> Result<StoreNode, StoreError> in
      do throws(StoreError) {
        return .success(
          try StoreNode.open(options, logger: logger, metrics: metrics) { error in
            // Nothing it holds in memory is worth more than a clean start from what the disk has.
            logger.error("the node ends itself", [("error", "\(error)"), ("data_dir", options.dataDirectory)])
            _exit(3)
          })
      } catch { return .failure(error) }
    }
    let node = try opened.get()
    logger.info("the store is open", [("data_dir", options.dataDirectory), ("shards", "\(options.shards)")])
    let address = context.configuration.string("listen") ?? "127.0.0.1:0"
    let server: GRPCServer
    do {
      server = try GRPCServer(
        address: address, loops: context.loops, methods: node.methods(metrics: metrics),
        settings: KeevoSettings.server(context.configuration), logger: logger, metrics: metrics)
    } catch {
      await node.close()
      throw error
    }
    return KeevoProcess(node: node, server: server)
  }

  func notReadyReason() async -> String? {
    do throws(StoreError) {
      let status = try node.status()
      if let shard = status.shards.first(where: { $0.role != "leader" }) { return "shard \(shard.id) has no leader" }
      return nil
    } catch { return "\(error)" }
  }

  func drain() async {
    await server.drain(timeoutMilliseconds: 8_000)
    await node.close()
  }
}
