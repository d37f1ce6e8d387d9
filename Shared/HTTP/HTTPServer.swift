import CLinux
import EventLoop
import Glibc
import Synchronization
import Telemetry

/// An HTTP/1.1 server: one listening socket a loop (`SO_REUSEPORT`), strict parsing, each request as one task on its
/// connection's loop.
///
///     let server = HTTPServer(group: loops, logger: logger, metrics: metrics, handler: handler)
///     let port = try await server.start(on: HTTPServer.Address(host: "127.0.0.1", port: 0))
///     …
///     await server.drain(timeoutMilliseconds: 10_000)
public final class HTTPServer: Sendable {
  /// Limits of one server; each is a setting of the service.
  public struct Limits: Sendable {
    /// No setting and no handler may allow a larger body.
    public static let bodyBytesCeiling = 100_000_000

    public var bodyBytesMax = 2 << 20
    /// Of path and query; a thousand ids in a query have some fifty thousand.
    public var targetBytesMax = 64 << 10
    /// Request line, header fields and trailer fields together.
    public var headerBytesMax = 96 << 10
    public var headersMax = 100
    /// Connections of all loops; one more is closed as it comes.
    public var connectionsMax = 20_000
    /// Requests of one connection answered in one turn of the loop.
    public var pipelinedMax = 32
    /// Bytes of further requests held while one is handled; above it the connection is not read.
    public var inputBytesMax = 64 << 10
    /// Unsent bytes above which a connection's next request, or its stream's next chunk, waits.
    public var outputBytesMax = 1 << 20
    /// Empty output buffers a loop keeps for later.
    public var pooledBuffersMax = 64
    /// From the first byte of a request to the end of its head; then 408.
    public var headerTimeoutMilliseconds: UInt64 = 10_000
    /// From the first byte of a request to the end of its body, longer as its bytes earn it; then 408.
    public var bodyTimeoutMilliseconds: UInt64 = 60_000
    /// The rate at which a body's bytes prolong its time.
    public var bodyBytesPerSecondMin = 16 << 10
    public var idleTimeoutMilliseconds: UInt64 = 90_000
    /// Without any progress in sending.
    public var writeTimeoutMilliseconds: UInt64 = 30_000
    /// How long, and for how many bytes, a closing connection waits for the client to read the last answer.
    public var lingerTimeoutMilliseconds: UInt64 = 2_000
    public var lingerBytesMax = 4 << 20
    public init() {}
  }

  public struct Address: Hashable, Sendable, CustomStringConvertible {
    public var host: String
    public var port: UInt16
    public init(host: String, port: UInt16) {
      self.host = host
      self.port = port
    }
    /// Reads `host:port`; an IPv6 address stands in brackets.
    public init?(_ text: String) {
      guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
        return nil
      }
      var host = text[..<colon]
      if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
      self.init(host: String(host), port: port)
    }
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  }

  public enum StartError: Error, CustomStringConvertible {
    case addressInUse(Address)
    case unknownHost(String)
    case system(Address, Int32)

    public var description: String {
      switch self {
      case .addressInUse(let address): "\(address) is in use by another process: stop it or choose another port"
      case .unknownHost(let host): "cannot listen on \"\(host)\": no such host"
      case .system(let address, let code): "cannot listen on \(address): \(String(cString: strerror(code)))"
      }
    }
  }

  /// Open connections over all loops.
  final class OpenCount: Sendable {
    let count = Atomic<Int>(0)
  }

  private let listeners: [HTTPListener]
  private let open = OpenCount()
  private let logger: Logger

  /// - Parameter name: the label `server` of its metrics, where a process has several.
  public init(
    group: EventLoopGroup, limits: Limits = Limits(), logger: Logger, metrics: Metrics, name: String = "main",
    handler: any HTTPHandler
  ) {
    let label = "server=\"\(name)\""
    let counters = HTTPListener.Counters(
      requests: metrics.counter("http_requests_total", labels: label, help: "Requests given to a handler."),
      refused: metrics.counter("http_refused_total", labels: label, help: "Requests refused before any handler."),
      timedOut: metrics.counter("http_timed_out_total", labels: label, help: "Requests that came too slowly."),
      rejected: metrics.counter(
        "http_connections_rejected_total", labels: label, help: "Connections closed because of connections-max."))
    let open = open
    metrics.gauge("http_connections", labels: label, help: "Open connections.") {
      Double(open.count.load(ordering: .relaxed))
    }
    self.logger = logger
    listeners = group.loops.map {
      HTTPListener(loop: $0, limits: limits, handler: handler, logger: logger, counters: counters, open: open)
    }
  }

  /// Open connections now.
  public var connectionCount: Int { open.count.load(ordering: .relaxed) }

  /// Listens on `address` and serves until `drain`. Gives the port, which the kernel picks for port 0.
  public func start(on address: Address) async throws(StartError) -> UInt16 {
    let (descriptors, port) = try ListeningSocket.open(address, count: listeners.count)
    for (listener, descriptor) in zip(listeners, descriptors) {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        listener.loop.execute {
          listener.start(descriptor)
          continuation.resume()
        }
      }
    }
    return port
  }

  /// Stops listening, lets requests under way finish (their answers say `Connection: close`), closes the rest at once,
  /// and cuts what is still open after the timeout.
  public func drain(timeoutMilliseconds: UInt64 = 10_000) async {
    await withTaskGroup(of: Int.self) { group in
      for listener in listeners {
        group.addTask { await Self.drain(listener, timeoutMilliseconds) }
      }
      var cut = 0
      for await count in group { cut += count }
      if cut > 0 {
        logger.warning(
          "cut connections that did not finish while draining",
          [("connections", "\(cut)"), ("timeout_ms", "\(timeoutMilliseconds)")])
      }
    }
  }

  private static func drain(_ listener: HTTPListener, _ timeoutMilliseconds: UInt64) async -> Int {
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Int, Never>) in
      listener.loop.execute {
        let state = DrainState()
        let timer = listener.loop.schedule(afterNanoseconds: timeoutMilliseconds &* 1_000_000) {
          state.cut = listener.cut()
        }
        listener.drain {
          listener.loop.cancel(timer)
          // In a later turn: the cut that ends the drain must have been counted.
          listener.loop.execute { continuation.resume(returning: state.cut) }
        }
      }
    }
  }

  /// How many connections one loop's drain had to cut. Touched on that loop only, hence unchecked.
  private final class DrainState: @unchecked Sendable {
    var cut = 0
  }
}
