import HTTP
import ServiceKit

/// The service `dashboard-api`: it keeps the control plane's tables, and its commands change apps and keys.
///
/// The dashboard and its API (`/dashboard`, `/control/`), the demo and the status page have issues of their own; until then
/// those routes answer 501 with a clear body.
public func dashboardSpecification() -> ServiceSpecification {
  ServiceSpecification(
    name: "dashboard-api", summary: "the control plane: apps, keys, feed groups",
    settings: [
      Setting("listen", .address, default: "127.0.0.1:8086", help: "where its routes are served"),
      Setting(
        "admin-listen", .address, default: "127.0.0.1:9086", help: "where /healthz, /readyz and /metrics are served"),
      Setting.postgres, Setting.masterKeyFile, Setting.redis,
    ] + Setting.keevo,
    commands: [.apply, .export, .schema, .keys, .apps, .token, .audit, .usage, .migrate],
    build: { context in try await DashboardService.start(context) })
}
