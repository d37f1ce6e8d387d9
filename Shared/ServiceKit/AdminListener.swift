import HTTP

/// The second listener of a process; it goes on answering while the service drains.
struct AdminListener: Sendable {
  let server: HTTPServer
  /// Where it listens, with the port that was taken.
  let address: HTTPServer.Address

  static func start(_ handler: AdminHandler, context: ServiceContext) async throws -> AdminListener {
    var address = try context.configuration.address("admin-listen")
    var limits = HTTPServer.Limits()
    // Probes and a scraper: a handful of connections with small requests.
    limits.connectionsMax = 200
    limits.bodyBytesMax = 1 << 10
    let server = HTTPServer(
      group: context.loops, limits: limits, logger: context.logger, metrics: context.metrics, name: "admin",
      handler: handler)
    address.port = try await server.start(on: address)
    return AdminListener(server: server, address: address)
  }
}
