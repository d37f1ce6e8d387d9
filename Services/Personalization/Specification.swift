import HTTP
import ServiceKit

/// The service `personalization`: personalization: training, candidates and ranking (/personalization/)
///
/// Its real work has an issue of its own; until then its routes answer 501 with a clear body.
public func personalizationSpecification() -> ServiceSpecification {
  ServiceSpecification(
    name: "personalization", summary: "personalization: training, candidates and ranking (/personalization/)",
    settings: [
      Setting("listen", .address, default: "127.0.0.1:8085", help: "where its routes are served"),
      Setting(
        "admin-listen", .address, default: "127.0.0.1:9085", help: "where /healthz, /readyz and /metrics are served"),
    ] + Setting.http,
    build: { context in
      try await HTTPService.start(NotServedYetHandler(service: "personalization"), context: context)
    })
}
