import EventLoop
import HTTP
import Telemetry

/// A server on a free port, and a body to test it with; drained and its loops stopped afterwards.
func withServer(
  limits: HTTPServer.Limits = .init(), loops: Int = 1, handler: any HTTPHandler,
  _ body: (_ port: UInt16, _ server: HTTPServer, _ group: EventLoopGroup) async throws -> Void
) async throws {
  let group = EventLoopGroup(count: loops)
  let server = HTTPServer(group: group, limits: limits, logger: .silent, metrics: Metrics(), handler: handler)
  let port = try await server.start(on: .init(host: "127.0.0.1", port: 0))
  do {
    try await body(port, server, group)
  } catch {
    await server.drain(timeoutMilliseconds: 0)
    group.stop()
    throw error
  }
  await server.drain(timeoutMilliseconds: 0)
  group.stop()
}

/// Answers with method, path, query and body as text.
struct EchoHandler: HTTPHandler {
  func respond(to request: HTTPRequest) async -> HTTPResponse {
    let text = "\(request.method) \(request.path) \(request.query) \(String(decoding: request.body, as: UTF8.self))"
    return HTTPResponse(status: 200, contentType: "text/plain", body: Array(text.utf8))
  }

  func bodyBytesMax(for head: HTTPRequest, limit: Int) -> Int { head.path == "/upload" ? 10 * limit : limit }
}
