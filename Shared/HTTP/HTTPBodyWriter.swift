/// The way out for a streamed body. Used on the connection's loop, by the stream's own task.
public struct HTTPBodyWriter: Sendable {
  let connection: HTTPConnection

  /// Sends `bytes` as one chunk and waits while too much is unsent. Gives `false` once the client is gone: stop then.
  public func write(_ bytes: [UInt8]) async -> Bool {
    await connection.writeChunk(bytes)
  }
}
