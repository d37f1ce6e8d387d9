import Auth
import ControlPlane
import EventLoop
import Feeds
import HTTP
import JSON
import KeevoClient
import Model
import Telemetry

/// Answers the feed API's requests: finds the endpoint, checks in the order of feeds C17, gives every answer its form
/// (C8–C18, C21). What an endpoint does stands in `FeedAPIHandler+<endpoint>.swift`.
public struct FeedAPIHandler: HTTPHandler {
  let authenticator: Authenticator
  let feeds: any FeedService
  let reactions: any ReactionService
  let entities: Entities
  let enrichment: Enrichment
  let moderation: ModerationLog
  let limits: APILimits
  let logger: Logger
  let rateLimiter: RateLimiter
  let instruments: RequestInstruments
  let rankings = RankingMethods()
  /// `more_info` of every error (feeds C15).
  let moreInformation: String
  /// `nil` where it has not been installed.
  let openAPI: OpenAPIDocument?
  /// Answers of requests with an `Idempotency-Key`; `nil`: the header has no effect.
  let idempotency: IdempotencyKeys?
  /// Pages as they were given last; `nil`: none are kept.
  let answers: AnswerMemory?
  let configuration: any ConfigurationSource
  let files: UploadStore
  let fileSigner: FileSigner
  let images: ImageProcessor
  let openGraph: OpenGraphSource
  /// What takes long for large bodies runs here.
  let pool: BlockingPool
  /// Scheme and host in front of the addresses given in answers; `nil`: as the client sees them.
  let publicOrigin: String?
  /// What apps use is counted here; `nil`: nowhere, and nothing is limited.
  let usage: UsageLedger?

  public static let standardMoreInformation = "https://getstream.io/docs/api_error_responses"

  public init(
    configuration: any ConfigurationSource, feeds: any FeedService, reactions: any ReactionService,
    entities: Entities, enrichment: Enrichment, moderation: ModerationLog, files: UploadStore,
    fileSigner: FileSigner,
    limits: APILimits = APILimits(), logger: Logger = .silent, metrics: Metrics = Metrics(),
    moreInformation: String = standardMoreInformation, openAPIDocument: [UInt8]? = nil,
    idempotency: (store: any KeyValueStore, times: any TimeSource)? = nil, answersFrom store: RecordingStore? = nil,
    standIns: StandInPages = StandInPages(), publicOrigin: String? = nil, usage: UsageLedger? = nil
  ) {
    self.configuration = configuration
    self.files = files
    self.fileSigner = fileSigner
    images = ImageProcessor(limits.images)
    openGraph = OpenGraphSource(limits.openGraph, standIns: standIns)
    pool = BlockingPool(threadsMax: 2, queueMax: limits.uploadQueueMax)
    self.publicOrigin = publicOrigin
    authenticator = Authenticator(configuration: configuration, tokenBytesMax: limits.tokenBytesMax)
    self.feeds = feeds
    self.reactions = reactions
    self.entities = entities
    self.enrichment = enrichment
    self.moderation = moderation
    self.limits = limits
    self.usage = usage
    self.logger = logger
    self.moreInformation = moreInformation
    openAPI = openAPIDocument.map { OpenAPIDocument(yaml: $0) }
    if let problem = openAPI?.problem {
      logger.warning("the API's description cannot be shown as a page", [("reason", problem)])
    }
    self.idempotency = idempotency.map {
      IdempotencyKeys(
        store: $0.store, times: $0.times,
        wallMilliseconds: { UInt64(max(0, wallClockMicroseconds())) / 1_000 })
    }
    answers = store.map { AnswerMemory(store: $0, bytesMax: limits.answerBytesMax) }
    rateLimiter = RateLimiter(perMinuteMax: limits.requestsPerMinuteMax)
    instruments = RequestInstruments(metrics)
  }

  public func respond(to request: HTTPRequest) async -> HTTPResponse {
    // The trace a W3C `traceparent` header names, or a new one (B22).
    let trace = request.header("traceparent").flatMap { TraceID(traceparent: $0) } ?? .random()
    return await TraceID.$current.withValue(trace) { await respond(to: request, trace: trace) }
  }

  private func respond(to request: HTTPRequest, trace: TraceID) async -> HTTPResponse {
    let started = request.receivedNanoseconds == 0 ? monotonicNanoseconds() : request.receivedNanoseconds
    let now = wallClockMicroseconds()
    var form = ResponseForm(
      startedNanoseconds: started, rate: rateLimiter.idle(nowSeconds: now / 1_000_000), moreInformation: moreInformation
    )
    if request.method == .options { return ResponseForm.preflight() }
    if let shape = OpenAPIDocument.Form(path: request.path) {
      return form.document(openAPI?.bytes(as: shape), as: shape, for: request.method)
    }
    var kind = Route.Kind?.none
    var response: HTTPResponse
    if request.path.hasPrefix(FileAddress.prefix) {
      do { response = try await serveFile(request, form) } catch { response = form.response(error) }
      instruments.observe(.readFiles, status: response.status, nanoseconds: monotonicNanoseconds() &- started)
      return response
    }
    do throws(APIError) {
      let (route, parameters) = try find(request)
      kind = route.kind
      let context = try admit(request, route, parameters, trace, nowMicroseconds: now, form: &form)
      response = form.response(try await answerOnce(context, route))
    } catch {
      response = form.response(error)
    }
    instruments.observe(kind, status: response.status, nanoseconds: monotonicNanoseconds() &- started)
    if logger.level <= .debug {
      // Without the query, which holds the key. The SDK is logged, never required (C6).
      logger.debug(
        "request",
        [
          ("method", "\(request.method)"), ("path", request.path), ("status", "\(response.status)"),
          ("client", request.header("X-Stream-Client") ?? ""),
        ])
    }
    return response
  }

  /// Twice the limit is read, of an upload 1 MiB more than its limit, so that a body just over it is refused in the order of
  /// C17; more is refused at once.
  public func bodyBytesMax(for head: HTTPRequest, limit: Int) -> Int {
    if head.method == .post, case .found(let route, _) = Route.router.match(.post, path: head.path), route.isUpload {
      return limits.uploadBytesMax + Self.uploadSlackBytes
    }
    return max(limit, 2 * limits.bodyBytesMax)
  }

  private static let uploadSlackBytes = 1 << 20

  public func refuse(status: Int, reason: String) -> HTTPResponse {
    let form = ResponseForm(
      startedNanoseconds: monotonicNanoseconds(),
      rate: rateLimiter.idle(nowSeconds: wallClockMicroseconds() / 1_000_000),
      moreInformation: moreInformation)
    let code = status == 413 ? 18 : status >= 500 ? -1 : 4
    return form.response(
      APIError(
        status: status, code: code, exception: status >= 500 ? "InternalSystemException" : "InputException",
        detail: reason, retryAfterSeconds: status == 503 ? 1 : nil))
  }

  // MARK: The checks of C17 before an endpoint's own

  private func find(_ request: HTTPRequest) throws(APIError) -> (Route, PathParameters) {
    switch Route.router.match(request.method, path: request.path) {
    case .found(let route, let parameters): return (route, parameters)
    case .notFound: throw .pathUnknown
    case .malformed: throw .input("the path holds a broken percent-encoding or text that is not UTF-8")
    case .methodNotAllowed(let allow):
      let names = (allow + [.options]).map(\.description).joined(separator: ", ")
      throw .method(request.method.description, allow: names)
    }
  }

  private func admit(
    _ request: HTTPRequest, _ route: Route, _ parameters: PathParameters, _ trace: TraceID, nowMicroseconds: Int64,
    form: inout ResponseForm
  ) throws(APIError) -> RequestContext {
    let query = RequestQuery(request.query)
    var keys = query.parameters.all("api_key")
    if let header = request.header("X-Api-Key") { keys.append(header) }
    let key: Authenticator.KnownKey
    let identity: Identity
    do throws(AuthError) {
      key = try authenticator.key(keys, nowMilliseconds: nowMicroseconds / 1_000)
      form.rate = rateLimiter.look(
        app: key.app.id, kind: route.kind, limits: key.app.requestLimits, nowSeconds: nowMicroseconds / 1_000_000)
      identity = try authenticator.identity(
        authorization: request.header("Authorization"), authType: request.header("Stream-Auth-Type"), key: key,
        request: signable(request), nowMilliseconds: nowMicroseconds / 1_000)
      try checkScope(identity, route, APIAction(request.method), RequestContext.feed(parameters, route))
    } catch { throw APIError(error) }
    // Only those who may ask are counted: a key alone, which is public, cannot use up its app's limit.
    form.rate = rateLimiter.count(
      app: key.app.id, kind: route.kind, user: identity.userID, limits: key.app.requestLimits,
      nowSeconds: nowMicroseconds / 1_000_000)
    if form.rate.isExceeded {
      throw .rateLimited(retryAfterSeconds: Int(form.rate.resetSeconds - nowMicroseconds / 1_000_000))
    }
    if route.addsToFeeds { try checkUsage(key.app) }
    usage?.note(.requests, app: key.app.id)
    let bytesMax = route.isUpload ? limits.uploadBytesMax : limits.bodyBytesMax
    guard request.body.count <= bytesMax else { throw .tooLarge(bytesMax: bytesMax) }
    return RequestContext(
      request: request, query: query, route: route, parameters: parameters, apiKey: keys.first ?? "", app: key.app,
      edition: key.edition,
      identity: identity,
      times: nil, publicOrigin: publicOrigin, traceID: trace.bytes)
  }

  /// Refuses what would add to feeds where the app has used up its month (insight D53).
  func checkUsage(_ app: AppConfiguration) throws(APIError) {
    if let seconds = usage?.secondsUntilFeedUpdates(app.usageLimits, app: app.id) {
      throw .usedUp(retryAfterSeconds: seconds)
    }
  }

  /// A scope that covers any of the resources that open a route will do.
  private func checkScope(
    _ identity: Identity, _ route: Route, _ action: APIAction, _ feed: FeedID?
  ) throws(AuthError) {
    do throws(AuthError) {
      try Authorizer.checkScope(identity, resource: route.resource, action: action, feed: feed)
    } catch {
      guard let other = route.otherResource else { throw error }
      try Authorizer.checkScope(identity, resource: other, action: action, feed: feed)
    }
  }

  /// What an HTTP signature is made of (feeds A11).
  private func signable(_ request: HTTPRequest) -> HTTPSignature.Request {
    HTTPSignature.Request(
      method: "\(request.method)".lowercased(),
      target: request.query.isEmpty ? request.path : "\(request.path)?\(request.query)",
      header: { request.header($0) })
  }

  func answer(_ context: RequestContext, _ route: Route) async throws(APIError) -> APIAnswer {
    if case .notServed(let name, _) = route { throw .notServed(name) }
    // JSON syntax comes before the checks of query and body (C17); the bodies of other methods are ignored (C5).
    func document() throws(APIError) -> JSONDocument {
      let document = try context.document()
      try context.query.check()
      return document
    }
    switch route {
    case .addActivities: return try await add(context, try document())
    case .follow: return try await follow(context, try document())
    case .followMany: return try await followMany(context, try document())
    case .unfollowMany: return try await unfollowMany(context, try document())
    case .addUser: return try await addUser(context, try document())
    case .updateUser: return try await updateUser(context, try document())
    case .addUsers: return try await addUsers(context, try document())
    case .addObject: return try await addObject(context, try document())
    case .updateObject: return try await updateObject(context, try document())
    case .upsertObjects: return try await upsertObjects(context, try document())
    case .addToMany: return try await addToMany(context, try document())
    case .updateActivities: return try await updateActivities(context, try document())
    case .changeActivities: return try await changeActivities(context, try document())
    case .updateTargets: return try await updateTargets(context, try document())
    case .deleteActivities: return try await deleteActivities(context, try document())
    case .deleteReactions: return try await deleteReactions(context, try document())
    case .deleteUploads: return try await deleteUploads(context, try document())
    case .flag: return try await flag(context, try document())
    case .setStatus: return try await setStatus(context, try document())
    case .setStatuses: return try await setStatuses(context, try document())
    case .addReaction: return try await addReaction(context, try document())
    case .updateReaction: return try await updateReaction(context, try document())
    default: try context.query.check()
    }
    switch route {
    case .readFeed, .readEnrichedFeed: return try await readFeed(context)
    case .removeActivities: return try await remove(context)
    case .listFollowing: return try await listFollows(context, .following)
    case .listFollowers: return try await listFollows(context, .followers)
    case .unfollow: return try await unfollow(context)
    case .readActivities, .readEnrichedActivities: return try await readActivities(context)
    case .readPersonalizedFeed, .readEnrichedPersonalizedFeed: return try await readPersonalizedFeed(context)
    case .getUser: return try await getUser(context)
    case .deleteUser: return try await deleteUser(context)
    case .getUsers: return try await getUsers(context)
    case .deleteUsers: return try await deleteUsers(context)
    case .getObject: return try await getObject(context)
    case .deleteObject: return try await deleteObject(context)
    case .selectObjects: return try await selectObjects(context)
    case .deleteObjects: return try await deleteObjects(context)
    case .followStats: return try await followStats(context)
    case .checkDigest: return try checkDigest(context)
    case .auditLogs: return try await auditLogs(context)
    case .exportIDs: return try await exportIDs(context)
    case .dropModerationCache: return try dropModerationCache(context)
    case .getReaction: return try await getReaction(context)
    case .deleteReaction: return try await deleteReaction(context)
    case .restoreReaction: return try await restoreReaction(context)
    case .listReactions: return try await listReactions(context)
    case .getReactions: return try await getReactions(context)
    case .uploadFile: return try await upload(context, .file)
    case .uploadImage: return try await upload(context, .image)
    case .deleteFile: return try await deleteUpload(context, .file)
    case .deleteImage: return try await deleteUpload(context, .image)
    case .processImage: return try await processImage(context)
    case .readOpenGraph: return try await readOpenGraph(context)
    default: throw .pathUnknown
    }
  }
}
