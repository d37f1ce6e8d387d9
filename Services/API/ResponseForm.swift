import EventLoop
import HTTP
import JSON

/// The form of every answer: `duration`, headers of rate limits and CORS (feeds C8, C9, C13, C18, C21).
struct ResponseForm: Sendable {
  let startedNanoseconds: UInt64
  var rate: RateLimiter.State
  let moreInformation: String

  static let contentType = "application/json; charset=utf-8"

  /// The answer to a preflight, which needs no key (C21).
  static func preflight() -> HTTPResponse {
    HTTPResponse(
      status: 204,
      headers: [
        .init("Access-Control-Allow-Origin", "*"),
        .init("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS"),
        .init(
          "Access-Control-Allow-Headers",
          "authorization, content-type, stream-auth-type, x-stream-client, x-api-key, x-requested-with, idempotency-key, "
            + "if-none-match"),
        .init("Access-Control-Max-Age", "86400"),
      ])
  }

  func response(_ answer: APIAnswer) -> HTTPResponse {
    var headers = self.headers()
    if let etag = answer.etag {
      headers.append(.init("ETag", etag))
      headers.append(.init("Vary", "Accept"))
    }
    switch answer.body {
    case .open(var body):
      appendDuration(to: &body)
      body.append(UInt8(ascii: "}"))
      headers.append(.init("Content-Type", Self.contentType))
      return HTTPResponse(status: answer.status, headers: headers, body: body)
    case .none: return HTTPResponse(status: answer.status, headers: headers)
    case .document(let body, let contentType):
      headers.append(.init("Content-Type", contentType))
      return HTTPResponse(status: answer.status, headers: headers, body: body)
    }
  }

  func response(_ error: APIError) -> HTTPResponse {
    var headers = self.headers()
    headers.append(.init("Content-Type", Self.contentType))
    if let allow = error.allow { headers.append(.init("Allow", allow)) }
    if let seconds = error.retryAfterSeconds { headers.append(.init("Retry-After", "\(seconds)")) }
    var body = error.openBody()
    appendDuration(to: &body)
    body.append(contentsOf: #","more_info":"#.utf8)
    body.appendJSONString(moreInformation)
    body.append(UInt8(ascii: "}"))
    return HTTPResponse(status: error.status, headers: headers, body: body)
  }

  /// The API's description (`/openapi`, `/openapi.yaml`, `/openapi.json`).
  func document(_ document: [UInt8]?, as shape: OpenAPIDocument.Form, for method: HTTPMethod) -> HTTPResponse {
    guard method == .get || method == .head else {
      return response(APIError.method(method.description, allow: "GET, HEAD, OPTIONS"))
    }
    guard let document else {
      return response(
        APIError(
          status: 404, code: 16, exception: "DoesNotExistException",
          detail: "the API's description is not installed here"))
    }
    var response = response(APIAnswer(status: 200, body: .document(document, contentType: shape.contentType)))
    // The page is all there is of it: nothing from elsewhere, no scripts.
    if shape == .page {
      response.headers.append(.init("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"))
    }
    return response
  }

  /// What every answer carries.
  func headers() -> [HTTPRequest.Header] {
    [
      .init("X-RateLimit-Limit", "\(rate.limit)"), .init("X-RateLimit-Remaining", "\(rate.remaining)"),
      .init("X-RateLimit-Reset", "\(rate.resetSeconds)"), .init("Access-Control-Allow-Origin", "*"),
      .init("Access-Control-Expose-Headers", "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"),
    ]
  }

  /// Appends the member `duration` to an open object.
  private func appendDuration(to body: inout [UInt8]) {
    if body.last != UInt8(ascii: "{") { body.append(UInt8(ascii: ",")) }
    body.append(contentsOf: #""duration":""#.utf8)
    body.append(contentsOf: Self.duration(nanoseconds: monotonicNanoseconds() &- startedNanoseconds).utf8)
    body.append(UInt8(ascii: "\""))
  }

  /// `8.31ms`, or `1.204s` from a second on (C8).
  static func duration(nanoseconds: UInt64) -> String {
    func padded(_ number: UInt64, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    if nanoseconds < 1_000_000_000 {
      return "\(nanoseconds / 1_000_000).\(padded(nanoseconds / 10_000 % 100, 2))ms"
    }
    return "\(nanoseconds / 1_000_000_000).\(padded(nanoseconds / 1_000_000 % 1_000, 3))s"
  }
}
