/// Limits and times of a gRPC server. Each has a setting of the service that carries the server.
public struct GRPCServerSettings: Sendable {
  /// Open connections of the whole server; one more is closed at once.
  public var connectionsMax = 10_000
  /// Calls open at once on a connection (HTTP/2 SETTINGS_MAX_CONCURRENT_STREAMS); one more is refused, safe to retry.
  public var streamsMax: Int = 1_024
  /// Handlers that run at once for a connection, those of reset streams included; one more call gets UNAVAILABLE.
  public var handlersMax = 2_048
  /// Bytes of names and values, plus 32 a field, of a call's headers.
  public var headerBytesMax = 16 << 10
  /// Bytes of one message in either direction.
  public var messageBytesMax = 32 << 20
  /// Bytes of request messages that are not whole yet, over all calls of a connection.
  public var inboundBytesMax = 64 << 20
  /// Bytes that a streaming call may have waiting to be sent before its `send` suspends.
  public var outboundBytesMax = 256 << 10
  /// Flow-control windows: what a client may send ahead on a stream, and on the connection.
  public var streamWindowBytes = 1 << 20
  public var connectionWindowBytes = 16 << 20
  /// Resets and stream errors of a connection: so many at once, refilled at so many a second.
  public var resetBurst = 500
  public var resetsPerSecond = 100
  /// The client's preface and SETTINGS must have come by then.
  public var handshakeMilliseconds = 10_000
  /// Silence after which a ping is sent; as long again without a sign and the connection is closed.
  public var keepaliveMilliseconds = 30_000
  /// Time in which bytes that wait must move on, or the connection is closed; in a stream, or the stream is reset.
  public var stallMilliseconds = 60_000
  /// Calls without `grpc-timeout` get this one; 0 for none. Streaming calls have none unless the client says so.
  public var defaultTimeoutMilliseconds = 60_000
  /// A unary call that takes longer is logged as slow, with its trace.
  public var slowCallMilliseconds = 1_000

  public init() {}
}
