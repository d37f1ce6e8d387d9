import HTTP
import KeevoClient
import ServiceKit

/// The service `worker`: background work: fan-out, copies, garbage, feeds of others.
public func workerSpecification() -> ServiceSpecification {
  ServiceSpecification(
    name: "worker", summary: "background work: fan-out, copies, feeds of others",
    settings: [
      Setting("listen", .address, default: "127.0.0.1:8087", help: "where its routes are served"),
      Setting(
        "admin-listen", .address, default: "127.0.0.1:9087", help: "where /healthz, /readyz and /metrics are served"),
      Setting("lane-width", .integer(1...1_000), default: "4", help: "jobs of one kind that run at once"),
    ] + Setting.keevo + FeedFaults.settings,
    commands: [rssCommand(), importCommand(), deadLettersCommand()],
    build: { context in
      let store = try KeevoClient(context)
      return try await WorkerService.start(
        store: store, laneWidth: context.configuration.integer("lane-width") ?? 4, context: context,
        close: { await store.close() })
    })
}
