import HTTP
import ServiceKit

/// The service `analytics`: analytics: ingest, rollups and queries (/analytics/)
///
/// Its real work has an issue of its own; until then its routes answer 501 with a clear body.
public func analyticsSpecification() -> ServiceSpecification {
  ServiceSpecification(
    name: "analytics", summary: "analytics: ingest, rollups and queries (/analytics/)",
    settings: [
      Setting("listen", .address, default: "127.0.0.1:8084", help: "where its routes are served"),
      Setting(
        "admin-listen", .address, default: "127.0.0.1:9084", help: "where /healthz, /readyz and /metrics are served"),
    ] + Setting.http,
    build: { context in
      try await HTTPService.start(NotServedYetHandler(service: "analytics"), context: context)
    })
}
