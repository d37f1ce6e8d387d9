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
        "compress-bytes-min", .integer(0...100_000_000),
        default: "\(CompressingHandler<FeedAPIHandler>.bytesMinDefault)",
        help: "bytes of an answer from which on it is compressed for those who accept gzip or zstd; 0: never"),
    ] + Setting.controlPlane(dataDirectory: "var/feed-api") + [Setting.redis] + Setting.keevo + Setting.objectStorage
      + Setting.numbers(FeedEngine.Options.settings + [UsageLedger.setting]) + FeedFaults.settings
      + Enrichment.Limits.settings + APILimits.settings + Setting.http,
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
  let client = try KeevoClient(context)
  let store = RecordingStore(client)
  let times = LeasedTimeSource(store: store)
  let masterKey = try MasterKey.load(path: settings.string("master-key-file") ?? "")
  var options = FeedEngine.Options { settings.integer($0) }
  options.faults = try FeedFaults.read(context)
  let usage = UsageLedger(store: store, logger: context.logger, metrics: context.metrics) { app, warning in
    watcher.audit(AuditDraft(warning, app: app))
  }
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
    files: UploadStore(
      records: Uploads(store: store), storage: objectStorage(settings),
      wallMilliseconds: { UInt64(max(0, wallClockMicroseconds()) / 1_000) }),
    fileSigner: FileSigner(secrets: masterKey.derived(for: "millrace file addresses")),
    idempotency: (store, times), store: store, usage: usage,
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
      await client.close()
    })
}
