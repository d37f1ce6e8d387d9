/// What a caller may say about one call.
public struct GRPCCallOptions: Sendable {
  /// `nil`: the client's default. For streams `nil` means no deadline.
  public var timeoutMilliseconds: Int?
  /// While there is no connection: wait for one until the deadline, instead of failing at once with UNAVAILABLE.
  public var waitForReady: Bool
  public var metadata: GRPCMetadata
  public init(timeoutMilliseconds: Int? = nil, waitForReady: Bool = false, metadata: GRPCMetadata = GRPCMetadata()) {
    self.timeoutMilliseconds = timeoutMilliseconds
    self.waitForReady = waitForReady
    self.metadata = metadata
  }
}
