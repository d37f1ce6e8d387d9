/// What a reader accepts at most.
public struct ProtobufLimits: Hashable, Sendable {
  /// Bytes of the outermost message. Default 64 MiB.
  public var messageBytesMax: Int
  /// Messages (or unknown groups) inside one another. Default 32.
  public var depthMax: Int
  public init(messageBytesMax: Int = 64 << 20, depthMax: Int = 32) {
    self.messageBytesMax = messageBytesMax
    self.depthMax = depthMax
  }
  public static let standard = ProtobufLimits()
}
