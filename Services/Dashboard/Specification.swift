import HTTP
import ServiceKit

/// The service `dashboard-api`: the control plane
///
/// Its real work has an issue of its own; until then its routes answer 501 with a clear body.
public func dashboardSpecification() -> ServiceSpecification {
  ServiceSpecification(
    name: "dashboard-api", summary: "the control plane",
    settings: [
      Setting("listen", .address, default: "127.0.0.1:8086", help: "where its routes are served"),
      Setting(
        "admin-listen", .address, default: "127.0.0.1:9086", help: "where /healthz, /readyz and /metrics are served"),
    ],
    build: { context in
      try await HTTPService.start(NotServedYetHandler(service: "dashboard-api"), context: context)
    })
}
