import Auth
import Feeds
import JSON
import KeevoClient
import Model

/// An answer that refuses or fails, in the shape of feeds C13.
struct APIError: Error, Hashable, Sendable {
  /// Messages of one field (feeds C13, C16).
  struct Field: Hashable, Sendable {
    var name: String
    var messages: [String]
  }

  /// What stands in `exception_fields`.
  enum Fields: Hashable, Sendable {
    case none
    case one([Field])
    /// One for each activity of a batch.
    case batch([[Field]])
  }

  var status: Int
  var code: Int
  var exception: String
  var detail: String
  var fields = Fields.none
  /// Seconds for `Retry-After`.
  var retryAfterSeconds: Int?
  /// The methods a path has, for 405.
  var allow: String?

  /// The text of a policy refusal, which clients compare (feeds 1.3).
  static let policyRefusal =
    "You do not have permission to do this, you got this error because there are no policies allowing this request on "
    + "this application. Please consult the documentation https://getstream.io/docs/"

  // MARK: The rows of feeds 1.3

  static func input(_ detail: String, fields: Fields = .none) -> APIError {
    APIError(status: 400, code: 4, exception: "InputException", detail: detail, fields: fields)
  }

  static func feedConfig(_ detail: String) -> APIError {
    APIError(status: 400, code: 6, exception: "FeedConfigException", detail: detail)
  }

  static func ranking(_ detail: String) -> APIError {
    APIError(status: 400, code: 11, exception: "RankingException", detail: detail)
  }

  static func missingRanking(_ detail: String) -> APIError {
    APIError(status: 400, code: 12, exception: "MissingRankingException", detail: detail)
  }

  static func missingActivity(_ id: ActivityID) -> APIError {
    APIError(
      status: 400, code: 13, exception: "MissingActivityException", detail: "the activity \(id) does not exist here")
  }

  static func missingUser(_ detail: String) -> APIError {
    APIError(status: 400, code: 10, exception: "MissingUserException", detail: detail)
  }

  static let pathUnknown = APIError(
    status: 404, code: 16, exception: "DoesNotExistException", detail: "there is nothing at this path")

  static func method(_ method: String, allow: String) -> APIError {
    APIError(
      status: 405, code: 17, exception: "MethodNotAllowedException",
      detail: "the method \(method) is not allowed here, allowed: \(allow)", allow: allow)
  }

  static func notServed(_ endpoint: String) -> APIError {
    APIError(
      status: 501, code: -1, exception: "InternalSystemException", detail: "the endpoint \(endpoint) is not served yet")
  }

  static func tooLarge(bytesMax: Int) -> APIError {
    APIError(
      status: 413, code: 18, exception: "InputException", detail: "the request body has more than \(bytesMax) bytes")
  }

  static let idempotencyConflict = APIError(
    status: 409, code: 22, exception: "ConflictException",
    detail: "this Idempotency-Key came with another request within the last 24 hours")

  static func rateLimited(retryAfterSeconds: Int) -> APIError {
    APIError(
      status: 429, code: 9, exception: "RateLimitReached",
      detail: "the app's limit for this kind of request is reached, try again in \(retryAfterSeconds) s",
      retryAfterSeconds: retryAfterSeconds)
  }

  static func usedUp(retryAfterSeconds: Int) -> APIError {
    APIError(
      status: 429, code: 9, exception: "RateLimitReached",
      detail:
        "the app's feed_updates_per_month are used up: reads and removals go on, adding begins again next month (UTC)",
      retryAfterSeconds: retryAfterSeconds)
  }

  /// The app's uploads may have no more bytes (insight D53). Time alone changes nothing, so nobody should ask soon.
  static func storageFull(bytesMax: Int) -> APIError {
    APIError(
      status: 429, code: 9, exception: "RateLimitReached",
      detail:
        "the app's storage_bytes (\(bytesMax)) are used up: reads and deletions go on, uploads do once some are deleted",
      retryAfterSeconds: storageRetrySeconds)
  }

  private static let storageRetrySeconds = 3_600

  static func unavailable(_ detail: String) -> APIError {
    APIError(
      status: 503, code: -1, exception: "InternalSystemException", detail: detail, retryAfterSeconds: 1)
  }

  static func failure(_ detail: String) -> APIError {
    APIError(status: 500, code: -1, exception: "InternalSystemException", detail: detail)
  }

  init(
    status: Int, code: Int, exception: String, detail: String, fields: Fields = .none, retryAfterSeconds: Int? = nil,
    allow: String? = nil
  ) {
    self.status = status
    self.code = code
    self.exception = exception
    self.detail = detail
    self.fields = fields
    self.retryAfterSeconds = retryAfterSeconds
    self.allow = allow
  }

  init(_ error: AuthError) {
    switch error {
    case .apiKey(let detail): self.init(status: 401, code: 2, exception: "ApiKeyException", detail: detail)
    case .suspended:
      self.init(status: 401, code: 7, exception: "SiteSuspendedException", detail: "the app is suspended")
    case .token(let detail): self.init(status: 401, code: 3, exception: "AuthenticationFailed", detail: detail)
    case .wrongSignature:
      self.init(
        status: 403, code: 17, exception: "NotAllowedException",
        detail: "the token's signature is wrong: it was not made with a secret of this api_key")
    case .outOfScope(let detail): self.init(status: 403, code: 17, exception: "NotAllowedException", detail: detail)
    case .notPermitted:
      self.init(status: 403, code: 17, exception: "NotAllowedException", detail: Self.policyRefusal)
    }
  }

  /// A body that is no JSON, with the member in which it goes wrong.
  init(_ error: JSONError, body: [UInt8]) {
    let detail = "the body is not valid JSON, at byte \(error.offset): \(error.reason.rawValue)"
    var path = error.path(in: body)
    if path.utf8.count > Self.pathBytesMax { path = String(path.prefix(Self.pathBytesMax / 4)) + "…" }
    self = .input(
      detail, fields: path.isEmpty ? .none : .one([Field(name: path, messages: [error.reason.rawValue])]))
  }

  /// Of a path that is given back: names in a body may be as long as it is.
  private static let pathBytesMax = 512

  init(_ error: FeedError) {
    switch error {
    case .invalid(let detail): self = .input(detail)
    case .ranking(let failure): self = .ranking("the ranking failed: \(failure)")
    case .missing(let id): self = .missingActivity(id)
    case .activity(let error): self = FeedAPIHandler.refusal(error)
    // The text is what clients compare (feeds J9).
    case .aggregationFormat:
      self.init(
        status: 400, code: 14, exception: "JinjaRuntimeException", detail: "the format contains syntax errors")
    case .contention:
      self = .unavailable("the activity or feed is being changed by too many requests at once, try again")
    case .store(.overloaded): self = .unavailable("the store is overloaded, nothing was changed, try again")
    case .store(.unavailable), .store(.notLeader), .store(.wrongShard):
      self = .unavailable("the store cannot be reached, nothing was changed, try again")
    case .store(.deadlineExceeded), .store(.unknown):
      self = .unavailable("the store did not answer in time; whether the request took effect is not known")
    case .store(.invalid), .store(.unknownFormat), .store(.failed):
      self = .failure("the store could not do this; the service's log has the reason")
    }
  }

  /// Appends the members of the body without `duration` and what follows: an open object.
  func openBody() -> [UInt8] {
    var writer = JSONWriter(reserving: 256)
    writer.splice(#"{"detail":"#)
    writer.string(detail)
    writer.splice(#","status_code":"#)
    writer.integer(status)
    writer.splice(#","code":"#)
    writer.integer(code)
    writer.splice(#","exception":"#)
    writer.string(exception)
    switch fields {
    case .none: break
    case .one(let fields):
      writer.splice(#","exception_fields":"#)
      Self.write(fields, to: &writer)
    case .batch(let items):
      writer.splice(#","exception_fields":["#)
      for (index, fields) in items.enumerated() {
        if index > 0 { writer.splice(",") }
        Self.write(fields, to: &writer)
      }
      writer.splice("]")
    }
    return writer.bytes
  }

  private static func write(_ fields: [Field], to writer: inout JSONWriter) {
    writer.splice("{")
    for (index, field) in fields.enumerated() {
      if index > 0 { writer.splice(",") }
      writer.string(field.name)
      writer.splice(":[")
      for (place, message) in field.messages.enumerated() {
        if place > 0 { writer.splice(",") }
        writer.string(message)
      }
      writer.splice("]")
    }
    writer.splice("}")
  }
}
