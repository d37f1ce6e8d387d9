/// Where a streaming handler puts its messages.
public struct GRPCResponseWriter: Sendable {
  let call: ServerCall

  /// Sends a message; suspends while more than `outboundBytesMax` bytes wait, so that a slow reader slows its own
  /// stream and nothing else. Call it from the handler's task, on its loop. Throws when the call has ended.
  public func send(_ message: [UInt8]) async throws(GRPCStatus) { try await call.send(message) }
}
