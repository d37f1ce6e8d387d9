/// An answer. The server adds `Content-Length` (or `Transfer-Encoding`), `Date` and `Connection`; handlers give
/// everything else. A `Connection: close` among `headers` ends the connection after the answer.
public struct HTTPResponse: Sendable {
  public var status: Int
  public var headers: [HTTPRequest.Header]
  public var body: [UInt8]
  /// Writes a body piece by piece; `body` is then not sent.
  public var stream: (@Sendable (HTTPBodyWriter) async -> Void)?
  /// How many bytes `stream` writes, where that is known; else they go out in chunks. A stream that ends short of it ends
  /// the connection, so that the client knows.
  public var streamBytes: Int?

  public init(status: Int, headers: [HTTPRequest.Header] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  public init(status: Int, contentType: String, body: [UInt8]) {
    self.init(status: status, headers: [.init("Content-Type", contentType)], body: body)
  }

  public init(
    status: Int, headers: [HTTPRequest.Header], streamBytes: Int? = nil,
    stream: @escaping @Sendable (HTTPBodyWriter) async -> Void
  ) {
    self.init(status: status, headers: headers)
    self.stream = stream
    self.streamBytes = streamBytes
  }
}
