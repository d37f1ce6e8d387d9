import PubSub
import ServiceKit

extension RedisPubSub {
  /// The connection to the Redis of the settings, on one of the service's loops.
  init(_ context: ServiceContext) throws {
    let address = try context.configuration.address("redis")
    self.init(
      host: address.host, port: address.port, loop: context.loops.any(), logger: context.logger,
      metrics: context.metrics)
  }
}
