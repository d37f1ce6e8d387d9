import HTTP
import ServiceKit

/// The service `worker`: background work: fan-out, copies, feeds of others
///
/// Its real work has an issue of its own; until then its routes answer 501 with a clear body.
public func workerSpecification() -> ServiceSpecification {
  ServiceSpecification(
    name: "worker", summary: "background work: fan-out, copies, feeds of others",
    settings: [
      Setting("listen", .address, default: "127.0.0.1:8087", help: "where its routes are served"),
      Setting(
        "admin-listen", .address, default: "127.0.0.1:9087", help: "where /healthz, /readyz and /metrics are served"),
    ],
    commands: [rssCommand()],
    build: { context in
      try await HTTPService.start(NotServedYetHandler(service: "worker"), context: context)
    })
}
