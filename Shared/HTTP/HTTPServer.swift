import EventLoop
import Telemetry

/// An HTTP/1.1 server: one listening socket a loop (`SO_REUSEPORT`), strict parsing, each request as one task on its
/// connection's loop.
public final class HTTPServer: Sendable {
  /// Limits of one server; each is a setting of the service.
  public struct Limits: Sendable {
    public var bodyBytesMax = 2 << 20
    public var headerBytesMax = 32 << 10
    public var headersMax = 100
    public var connectionsMax = 20_000
    public var pipelinedMax = 32
    public var headerTimeoutMilliseconds: UInt64 = 10_000
    public var bodyTimeoutMilliseconds: UInt64 = 60_000
    public var idleTimeoutMilliseconds: UInt64 = 90_000
    public var writeTimeoutMilliseconds: UInt64 = 30_000
    public init() {}
  }

  public struct Address: Hashable, Sendable, CustomStringConvertible {
    public var host: String
    public var port: UInt16
    public init(host: String, port: UInt16) {
      self.host = host
      self.port = port
    }
    /// Reads `host:port`.
    public init?(_ text: String) {
      guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
      self.init(host: String(text[..<colon]), port: port)
    }
    public var description: String { "\(host):\(port)" }
  }
}
