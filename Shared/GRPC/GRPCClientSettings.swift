/// Limits and times of a gRPC client.
public struct GRPCClientSettings: Sendable {
  /// Calls open at once on a loop's connection, the server's own limit apart; one more waits.
  public var streamsMax = 1_024
  /// Calls of a loop that wait for the connection or for a free stream; one more gets RESOURCE_EXHAUSTED.
  public var waitingMax = 10_000
  public var headerBytesMax = 16 << 10
  public var messageBytesMax = 32 << 20
  public var streamWindowBytes = 1 << 20
  public var connectionWindowBytes = 16 << 20
  /// Resets and stream errors of a connection: so many at once, refilled at so many a second.
  public var resetBurst = 10_000
  public var resetsPerSecond = 1_000
  public var connectMilliseconds = 1_000
  /// Silence after which a ping is sent; as long again without a sign and the connection is given up.
  public var keepaliveMilliseconds = 10_000
  public var stallMilliseconds = 30_000
  /// Deadline of a call that names none.
  public var defaultTimeoutMilliseconds = 5_000
  public var backoffFirstMilliseconds = 20
  public var backoffMaxMilliseconds = 1_000

  public init() {}
}
