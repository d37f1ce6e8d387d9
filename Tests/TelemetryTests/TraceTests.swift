import JSON
import Synchronization
import Telemetry
import Testing

@Suite struct TraceTests {
  static let text = "0af7651916cd43dd8448eb211c80319c"

  @Test func aHeaderOfTheStandardIsRead() throws {
    let trace = try #require(TraceID(traceparent: "00-\(Self.text)-b7ad6b7169203331-01"))
    #expect("\(trace)" == Self.text)
    #expect(TraceID(bytes: trace.bytes) == trace)
    #expect(trace.bytes.count == 16 && trace.bytes.first == 0x0A && trace.bytes.last == 0x9C)
    // A later version may say more after what is known.
    #expect(TraceID(traceparent: "cc-\(Self.text)-b7ad6b7169203331-01-what-the-future-will-be-like") == trace)
  }

  @Test(arguments: [
    "", "00", "00-\(text)-b7ad6b7169203331", "00-\(text)-b7ad6b7169203331-0", "00-\(text)-b7ad6b7169203331-01-more",
    "00-\(text)-b7ad6b7169203331-0x", "ff-\(text)-b7ad6b7169203331-01", "00-\(text)-0000000000000000-01",
    "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
    "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00 \(text) b7ad6b7169203331 01",
    "cc-\(text)-b7ad6b7169203331-01.x",
  ])
  func whatIsNoHeaderIsNotRead(_ header: String) { #expect(TraceID(traceparent: header) == nil) }

  @Test func callsForOneTraceHaveParentsOfTheirOwn() throws {
    let trace = TraceID.random()
    let headers = (0..<100).map { _ in trace.traceparent }
    #expect(Set(headers).count == 100)
    #expect(headers.allSatisfy { $0.utf8.count == 55 && TraceID(traceparent: $0) == trace })
  }

  @Test func madeTracesDiffer() { #expect(Set((0..<100).map { _ in TraceID.random() }).count == 100) }

  @Test func wrongBytesAreNoTrace() {
    #expect(TraceID(bytes: []) == nil)
    #expect(TraceID(bytes: Array(repeating: 0, count: 16)) == nil)
    #expect(TraceID(bytes: Array(repeating: 1, count: 17)) == nil)
  }

  @Test func logLinesCarryTheTraceOfTheirTaskAndNoOther() async throws {
    let lines = Mutex<[JSONValue]>([])
    let logger = Logger(service: "test") { bytes in
      if let line = try? JSONValue(parsing: bytes) { lines.withLock { $0.append(line) } }
    }
    let trace = TraceID.random()
    logger.info("before")
    await TraceID.$current.withValue(trace) {
      logger.info("within")
      logger.info("named", [("trace", "another")])
      await Task { logger.info("child") }.value
    }
    logger.info("after")
    let traces = lines.withLock { $0.map { $0["trace"]?.string } }
    #expect(traces == [nil, "\(trace)", "another", "\(trace)", nil])
  }
}
