import GRPC
import Synchronization
import Telemetry
import Testing

@Suite struct GRPCTraceTests {
  @Test func everyCallCarriesTheTraceOfItsTask() async throws {
    try await withEcho { echo in
      let traces = (0..<20).map { _ in TraceID.random() }
      for trace in traces {
        let seen = try await TraceID.$current.withValue(trace) { try await echo.call(Echo.trace, []) }
        #expect(seen == trace.bytes)
      }
      #expect(try await echo.call(Echo.trace, []) == [])
      // What the caller says itself counts.
      var options = GRPCCallOptions()
      options.metadata.add(GRPCMetadata.traceparent, traces[1].traceparent)
      let own = options
      let seen = try await TraceID.$current.withValue(traces[0]) { try await echo.call(Echo.trace, [], options: own) }
      #expect(seen == traces[1].bytes)
    }
  }

  /// Lines as JSON text.
  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func logger(_ level: Logger.Level) -> Logger {
      Logger(service: "test", level: level) { bytes in
        self.lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
      }
    }
    func with(_ words: String...) -> [String] {
      lines.withLock { lines in lines.filter { line in words.allSatisfy { line.contains($0) } } }
    }
  }

  @Test func slowCallsAreLoggedWithTheirTraceAndQuickOnesAreNot() async throws {
    let lines = Lines()
    var settings = GRPCServerSettings()
    settings.slowCallMilliseconds = 60
    let echo = try Echo(server: settings, logger: lines.logger(.info))
    let trace = TraceID.random()
    try await TraceID.$current.withValue(trace) {
      _ = try await echo.call(Echo.say, [1])
      _ = try await echo.call(Echo.slow, [12])
    }
    #expect(await eventually { !lines.with("slow call").isEmpty })
    #expect(lines.with("slow call", "/Slow\"", "\"trace\":\"\(trace)\"", "warning").count == 1)
    #expect(lines.with("/Say\"").isEmpty)
    await echo.stop()
  }

  @Test func atLevelDebugEveryCallIsLogged() async throws {
    let lines = Lines()
    let echo = try Echo(logger: lines.logger(.debug))
    let trace = TraceID.random()
    try await TraceID.$current.withValue(trace) { _ = try await echo.call(Echo.say, [1]) }
    #expect(await eventually { lines.with("\"call\"", "/Say\"", "\"\(trace)\"", "\"ok\"").count == 1 })
    await echo.stop()
  }
}
