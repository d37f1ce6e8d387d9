import Auth
import HTTP
import JSON
import Model

/// The few calls of the feeds API that an import makes, with a server token (feeds 2.2, 2.3, 2.5).
struct FeedAPI: Sendable {
  /// Activities of one request (feeds L7), and of one page (feeds L2).
  static let batchMax = 100
  /// Seconds a token is good for; each request has its own.
  static let tokenSeconds: Int64 = 300

  private let base: String
  private let key: String
  private let tokens: TokenMaker
  private let calls: any HTTPCalls
  private let now: @Sendable () -> ActivityTime

  init(
    credentials: APICredentials, calls: any HTTPCalls, now: @escaping @Sendable () -> ActivityTime
  ) {
    var base = credentials.baseAddress
    while base.hasSuffix("/") { base.removeLast() }
    self.base = base
    key = credentials.key
    tokens = TokenMaker(secret: Array(credentials.secret.utf8))
    self.calls = calls
    self.now = now
  }

  /// The newest activities of a feed that are older than `before`.
  func page(of feed: FeedID, before id: String?) async throws(RSSFailure) -> [JSONValue] {
    let bound = id.map { "&id_lt=\(PercentEncoding.encode($0))" } ?? ""
    let answer = try await send(.get, "feed/\(feed.group)/\(feed.id)/", query: "&limit=\(Self.batchMax)\(bound)")
    guard let results = answer["results"]?.array else { throw RSSFailure("the page of \(feed) has no list of results") }
    return results
  }

  func add(_ activities: [JSONValue], to feed: FeedID) async throws(RSSFailure) {
    precondition(activities.count <= Self.batchMax)
    let body = JSONValue.object([.init("activities", .array(activities))])
    _ = try await send(.post, "feed/\(feed.group)/\(feed.id)/", body: body)
  }

  func follow(_ follower: FeedID, target: FeedID) async throws(RSSFailure) {
    let body = JSONValue.object([.init("target", .string(target.description))])
    _ = try await send(.post, "feed/\(follower.group)/\(follower.id)/following/", body: body)
  }

  private func send(
    _ method: HTTPMethod, _ path: String, query: String = "", body: JSONValue? = nil
  ) async throws(RSSFailure) -> JSONValue {
    let answer: Answer
    do throws(HTTPClient.Failure) {
      answer = try await call(method, path, query: query, body: body.map { $0.encoded() } ?? [])
    } catch {
      throw RSSFailure("\(method) \(path): \(error)")
    }
    guard answer.isSuccess, let json = answer.json else { throw RSSFailure("\(method) \(path): \(answer.refusal)") }
    return json
  }

  /// What the API answered.
  struct Answer: Sendable {
    var status: Int
    /// `nil` if the body is not JSON.
    var json: JSONValue?
    var isSuccess: Bool { (200..<300).contains(status) }
    /// Status, code and the API's own words.
    var refusal: String
  }

  /// One request below `/api/v1.0/`, whatever it is answered.
  func call(
    _ method: HTTPMethod, _ path: String, query: String = "", body: [UInt8] = []
  ) async throws(HTTPClient.Failure) -> Answer {
    let address = "\(base)/api/v1.0/\(path)?api_key=\(PercentEncoding.encode(key))\(query)"
    let request = HTTPClient.Request(
      method: method, url: address,
      headers: [
        .init("Authorization", token()), .init("Stream-Auth-Type", "jwt"), .init("Content-Type", "application/json"),
        .init("X-Stream-Client", "millrace-worker"),
      ], body: body)
    let answer = try await calls.send(request)
    let json = try? JSONValue(parsing: answer.body, limits: JSONLimits(membersMax: 10_000))
    let detail = json?["detail"]?.string ?? String(decoding: answer.body.prefix(200), as: UTF8.self)
    let code = json?["code"]?.integer.map { "/\($0)" } ?? ""
    return Answer(status: answer.status, json: json, refusal: "\(answer.status)\(code) \(detail)")
  }

  private func token() -> String {
    let seconds = now().microseconds / 1_000_000
    return tokens.token(
      claims: .object([
        .init("resource", .string("*")), .init("action", .string("*")), .init("feed_id", .string("*")),
        .init("exp", .integer(seconds + Self.tokenSeconds)),
      ]))
  }
}
