import Auth
import ControlPlane
import Feeds
import Glibc
import HTTP
import JSON
import KeevoClient
import Model
import ObjectStorage
import Telemetry

@testable import FeedAPIService

/// The API over a double, with two apps of the standard groups and one more (`wall`, `public_read_write`).
struct TestAPI {
  static let secret = "a-secret-of-thirty-two-characters"
  static let otherSecret = "the-secret-of-another-app-altogether"

  let feeds: RecordingFeeds
  /// Where users, objects and idempotency keys lie.
  let store: LossyStore
  let objects = MemoryStorage()
  let handler: FeedAPIHandler

  static let signer = FileSigner(secrets: [Array("a master key".utf8), Array("an older one".utf8)])

  static let groups =
    FeedGroup.standard + [
      FeedGroup(slug: "wall", kind: .flat, policy: .publicReadWrite),
      FeedGroup(slug: "ranked", kind: .flat, rankings: rankings),
      FeedGroup(slug: "best", kind: .flat, rankings: rankings, rankingDefault: "popular"),
      FeedGroup(slug: "grouped", kind: .aggregated, aggregationFormat: "{{ object }}", rankings: rankings),
    ]

  /// `feeds` stands in for the double, whose log then stays empty. `isLive`: feeds are the real ones, on the same store as users,
  /// objects and reactions.
  init(
    feeds domain: (any FeedService)? = nil, reactions: any ReactionSource = NoReactions(), isLive: Bool = false,
    openAPI: String? = nil, rules: [AccessRule] = [], store: LossyStore = LossyStore(MemoryStore()),
    standIns: StandInPages = StandInPages(), publicOrigin: String? = nil, usage: UsageLedger? = nil,
    _ change: (inout APILimits) -> Void = { _ in },
    app: (inout AppConfiguration) -> Void = { _ in }
  ) {
    feeds = RecordingFeeds()
    let times = CountingTimes()
    let recording = RecordingStore(store)
    let engine = FeedEngine(
      store: recording, times: times, groups: FixedGroups(Self.groups), timing: .live, usage: usage, logger: .silent,
      metrics: Metrics())
    self.store = store
    var apps = [1, 2, 3].map {
      AppConfiguration(
        id: AppID($0), name: "app \($0)", suspended: $0 == 3, groups: Self.groups, allowAnonymousRead: $0 == 2,
        personalizationResources: $0 == 1 ? ["liked"] : [], rules: $0 == 1 ? rules : [])
    }
    app(&apps[0])
    let keys = [("key", 1, Self.secret), ("other", 2, Self.otherSecret), ("stopped", 3, Self.secret)].map {
      APIKey(key: $0.0, app: AppID($0.1), secrets: [.init(bytes: Array($0.2.utf8))])
    }
    var limits = APILimits()
    change(&limits)
    handler = FeedAPIHandler(
      configuration: FixedConfiguration(
        ConfigurationSnapshot(
          revision: 1, apps: Dictionary(uniqueKeysWithValues: apps.map { ($0.id, $0) }),
          keys: Dictionary(uniqueKeysWithValues: keys.map { ($0.key, $0) }))),
      feeds: domain ?? (isLive ? engine : feeds), reactions: engine, entities: Entities(store: recording, times: times),
      enrichment: Enrichment(store: recording, reactions: isLive ? engine : reactions),
      moderation: ModerationLog(store: store),
      files: UploadStore(
        records: Uploads(store: store), storage: objects,
        wallMilliseconds: { UInt64(max(0, wallClockMicroseconds()) / 1_000) }),
      fileSigner: Self.signer, limits: limits,
      openAPIDocument: openAPI.map { Array($0.utf8) }, idempotency: (store, times),
      answersFrom: isLive ? recording : nil, standIns: standIns,
      publicOrigin: publicOrigin, usage: usage)
  }

  enum Token {
    case server, none
    case user(String)
    case scope(resource: String, action: String, feedID: String?)
    case text(String)

    var header: String? {
      let maker = TokenMaker(secret: Array(TestAPI.secret.utf8))
      return switch self {
      case .server: maker.serverToken()
      case .none: nil
      case .user(let id): maker.userToken(id)
      case .scope(let resource, let action, let feedID):
        maker.serverToken(resource: resource, action: action, feedID: feedID)
      case .text(let text): text
      }
    }
  }

  struct Answer {
    var response: HTTPResponse
    var json: JSONValue?
    var status: Int { response.status }
    var code: Int? { json?["code"]?.integer }
    var detail: String? { json?["detail"]?.string }
    var body: String { String(decoding: response.body, as: UTF8.self) }
    /// The body with its duration, which differs from call to call, written as `D`.
    var steadyBody: String {
      body.replacing(#/"duration":"[0-9.]+m?s"/#, with: #""duration":"D""#)
    }
    func header(_ name: String) -> String? {
      response.headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
    var names: [String] { json?.members?.map(\.name) ?? [] }
  }

  /// Sends a request below `/api/v1.0/`; `api_key=key` is put before `query` unless `key` is `nil`.
  func call(
    _ method: HTTPMethod, _ path: String, _ query: String = "", body: String = "", token: Token = .server,
    key: String? = "key", headers: [(String, String)] = []
  ) async -> Answer {
    await raw(
      method, "/api/v1.0/" + path,
      [key.map { "api_key=\($0)" } ?? "", query].filter { !$0.isEmpty }.joined(separator: "&"),
      body: Array(body.utf8), token: token, headers: headers)
  }

  func raw(
    _ method: HTTPMethod, _ path: String, _ query: String, body: [UInt8] = [], token: Token = .server,
    headers: [(String, String)] = []
  ) async -> Answer {
    var fields = headers.map { HTTPRequest.Header($0.0, $0.1) }
    if let header = token.header {
      fields += [.init("Authorization", header), .init("stream-auth-type", "jwt")]
    }
    let response = await handler.respond(
      to: HTTPRequest(method: method, path: path, query: query, headers: fields, body: body))
    return Answer(response: response, json: try? JSONValue(parsing: response.body))
  }

  /// A server token that names a user (feeds A4).
  static func onBehalfOf(_ user: String) -> String {
    TokenMaker(secret: Array(secret.utf8)).serverToken(userID: user)
  }

  static func otherUserToken(_ user: String) -> String { TokenMaker(secret: Array(otherSecret.utf8)).userToken(user) }
  static var otherServerToken: String { TokenMaker(secret: Array(otherSecret.utf8)).serverToken() }

  static let rankings = [
    "popular": #"{"score":"popularity + external.boost","defaults":{"popularity":0,"external":{"boost":0}}}"#,
    "strict": #"{"score":"1 / popularity"}"#, "broken": #"{"score":"1 +"}"#, "dice": #"{"score":"rand()"}"#,
  ]

  static let activity = #"{"actor":"a","verb":"v","object":"o"}"#

  /// Seconds since 1970.
  var now: Int { time(nil) }

  /// Now, as a header says it.
  static func httpDate() -> String {
    var seconds = time(nil)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 40)
    let length = strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
    return String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
