import EventLoop
import Glibc
import HTTP
import Telemetry
import Testing

@Suite struct ServerTests {
  @Test func answersAndKeepsTheConnection() async throws {
    try await withServer(handler: EchoHandler()) { port, _, _ in
      let client = TestClient(port: port)
      for round in 0..<3 {
        client.send("POST /a/b?x=\(round) HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
        let answer = try #require(client.answer())
        #expect(answer.status == 200)
        #expect(answer.text == "POST /a/b x=\(round) hi")
        #expect(answer.headers["date"]?.hasSuffix(" GMT") == true)
        #expect(answer.headers["connection"] == nil)
      }
    }
  }

  @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
    // More than one turn takes, and slow ones among them.
    let handler = HTTPClosureHandler { request in
      if request.path.hasSuffix("7") { await EventLoop.current?.sleep(nanoseconds: 2_000_000) }
      return HTTPResponse(status: 200, body: Array(request.path.utf8))
    }
    try await withServer(handler: handler) { port, _, _ in
      let client = TestClient(port: port)
      client.send((0..<200).map { "GET /\($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined())
      for index in 0..<200 { #expect(client.answer()?.text == "/\(index)") }
    }
  }
}
