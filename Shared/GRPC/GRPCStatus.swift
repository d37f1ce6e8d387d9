/// How a call failed: what a handler throws and a client catches. Trailers carry more than the code can say.
public struct GRPCStatus: Error, Hashable, Sendable, CustomStringConvertible {
  public var code: GRPCStatusCode
  public var message: String
  public var trailers: GRPCMetadata
  /// The server never began the call: the same request may be sent again without doubt.
  public var notProcessed: Bool

  public init(
    _ code: GRPCStatusCode, _ message: String, trailers: GRPCMetadata = GRPCMetadata(), notProcessed: Bool = false
  ) {
    self.code = code
    self.message = message
    self.trailers = trailers
    self.notProcessed = notProcessed
  }

  public var description: String { "\(code): \(message)" }

  /// The status of a stream that ended by RST_STREAM (gRPC over HTTP/2, "HTTP2 transport mapping": errors).
  static func reset(httpTwoCode: UInt32) -> GRPCStatus {
    switch httpTwoCode {
    case 0x7: GRPCStatus(.unavailable, "the server refused the stream", notProcessed: true)
    case 0x8: GRPCStatus(.cancelled, "the server cancelled the call")
    case 0xB: GRPCStatus(.resourceExhausted, "the server asks for calm")
    case 0xC: GRPCStatus(.permissionDenied, "the server asks for more transport security")
    default: GRPCStatus(.internal, "the stream was reset with HTTP/2 code \(httpTwoCode)")
    }
  }

  /// The status of an answer that is not gRPC at all (grpc/doc/http-grpc-status-mapping.md).
  static func http(_ status: Int) -> GRPCStatus {
    let code: GRPCStatusCode =
      switch status {
      case 400: .internal
      case 401: .unauthenticated
      case 403: .permissionDenied
      case 404: .unimplemented
      case 429, 502, 503, 504: .unavailable
      default: .unknown
      }
    return GRPCStatus(code, "HTTP status \(status) instead of a gRPC answer")
  }
}
