import CLinux
import EventLoop
import Glibc
import Synchronization
import Telemetry

/// A gRPC server: unary and server-streaming methods over HTTP/2 without TLS, on event loops that share the port.
///
/// ```swift
/// let server = try GRPCServer(
///   address: "127.0.0.1:7400", loops: loops,
///   methods: [GRPCMethod(service: "demo.Echo", "Say"): .unary { _, message in message }])
/// await server.drain(timeoutMilliseconds: 10_000)
/// ```
public final class GRPCServer: Sendable {
  public struct ListenFailure: Error, CustomStringConvertible {
    public let description: String
  }

  /// A method with its counters.
  struct Method: Sendable {
    let handler: GRPCHandler
    let isUnary: Bool
    let seconds: Histogram
    let failures: [GRPCStatusCode: Counter]

    init(_ path: String, _ handler: GRPCHandler, _ metrics: Metrics) {
      self.handler = handler
      isUnary = if case .unary = handler { true } else { false }
      let label = "method=\"\(path.split(separator: "/").last ?? "")\""
      seconds = metrics.histogram("grpc_server_call_seconds", labels: label, help: "Time from headers to answer")
      var failures: [GRPCStatusCode: Counter] = [:]
      for code in GRPCStatusCode.allCases where code != .ok {
        failures[code] = metrics.counter(
          "grpc_server_failures_total", labels: "\(label),code=\"\(code)\"", help: "Calls that did not end with OK")
      }
      self.failures = failures
    }

    func observe(_ code: GRPCStatusCode, seconds elapsed: Double) {
      seconds.observe(seconds: elapsed)
      failures[code]?.increment()
    }
  }

  public let settings: GRPCServerSettings
  /// The port it listens on; of use where the address named port 0.
  public let port: UInt16
  let methods: [String: Method]
  let logger: Logger
  private let listeners: [Listener]
  private let connections = Atomic<Int>(0)

  /// Listens at `address` (`host:port`; a name is looked up, which may block). The loops are running.
  public init(
    address: String, loops: EventLoopGroup, methods: [GRPCMethod: GRPCHandler],
    settings: GRPCServerSettings = GRPCServerSettings(), logger: Logger = .silent, metrics: Metrics = Metrics()
  ) throws(ListenFailure) {
    self.settings = settings
    self.logger = logger
    var table: [String: Method] = [:]
    for (method, handler) in methods { table[method.path] = Method(method.path, handler, metrics) }
    self.methods = table
    var descriptors: [Int32] = []
    do throws(Socket.Failure) {
      var resolved = try Socket.resolve(address, numericOnly: false)
      for _ in loops.loops {
        descriptors.append(try Socket.listen(resolved, backlog: 1_024))
        if descriptors.count == 1 {
          let port = Socket.port(of: descriptors[0])
          withUnsafeMutableBytes(of: &resolved.storage) {
            $0[2] = UInt8(port >> 8)
            $0[3] = UInt8(port & 0xFF)
          }
        }
      }
    } catch {
      for descriptor in descriptors { close(descriptor) }
      throw ListenFailure(description: "cannot listen on \(address): \(error.reason)")
    }
    port = Socket.port(of: descriptors[0])
    listeners = zip(loops.loops, descriptors).map { Listener(loop: $0, descriptor: $1) }
    metrics.gauge("grpc_server_connections", help: "Open connections") { [weak self] in
      Double(self?.connections.load(ordering: .relaxed) ?? 0)
    }
    for listener in listeners { listener.start(self) }
  }

  /// Says what became of a call: each at level debug, slow ones always.
  func log(
    _ method: Method, _ path: String, _ metadata: GRPCMetadata, _ code: GRPCStatusCode, nanoseconds: UInt64
  ) {
    let isSlow = method.isUnary && nanoseconds > UInt64(settings.slowCallMilliseconds) * 1_000_000
    guard isSlow || logger.level <= .debug else { return }
    var fields = [("path", path), ("code", "\(code)"), ("microseconds", "\(nanoseconds / 1_000)")]
    if let trace = metadata.trace { fields.append(("trace", "\(trace)")) }
    logger.log(isSlow ? .warning : .debug, isSlow ? "slow call" : "call", fields)
  }

  /// Counts a connection in; false when there are too many.
  func admit() -> Bool {
    if connections.add(1, ordering: .relaxed).newValue <= settings.connectionsMax { return true }
    connections.subtract(1, ordering: .relaxed)
    return false
  }

  func left() { connections.subtract(1, ordering: .relaxed) }

  public var openConnections: Int { connections.load(ordering: .relaxed) }

  /// Stops listening, sends GOAWAY, lets calls finish, and closes what is left at the time's end.
  public func drain(timeoutMilliseconds: Int) async {
    for listener in listeners { await listener.drain() }
    let deadline = monotonicNanoseconds() + UInt64(timeoutMilliseconds) * 1_000_000
    while openConnections > 0, monotonicNanoseconds() < deadline { try? await Task.sleep(nanoseconds: 5_000_000) }
    for listener in listeners { await listener.closeAll() }
  }
}
