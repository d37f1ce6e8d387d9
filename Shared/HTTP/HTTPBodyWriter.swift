/// The way out for a streamed body. Used on the connection's loop, by the stream's own task.
public struct HTTPBodyWriter: Sendable {
  let connection: HTTPConnection

  /// Sends `bytes` (of a body of known length no more than is left of it) and waits while too much is unsent. Gives `false` once the client is gone: stop then.
  public func write(_ bytes: [UInt8]) async -> Bool {
    await connection.writeChunk(bytes)
  }
}
