import ControlPlane
import EventLoop
import Feeds
import Glibc
import HTTP
import KeevoClient
import Model
import ServiceKit
import Telemetry

/// The running service: HTTP in front, the control plane's snapshot and the feed engine behind.
public struct FeedAPIService: RunningService {
  /// Where it listens, with the port that was taken.
  public var address: HTTPServer.Address { http.address }

  private let http: HTTPService
  private let notReady: @Sendable () async -> String?
  private let close: @Sendable () async -> Void

  /// What the service stands on, and how it ends. Tests pass doubles.
  public struct Foundation: Sendable {
    public var configuration: any ConfigurationSource
    public var feeds: any FeedService
    public var reactions: any ReactionService
    public var entities: Entities
    public var enrichment: Enrichment
    public var moderation: ModerationLog
    public var files: UploadStore
    public var fileSigner: FileSigner
    /// Where answers of requests with an `Idempotency-Key` are kept, and what gives them their times.
    public var idempotency: (store: any KeyValueStore, times: any TimeSource)?
    /// What feeds are read from, which knows whether pages given before still stand.
    public var store: RecordingStore?
    /// Counts what apps use, until the service ends.
    public var usage: UsageLedger?
    public var notReadyReason: @Sendable () async -> String?
    public var close: @Sendable () async -> Void

    public init(
      configuration: any ConfigurationSource, feeds: any FeedService, reactions: any ReactionService,
      entities: Entities, enrichment: Enrichment, moderation: ModerationLog, files: UploadStore, fileSigner: FileSigner,
      idempotency: (store: any KeyValueStore, times: any TimeSource)? = nil, store: RecordingStore? = nil,
      usage: UsageLedger? = nil,
      notReadyReason: @escaping @Sendable () async -> String? = { nil },
      close: @escaping @Sendable () async -> Void = {}
    ) {
      self.configuration = configuration
      self.feeds = feeds
      self.reactions = reactions
      self.entities = entities
      self.enrichment = enrichment
      self.moderation = moderation
      self.files = files
      self.fileSigner = fileSigner
      self.idempotency = idempotency
      self.store = store
      self.usage = usage
      self.notReadyReason = notReadyReason
      self.close = close
    }
  }

  /// Serves the API over `foundation`.
  public static func start(_ foundation: Foundation, context: ServiceContext) async throws -> FeedAPIService {
    let limits = APILimits(context.configuration)
    var standIns = StandInPages()
    if let file = context.configuration.string("og-stand-ins") {
      standIns = try StandInPages(file: file, bytesMax: limits.openGraph.bytesMax)
    }
    let handler = FeedAPIHandler(
      configuration: foundation.configuration, feeds: foundation.feeds, reactions: foundation.reactions,
      entities: foundation.entities, enrichment: foundation.enrichment, moderation: foundation.moderation,
      files: foundation.files, fileSigner: foundation.fileSigner, limits: limits,
      logger: context.logger, metrics: context.metrics,
      moreInformation: context.configuration.string("more-info") ?? FeedAPIHandler.standardMoreInformation,
      openAPIDocument: document(context), idempotency: foundation.idempotency, answersFrom: foundation.store,
      standIns: standIns, publicOrigin: try publicOrigin(context.configuration), usage: foundation.usage)
    foundation.usage?.start(
      on: context.loops.any(),
      everyMilliseconds: context.configuration.integer("usage-milliseconds") ?? UsageLedger.everyMillisecondsDefault)
    let close: @Sendable () async -> Void = {
      await foundation.usage?.stop()
      await foundation.close()
    }
    return FeedAPIService(
      http: try await HTTPService.start(
        CompressingHandler(
          handler,
          bytesMin: context.configuration.integer("compress-bytes-min")
            ?? CompressingHandler<FeedAPIHandler>.bytesMinDefault), context: context),
      notReady: foundation.notReadyReason,
      close: close)
  }

  public func notReadyReason() async -> String? { await notReady() }

  public func drain() async {
    await http.drain()
    await close()
  }

  /// The setting `public-origin`, without a slash at its end.
  private static func publicOrigin(_ configuration: Configuration) throws(WrongOrigin) -> String? {
    guard var origin = configuration.string("public-origin"), !origin.isEmpty else { return nil }
    while origin.hasSuffix("/") { origin.removeLast() }
    guard let (found, path) = FileAddress.split(url: origin), path.isEmpty, found == origin.lowercased() else {
      throw WrongOrigin(text: origin)
    }
    return origin
  }

  struct WrongOrigin: Error, CustomStringConvertible {
    let text: String
    var description: String { "public-origin is \"\(text)\": write scheme and host, such as https://feeds.example.org" }
  }

  /// The OpenAPI document; without it `/openapi` answers 404, and the rest works.
  private static func document(_ context: ServiceContext) -> [UInt8]? {
    guard let path = context.configuration.string("openapi-file") else { return nil }
    guard let file = fopen(path, "r") else {
      context.logger.warning("the API's description cannot be read; /openapi.yaml answers 404", [("file", path)])
      return nil
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count <= documentBytesMax {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
    context.logger.warning("the API's description is too long", [("file", path), ("bytes_max", "\(documentBytesMax)")])
    return nil
  }

  private static let documentBytesMax = 4 << 20
}
