import ControlPlane
import Feeds
import HTTP
import KeevoClient
import ServiceKit
import Telemetry

/// The service `worker`: background work: fan-out, copies, garbage, feeds of others.
public func workerSpecification() -> ServiceSpecification {
  ServiceSpecification(
    name: "worker", summary: "background work: fan-out, copies, feeds of others",
    settings: [
      Setting("listen", .address, default: "127.0.0.1:8087", help: "where its routes are served"),
      Setting(
        "admin-listen", .address, default: "127.0.0.1:9087", help: "where /healthz, /readyz and /metrics are served"),
      Setting("lane-width", .integer(1...1_000), default: "4", help: "jobs of one kind that run at once"),
    ] + Setting.controlPlane(dataDirectory: "var/worker") + Setting.keevo + Setting.objectStorage
      + Setting.numbers(FeedEngine.Options.jobSettings + [UsageLedger.setting]) + FeedFaults.settings,
    commands: [rssCommand(), importCommand(), deadLettersCommand()],
    build: { context in
      let settings = context.configuration
      let watcher = try await ConfigurationWatcher.start(
        postgres: settings.string("postgres") ?? "", masterKeyFile: settings.string("master-key-file") ?? "",
        cacheFile: (settings.string("data-dir") ?? ".") + "/configuration.sealed", logger: context.logger,
        metrics: context.metrics)
      let store = try KeevoClient(context)
      var options = FeedEngine.Options { settings.integer($0) }
      options.faults = try FeedFaults.read(context)
      return try await WorkerService.start(
        store: store, groups: ConfiguredGroups(watcher), options: options,
        files: UploadStore(
          records: Uploads(store: store), storage: objectStorage(settings),
          wallMilliseconds: { UInt64(max(0, wallClockMicroseconds()) / 1_000) }),
        laneWidth: settings.integer("lane-width") ?? 4, context: context,
        apps: { watcher.current.apps.keys.sorted() }, notReadyReason: { watcher.notReadyReason },
        close: {
          await watcher.stop()
          await store.close()
        })
    })
}
