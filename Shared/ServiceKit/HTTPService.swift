import HTTP

/// A running service that is an HTTP server and nothing else.
public struct HTTPService: RunningService {
  public let server: HTTPServer
  /// Where it listens, with the port that was taken.
  public let address: HTTPServer.Address
  private let drainSeconds: Int

  /// Serves `handler` at the setting `listen` within the limits of `Setting.http`.
  public static func start(_ handler: some HTTPHandler, context: ServiceContext) async throws -> HTTPService {
    let configuration = context.configuration
    var address = try configuration.address("listen")
    let server = HTTPServer(
      group: context.loops, limits: HTTPServer.Limits(configuration), logger: context.logger, metrics: context.metrics,
      handler: handler)
    address.port = try await server.start(on: address)
    context.logger.info("listening", [("listen", "\(address)")])
    return HTTPService(server: server, address: address, drainSeconds: configuration.integer("drain-seconds") ?? 10)
  }

  public func notReadyReason() async -> String? { nil }

  public func drain() async {
    // A little less than the process has, so that it is the server which says what it cut.
    await server.drain(timeoutMilliseconds: UInt64(drainSeconds) * 1_000 - 500)
  }
}
