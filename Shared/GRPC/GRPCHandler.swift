/// What serves a method. Handlers run as tasks on their connection's loop and must not block it. The task is cancelled
/// when the client goes away, cancels, or the deadline passes.
public enum GRPCHandler: Sendable {
  /// One message in, one out.
  case unary(@Sendable (GRPCServerContext, [UInt8]) async throws(GRPCStatus) -> [UInt8])
  /// One message in, many out; the call ends in order when the handler returns.
  case serverStreaming(@Sendable (GRPCServerContext, [UInt8], GRPCResponseWriter) async throws(GRPCStatus) -> Void)
}
