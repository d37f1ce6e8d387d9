import PubSub

extension Setting {
  /// Where services that publish or listen find Redis.
  public static let redis = Setting(
    "redis", .address, default: "127.0.0.1:6379",
    help: "Redis, for what should arrive at once; without it the same arrives a little later")
}

extension RedisPubSub {
  /// The connection to the Redis of the settings, on one of the service's loops.
  public init(_ context: ServiceContext) throws(MissingSetting) {
    let address = try context.configuration.address("redis")
    self.init(
      host: address.host, port: address.port, loop: context.loops.any(), logger: context.logger,
      metrics: context.metrics)
  }
}
