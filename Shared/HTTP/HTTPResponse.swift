/// An answer. The server adds `Content-Length`, `Date` and `Connection`; handlers give everything else.
public struct HTTPResponse: Sendable {
  public var status: Int
  public var headers: [HTTPRequest.Header]
  public var body: [UInt8]

  public init(status: Int, headers: [HTTPRequest.Header] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  public init(status: Int, contentType: String, body: [UInt8]) {
    self.init(status: status, headers: [.init("Content-Type", contentType)], body: body)
  }
}

/// What answers requests: it runs on the connection's event loop and should stay there.
public protocol HTTPHandler: Sendable {
  func respond(to request: HTTPRequest) async -> HTTPResponse
  /// The server's own refusals (malformed, too large, timed out) in the service's error shape.
  func refuse(status: Int, reason: String) -> HTTPResponse
}

extension HTTPHandler {
  public func refuse(status: Int, reason: String) -> HTTPResponse {
    HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", body: Array("\(reason)\n".utf8))
  }
}
