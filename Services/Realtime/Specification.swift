import HTTP
import ServiceKit

/// The service `realtime`: realtime delivery over Bayeux (/faye) and the native stream (/realtime/)
///
/// Its real work has an issue of its own; until then its routes answer 501 with a clear body.
public func realtimeSpecification() -> ServiceSpecification {
  ServiceSpecification(
    name: "realtime", summary: "realtime delivery over Bayeux (/faye) and the native stream (/realtime/)",
    settings: [
      Setting("listen", .address, default: "127.0.0.1:8083", help: "where its routes are served"),
      Setting(
        "admin-listen", .address, default: "127.0.0.1:9083", help: "where /healthz, /readyz and /metrics are served"),
    ] + Setting.http,
    build: { context in
      try await HTTPService.start(NotServedYetHandler(service: "realtime"), context: context)
    })
}
