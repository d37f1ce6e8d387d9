import ControlPlane
import Feeds
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
      Setting(
        "postgres", .text, default: "dbname=millrace", help: "PostgreSQL's connection string (libpq's form)",
        isSecret: true),
      Setting(
        "master-key-file", .path, default: "var/master.key",
        help: "the key that opens sealed secrets; made with mode 600 if it is not there"),
      Setting(
        "data-dir", .path, default: "var/worker",
        help: "where the last configuration is kept, sealed, for a start without PostgreSQL"),
      Setting(
        "idle-days", .integer(0...3_650), default: "\(FeedEngine.Options().idleDays)",
        help:
          "days without a read after which nothing is written into a following feed until it is read again; 0: never"),
      Setting(
        "bucket-followers-max", .integer(2...1_000_000_000), default: "\(FeedEngine.Options().bucketFollowersMax)",
        help: "followers of one feed in one partition; above it they are parted"),
      Setting("lane-width", .integer(1...1_000), default: "4", help: "jobs of one kind that run at once"),
      Setting(
        "audit-retention-days", .integer(0...36_500), default: "\(AuditLog.retentionDaysDefault)",
        help: AuditLog.retentionDaysHelp),
      Setting(
        "usage-milliseconds", .integer(100...600_000), default: "\(UsageLedger.everyMillisecondsDefault)",
        help: UsageLedger.everyMillisecondsHelp),
    ] + Setting.keevo + FeedFaults.settings,
    commands: [rssCommand(), importCommand(), deadLettersCommand()],
    build: { context in
      let settings = context.configuration
      let watcher = try await ConfigurationWatcher.start(
        postgres: settings.string("postgres") ?? "", masterKeyFile: settings.string("master-key-file") ?? "",
        cacheFile: (settings.string("data-dir") ?? ".") + "/configuration.sealed", logger: context.logger,
        metrics: context.metrics)
      let store = try KeevoClient(context)
      var options = FeedEngine.Options()
      if let days = settings.integer("idle-days") { options.idleDays = days }
      if let followers = settings.integer("bucket-followers-max") { options.bucketFollowersMax = followers }
      options.faults = try FeedFaults.read(context)
      return try await WorkerService.start(
        store: store, groups: ConfiguredGroups(watcher), options: options,
        laneWidth: settings.integer("lane-width") ?? 4, context: context,
        apps: { watcher.current.apps.keys.sorted() }, notReadyReason: { watcher.notReadyReason },
        close: {
          await watcher.stop()
          await store.close()
        })
    })
}
