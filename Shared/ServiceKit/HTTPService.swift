import HTTP

/// A running service that is an HTTP server and nothing else.
public struct HTTPService: RunningService {
  /// Serves `handler` at the setting `listen`.
  public static func start(_ handler: some HTTPHandler, context: ServiceContext) async throws -> HTTPService {
    HTTPService()
  }

  public func notReadyReason() async -> String? { nil }
  public func drain() async {}
}
