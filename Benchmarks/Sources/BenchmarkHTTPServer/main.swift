import EventLoop
import HTTP
import Telemetry

/// Answers every request with 200 bytes of JSON, as nginx does beside it.
///
///     bench-http-server LOOPS    prints `port N`, serves until it is killed
struct FixedAnswer: HTTPHandler {
  let body: [UInt8]
  let headers: [HTTPRequest.Header] = [.init("Content-Type", "application/json; charset=utf-8")]

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    HTTPResponse(status: 200, headers: headers, body: body)
  }
}

let loops = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1
let prefix = "{\"results\":[],\"padding\":\""
let body = prefix + String(repeating: "x", count: 200 - prefix.utf8.count - 2) + "\"}"
let group = EventLoopGroup(count: loops)
let server = HTTPServer(
  group: group, logger: Logger(service: "bench-http-server", level: .warning), metrics: Metrics(),
  handler: FixedAnswer(body: Array(body.utf8)))
let port = try await server.start(on: HTTPServer.Address(host: "127.0.0.1", port: 0))
let line = Array("port \(port)\n".utf8)
Logger.writeToStandardError(line)
while true { try await Task.sleep(for: .seconds(3600)) }
