import ControlPlane
import Feeds
import HTTP
import Jobs
import KeevoClient
import PubSub
import ServiceKit
import Telemetry

/// The service `feed-api`: the feed API (`/api/v1.0/`), and the description of the API (`/openapi`).
public func feedAPISpecification() -> ServiceSpecification {
  ServiceSpecification(
    name: "feed-api", summary: "the feed API (/api/v1.0/)",
    settings: [
      Setting("listen", .address, default: "127.0.0.1:8081", help: "where its routes are served"),
      Setting(
        "admin-listen", .address, default: "127.0.0.1:9081", help: "where /healthz, /readyz and /metrics are served"),
      Setting(
        "postgres", .text, default: "dbname=millrace", help: "PostgreSQL's connection string (libpq's form)",
        isSecret: true),
      Setting.redis,
      Setting(
        "master-key-file", .path, default: "var/master.key",
        help: "the key that opens sealed secrets; made with mode 600 if it is not there"),
      Setting(
        "data-dir", .path, default: "var/feed-api",
        help: "where the last configuration is kept, sealed, for a start without PostgreSQL"),
      Setting(
        "openapi-file", .path, default: "docs/openapi.yaml", help: "what /openapi, /openapi.yaml and /openapi.json show"
      ),
      Setting(
        "public-origin", .text,
        help:
          "scheme and host in front of the addresses in answers, such as https://feeds.example.org (default: as the "
          + "client asks)"),
      Setting(
        "og-stand-ins", .path,
        help:
          "a JSON object of addresses and the HTML files to be read in their place, for Open Graph data without a way "
          + "out"),
      Setting(
        "more-info", .text, default: FeedAPIHandler.standardMoreInformation,
        help: "the member more_info of every error"),
      Setting(
        "visible-feeds-max", .integer(0...100_000), default: "\(FeedEngine.Options().visibleFeedsMax)",
        help: "feeds that an add reaches before its answer; beyond it, worker finishes"),
      Setting(
        "visible-milliseconds", .integer(1...60_000), default: "\(FeedEngine.Options().visibleMilliseconds)",
        help: "how long an answer waits for that"),
      Setting(
        "compress-bytes-min", .integer(0...100_000_000),
        default: "\(CompressingHandler<FeedAPIHandler>.bytesMinDefault)",
        help: "bytes of an answer from which on it is compressed for those who accept gzip or zstd; 0: never"),
      Setting(
        "ranked-window-max", .integer(1...10_000), default: "\(FeedEngine.Options().rankedWindowMax)",
        help: "newest activities of a feed that a ranked read scores"),
      Setting(
        "idle-days", .integer(0...3_650), default: "\(FeedEngine.Options().idleDays)",
        help:
          "days without a read after which nothing is written into a following feed until it is read again; 0: never"),
      Setting(
        "bucket-followers-max", .integer(2...1_000_000_000), default: "\(FeedEngine.Options().bucketFollowersMax)",
        help: "followers of one feed in one partition; above it they are parted"),
      Setting(
        "filter-scan-max", .integer(1...100_000), default: "\(FeedEngine.Options().filterScanMax)",
        help: "activities of a feed that a filtered read looks at before its page ends"),
      Setting(
        "reactions-per-page-max", .integer(1...100_000), default: "\(FeedEngine.Options().reactionsPerPageMax)",
        help: "reactions that one enriched page may show of its activities; more is answered 400"),
      Setting(
        "page-memory-mib", .integer(0...1_048_576), default: "\(FeedEngine.Options().pageMemoryBytes >> 20)",
        help: "flat pages kept as they were read last; the store is asked at each read whether they stand"),
      Setting(
        "audit-retention-days", .integer(0...36_500), default: "\(AuditLog.retentionDaysDefault)",
        help: AuditLog.retentionDaysHelp),
      Setting(
        "usage-milliseconds", .integer(100...600_000), default: "\(UsageLedger.everyMillisecondsDefault)",
        help: UsageLedger.everyMillisecondsHelp),
    ] + Setting.keevo + Setting.objectStorage + FeedFaults.settings + Enrichment.Limits.settings + APILimits.settings
      + Setting.http,
    build: { context in try await FeedAPIService.start(try await foundation(context), context: context) })
}

/// The live foundation: configuration from PostgreSQL, feeds in Keevo.
private func foundation(_ context: ServiceContext) async throws -> FeedAPIService.Foundation {
  let settings = context.configuration
  let directory = settings.string("data-dir") ?? "."
  let watcher = try await ConfigurationWatcher.start(
    postgres: settings.string("postgres") ?? "", masterKeyFile: settings.string("master-key-file") ?? "",
    cacheFile: directory + "/configuration.sealed", logger: context.logger, metrics: context.metrics)
  let pubSub = try RedisPubSub(context)
  watcher.listen(to: pubSub)
  let store = try KeevoClient(context)
  let times = LeasedTimeSource(store: store)
  let masterKey = try MasterKey.load(path: settings.string("master-key-file") ?? "")
  var options = FeedEngine.Options()
  if let feeds = settings.integer("visible-feeds-max") { options.visibleFeedsMax = feeds }
  if let milliseconds = settings.integer("visible-milliseconds") { options.visibleMilliseconds = UInt64(milliseconds) }
  if let window = settings.integer("ranked-window-max") { options.rankedWindowMax = window }
  if let scanned = settings.integer("filter-scan-max") { options.filterScanMax = scanned }
  if let days = settings.integer("idle-days") { options.idleDays = days }
  if let followers = settings.integer("bucket-followers-max") { options.bucketFollowersMax = followers }
  if let reactions = settings.integer("reactions-per-page-max") { options.reactionsPerPageMax = reactions }
  if let mebibytes = settings.integer("page-memory-mib") { options.pageMemoryBytes = mebibytes << 20 }
  options.auditRetentionDays = settings.integer("audit-retention-days") ?? AuditLog.retentionDaysDefault
  options.faults = try FeedFaults.read(context)
  let usage = UsageLedger(store: store, logger: context.logger)
  let engine = FeedEngine(
    store: store, times: times, groups: ConfiguredGroups(watcher), options: options,
    timing: JobTiming(wallMilliseconds: { UInt64(max(0, wallClockMicroseconds()) / 1_000) }), usage: usage,
    logger: context.logger, metrics: context.metrics)
  return FeedAPIService.Foundation(
    configuration: watcher,
    feeds: GroupUseRecorder(base: engine) { watcher.noteInUse(app: $0, group: $1) },
    reactions: ReactionGroupRecorder(base: engine) { watcher.noteInUse(app: $0, group: $1) },
    entities: Entities(store: store, times: times),
    enrichment: Enrichment(store: store, reactions: engine, limits: Enrichment.Limits(settings)),
    moderation: ModerationLog(store: store),
    files: FileStore(
      uploads: Uploads(store: store), storage: objectStorage(settings),
      signer: FileSigner(secrets: masterKey.derived(for: "millrace file addresses"))),
    idempotency: (store, times), usage: usage,
    notReadyReason: {
      if let reason = watcher.notReadyReason { return reason }
      do throws(StoreError) {
        _ = try await store.topology()
        return nil
      } catch { return "the store does not answer: \(error)" }
    },
    close: {
      pubSub.stop()
      await watcher.stop()
      await store.close()
    })
}
