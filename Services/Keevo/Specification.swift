import HTTP
import ServiceKit

/// The service `keevo`: the store: an ordered, durable key-value store
///
/// Its real work has an issue of its own; until then its routes answer 501 with a clear body.
public func keevoSpecification() -> ServiceSpecification {
  ServiceSpecification(
    name: "keevo", summary: "the store: an ordered, durable key-value store",
    settings: [
      Setting("listen", .address, default: "127.0.0.1:8082", help: "where its routes are served"),
      Setting(
        "admin-listen", .address, default: "127.0.0.1:9082", help: "where /healthz, /readyz and /metrics are served"),
    ],
    build: { context in
      try await HTTPService.start(NotServedYetHandler(service: "keevo"), context: context)
    })
}
