/// What answers requests: it runs on the connection's event loop and should stay there.
public protocol HTTPHandler: Sendable {
  func respond(to request: HTTPRequest) async -> HTTPResponse

  /// The server's own refusals (malformed, too large, timed out) in the service's error shape.
  func refuse(status: Int, reason: String) -> HTTPResponse

  /// How large this request's body may be, asked when its head has come (`body` is still empty).
  /// `limit` is the server's own. No answer above 100 MB is heeded.
  func bodyBytesMax(for head: HTTPRequest, limit: Int) -> Int
}

extension HTTPHandler {
  public func refuse(status: Int, reason: String) -> HTTPResponse {
    HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", body: Array("\(reason)\n".utf8))
  }

  public func bodyBytesMax(for head: HTTPRequest, limit: Int) -> Int { limit }
}

/// A handler made of a closure, for small servers and tests.
public struct HTTPClosureHandler: HTTPHandler {
  private let closure: @Sendable (HTTPRequest) async -> HTTPResponse

  public init(_ closure: @escaping @Sendable (HTTPRequest) async -> HTTPResponse) { self.closure = closure }

  public func respond(to request: HTTPRequest) async -> HTTPResponse { await closure(request) }
}
