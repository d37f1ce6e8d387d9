import EventLoop
import GRPC
import Synchronization
import Telemetry

/// A server with a few small methods, and a client of it on loops of its own.
final class Echo: Sendable {
  static let service = "millrace.test.Echo"
  static let say = GRPCMethod(service: service, "Say")
  static let fail = GRPCMethod(service: service, "Fail")
  static let hang = GRPCMethod(service: service, "Hang")
  static let big = GRPCMethod(service: service, "Big")
  static let count = GRPCMethod(service: service, "Count")
  static let countThenFail = GRPCMethod(service: service, "CountThenFail")
  static let metadata = GRPCMethod(service: service, "Metadata")
  /// The trace that the server sees.
  static let trace = GRPCMethod(service: service, "Trace")
  static let deadline = GRPCMethod(service: service, "Deadline")
  /// Sends one message, then nothing until it is cancelled.
  static let hangStream = GRPCMethod(service: service, "HangStream")
  /// Answers after the milliseconds of its message's byte, times ten.
  static let slow = GRPCMethod(service: service, "Slow")
  static let nowhere = GRPCMethod(service: service, "Nowhere")

  let serverLoops: EventLoopGroup
  let clientLoops: EventLoopGroup
  let server: GRPCServer
  let client: GRPCClient
  let state: State

  final class State: Sendable {
    let cancelled = Atomic<Int>(0)
    let running = Atomic<Int>(0)
    let sent = Atomic<Int>(0)
  }

  /// Beside tests that keep all threads busy, a call takes far longer than it should.
  static let patient: GRPCClientSettings = {
    var settings = GRPCClientSettings()
    settings.defaultTimeoutMilliseconds = 60_000
    return settings
  }()

  init(
    server settings: GRPCServerSettings = GRPCServerSettings(),
    client clientSettings: GRPCClientSettings = Echo.patient,
    port: UInt16 = 0, loops: Int = 1, logger: Logger = .silent
  ) throws {
    serverLoops = EventLoopGroup(count: loops, name: "server")
    clientLoops = EventLoopGroup(count: loops, name: "client")
    let state = State()
    self.state = state
    server = try GRPCServer(
      address: "127.0.0.1:\(port)", loops: serverLoops, methods: Self.methods(state), settings: settings,
      logger: logger)
    client = GRPCClient(address: "127.0.0.1:\(server.port)", loops: clientLoops, settings: clientSettings)
  }

  static func methods(_ state: State) -> [GRPCMethod: GRPCHandler] {
    [
      say: .unary { _, message in message },
      fail: .unary { (_, message) async throws(GRPCStatus) in
        var trailers = GRPCMetadata()
        trailers.add("demo-detail", "seven")
        throw GRPCStatus(.failedPrecondition, String(decoding: message, as: UTF8.self), trailers: trailers)
      },
      hang: .unary { (context, _) async throws(GRPCStatus) in
        state.running.add(1, ordering: .relaxed)
        while !Task.isCancelled { await context.loop.sleep(nanoseconds: 1_000_000) }
        state.cancelled.add(1, ordering: .relaxed)
        throw GRPCStatus(.cancelled, "cancelled")
      },
      hangStream: .serverStreaming { (context, _, writer) async throws(GRPCStatus) in
        try await writer.send([1])
        while !Task.isCancelled { await context.loop.sleep(nanoseconds: 1_000_000) }
      },
      slow: .unary { context, message in
        state.running.add(1, ordering: .relaxed)
        await context.loop.sleep(nanoseconds: UInt64(message[0]) * 10_000_000)
        return message
      },
      big: .unary { _, message in [UInt8](repeating: 7, count: Int(message[0]) << 20) },
      count: .serverStreaming { (_, message, writer) async throws(GRPCStatus) in
        for number in 0..<(Int(message[0]) * 1_000) {
          try await writer.send([UInt8(number & 0xFF), UInt8(number >> 8 & 0xFF)] + [UInt8](repeating: 1, count: 100))
          state.sent.add(1, ordering: .relaxed)
        }
      },
      countThenFail: .serverStreaming { (_, _, writer) async throws(GRPCStatus) in
        try await writer.send([1])
        throw GRPCStatus(.aborted, "after one")
      },
      metadata: .unary { context, _ in Array((context.metadata["trace"] ?? "none").utf8) },
      trace: .unary { context, _ in context.trace?.bytes ?? [] },
      deadline: .unary { context, _ in
        guard let deadline = context.deadlineNanoseconds else { return [] }
        return Array(String((deadline - monotonicNanoseconds()) / 1_000_000).utf8)
      },
    ]
  }

  /// A unary call, throwing without a type: `#expect` cannot yet take typed throws.
  func call(_ method: GRPCMethod, _ message: [UInt8], options: GRPCCallOptions = GRPCCallOptions()) async throws
    -> [UInt8]
  {
    try await client.unary(method, message, options: options)
  }

  func stop() async {
    await client.close()
    await server.drain(timeoutMilliseconds: 100)
    clientLoops.stop()
    serverLoops.stop()
  }
}

/// Runs `body` against a fresh server, and stops it whatever happens.
func withEcho(
  server: GRPCServerSettings = GRPCServerSettings(), client: GRPCClientSettings = Echo.patient, loops: Int = 1,
  _ body: (Echo) async throws -> Void
) async throws {
  let echo = try Echo(server: server, client: client, loops: loops)
  do { try await body(echo) } catch {
    await echo.stop()
    throw error
  }
  await echo.stop()
}

/// The status that `body` throws; `nil` when it does not.
func status(_ body: () async throws(GRPCStatus) -> Void) async -> GRPCStatus? {
  do throws(GRPCStatus) {
    try await body()
    return nil
  } catch { return error }
}

/// Waits until `condition` holds; false after `milliseconds`.
func eventually(milliseconds: Int = 3_000, _ condition: () -> Bool) async -> Bool {
  for _ in 0..<(milliseconds / 2) {
    if condition() { return true }
    try? await Task.sleep(nanoseconds: 2_000_000)
  }
  return condition()
}

/// The stream's next message, throwing without a type, as `call` does.
func next(_ stream: GRPCResponseStream) async throws -> [UInt8]? { try await stream.next() }
