import EventLoop
import Telemetry

/// What a handler knows about its call besides the message.
public struct GRPCServerContext: Sendable {
  public let path: String
  public let metadata: GRPCMetadata
  /// Monotonic nanoseconds (`monotonicNanoseconds()`); `nil` without a deadline. The server ends the call then by itself
  /// and cancels the handler's task.
  public let deadlineNanoseconds: UInt64?
  /// The client's address.
  public let peer: String
  /// What the caller works for, if it said so.
  public var trace: TraceID? { metadata.trace }
  /// The loop the call lives on; the handler's task prefers it.
  public let loop: EventLoop
}

extension GRPCMetadata {
  /// The trace of the field `traceparent`.
  var trace: TraceID? { self[Self.traceparent].flatMap { TraceID(traceparent: $0) } }
}
