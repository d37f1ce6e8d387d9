import HTTP
import ServiceKit

/// The service `feed-api`: the feed API (`/api/v1.0/`), and the description of the API (`/openapi.yaml`).
public func feedAPISpecification() -> ServiceSpecification {
  ServiceSpecification(
    name: "feed-api", summary: "the feed API (/api/v1.0/)",
    settings: [
      Setting("listen", .address, default: "127.0.0.1:8081", help: "where its routes are served"),
      Setting(
        "admin-listen", .address, default: "127.0.0.1:9081", help: "where /healthz, /readyz and /metrics are served"),
    ],
    build: { context in
      try await HTTPService.start(NotServedYetHandler(service: "feed-api"), context: context)
    })
}
