import HTTP
import ServiceKit

/// The running service: it keeps the control plane's tables up to date, and answers 501 where the dashboard, its API, the
/// demo and the status page will be.
struct DashboardService: RunningService {
  let http: HTTPService
  let tables: ControlTables

  static func start(_ context: ServiceContext) async throws -> DashboardService {
    let tables = ControlTables(
      postgres: context.configuration.string("postgres") ?? "", logger: context.logger)
    try await tables.start()
    let http = try await HTTPService.start(NotServedYetHandler(service: "dashboard-api"), context: context)
    return DashboardService(http: http, tables: tables)
  }

  func notReadyReason() async -> String? { tables.notReadyReason }

  func drain() async {
    tables.stop()
    await http.drain()
  }
}
