import EventLoop
import Glibc
import HTTP
import Telemetry
import Testing

@Suite(.serialized) struct ServerTests {
  static let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

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

  @Test func aPipelineLargerThanWhatIsHeldIsAnsweredWhole() async throws {
    let handler = HTTPClosureHandler { request in
      await EventLoop.current?.sleep(nanoseconds: 20_000)
      return HTTPResponse(status: 200, body: Array(request.path.utf8))
    }
    var limits = HTTPServer.Limits()
    limits.headerBytesMax = 2 << 10
    limits.inputBytesMax = 4 << 10
    limits.outputBytesMax = 2 << 10
    try await withServer(limits: limits, handler: handler) { port, _, _ in
      let client = TestClient(port: port)
      let filler = String(repeating: "x", count: 300)
      client.send((0..<1_000).map { "GET /\($0) HTTP/1.1\r\nHost: h\r\nX: \(filler)\r\n\r\n" }.joined())
      for index in 0..<1_000 { #expect(client.answer()?.text == "/\(index)") }
    }
  }

  /// A thousand ids in a query, and lines longer than what is held of further requests.
  @Test(arguments: [8 << 10, 64 << 10, 200 << 10])
  func linesUpToTheLimitAreRead(targetBytesMax: Int) async throws {
    var limits = HTTPServer.Limits()
    limits.targetBytesMax = targetBytesMax
    limits.headerBytesMax = targetBytesMax + 1_024
    limits.inputBytesMax = 4 << 10
    try await withServer(limits: limits, handler: EchoHandler()) { port, _, _ in
      let query = String(repeating: "q", count: targetBytesMax - 2)
      let client = TestClient(port: port)
      client.send("GET /?\(query) HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(client.answer()?.text == "GET / \(query) ")
      let longer = TestClient(port: port)
      longer.send("GET /?q\(query) HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(longer.answer()?.status == 414)
    }
  }

  @Test func theCorpusGetsItsAnswersOverASocket() async throws {
    var limits = HTTPServer.Limits()
    (limits.targetBytesMax, limits.headerBytesMax) = (8 << 10, 32 << 10)
    try await withServer(limits: limits, handler: EchoHandler()) { port, _, _ in
      for item in requestCorpus {
        let client = TestClient(port: port)
        client.send(item.bytes)
        let method = String(decoding: item.bytes.prefix { $0 != 0x20 }, as: UTF8.self)
        let answer = client.answer(toHead: method == "HEAD")
        switch item.expected {
        case .refused(let status):
          #expect(answer?.status == status, "\(item.name)")
          #expect(answer?.headers["connection"] == "close", "\(item.name)")
          client.endSending()
          #expect(client.isClosedByServer(), "\(item.name)")
        case .taken:
          // The expectation's own answer comes first where no body had arrived.
          #expect(answer?.status == 200, "\(item.name)")
        }
      }
    }
  }

  @Test func aHandlerWithoutIOStaysOnItsLoop() async throws {
    try await withServer(loops: 2, handler: EchoHandler()) { port, _, group in
      let before = group.loops.reduce(0) { $0 + $1.foreignEnqueues }
      for _ in 0..<10 {
        let client = TestClient(port: port)
        for _ in 0..<200 {
          client.send(Self.get)
          #expect(client.answer()?.status == 200)
        }
      }
      #expect(group.loops.reduce(0) { $0 + $1.foreignEnqueues } - before == 0)
    }
  }

  @Test func aHandlerThatLeavesItsLoopIsCounted() async throws {
    // The control of the test above: the count can rise.
    let pool = BlockingPool(threadsMax: 1)
    let handler = HTTPClosureHandler { _ in
      try? await pool.run {}
      return HTTPResponse(status: 200)
    }
    try await withServer(handler: handler) { port, _, group in
      let before = group.loops[0].foreignEnqueues
      let client = TestClient(port: port)
      for _ in 0..<50 {
        client.send(Self.get)
        #expect(client.answer()?.status == 200)
      }
      #expect(group.loops[0].foreignEnqueues > before)
    }
  }

  @Test func headHasLengthAndNoBody() async throws {
    try await withServer(handler: EchoHandler()) { port, _, _ in
      let client = TestClient(port: port)
      client.send("HEAD /abc HTTP/1.1\r\nHost: h\r\n\r\n" + Self.get)
      let answer = client.answer(toHead: true)
      #expect(answer?.headers["content-length"] == "11")
      #expect(client.answer()?.text == "GET /  ")
    }
  }

  @Test func statusesWithoutABodySayNoLength() async throws {
    let handler = HTTPClosureHandler { HTTPResponse(status: $0.path == "/304" ? 304 : 204, body: [1, 2, 3]) }
    try await withServer(handler: handler) { port, _, _ in
      let client = TestClient(port: port)
      for status in [304, 204] {
        client.send("GET /\(status) HTTP/1.1\r\nHost: h\r\n\r\n")
        let answer = client.answer()
        #expect(answer?.status == status)
        #expect(answer?.headers["content-length"] == nil)
      }
    }
  }

  @Test func chunkedBodiesGoBothWays() async throws {
    let handler = HTTPClosureHandler { request in
      let body = request.body
      return HTTPResponse(status: 200, headers: [.init("Content-Type", "text/plain")]) { writer in
        for byte in body { _ = await writer.write([byte, byte]) }
      }
    }
    try await withServer(handler: handler) { port, _, _ in
      let client = TestClient(port: port)
      let request = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
      for _ in 0..<2 {
        client.send(request)
        let answer = client.answer()
        #expect(answer?.headers["transfer-encoding"] == "chunked")
        #expect(answer?.text == "aabbcc")
      }
      let old = TestClient(port: port)
      old.send("POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc")
      let answer = old.answer()
      #expect(answer?.headers["transfer-encoding"] == nil)
      #expect(answer?.headers["connection"] == "close")
      #expect(answer?.text == "aabbcc")
    }
  }

  @Test func aStreamWaitsForASlowReader() async throws {
    let written = SharedCount()
    let total = 40
    let handler = HTTPClosureHandler { _ in
      HTTPResponse(status: 200, headers: []) { writer in
        for _ in 0..<total where await writer.write([UInt8](repeating: 0x61, count: 1 << 20)) {
          written.add(1)
        }
      }
    }
    try await withServer(handler: handler) { port, _, _ in
      let client = TestClient(port: port)
      client.send(Self.get)
      usleep(300_000)
      #expect(written.value < total)
      #expect(client.answer()?.body.count == total << 20)
      #expect(written.value == total)
    }
  }

  @Test func oldClientsGetWhatTheyAskFor() async throws {
    try await withServer(handler: EchoHandler()) { port, _, _ in
      let closing = TestClient(port: port)
      closing.send("GET / HTTP/1.0\r\n\r\n")
      #expect(closing.answer()?.headers["connection"] == "close")
      #expect(closing.isClosedByServer())
      let keeping = TestClient(port: port)
      for _ in 0..<2 {
        keeping.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(keeping.answer()?.headers["connection"] == "keep-alive")
      }
    }
  }

  @Test func bodyIsInvitedOnlyWhenItWillBeTaken() async throws {
    var limits = HTTPServer.Limits()
    limits.bodyBytesMax = 100
    try await withServer(limits: limits, handler: EchoHandler()) { port, _, _ in
      func head(_ path: String, _ length: Int) -> String {
        "POST \(path) HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: \(length)\r\n\r\n"
      }
      let client = TestClient(port: port)
      client.send(head("/", 3))
      #expect(client.answer()?.status == 100)
      client.send("abc")
      #expect(client.answer()?.text == "POST /  abc")
      client.send(head("/", 101))
      #expect(client.answer()?.status == 413)
      let eager = TestClient(port: port)
      eager.send(head("/", 3) + "abc")
      #expect(eager.answer()?.status == 200)
    }
  }

  @Test func bodyLimitsHoldAndAHandlerMayRaiseThem() async throws {
    var limits = HTTPServer.Limits()
    limits.bodyBytesMax = 1_000
    try await withServer(limits: limits, handler: EchoHandler()) { port, _, _ in
      func status(_ path: String, _ count: Int, chunked: Bool) -> Int? {
        let client = TestClient(port: port)
        let body = String(repeating: "a", count: count)
        let framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: \(count)"
        client.send("POST \(path) HTTP/1.1\r\nHost: h\r\n\(framing)\r\n\r\n")
        client.send(chunked ? "\(String(count, radix: 16))\r\n\(body)\r\n0\r\n\r\n" : body)
        return client.answer()?.status
      }
      for chunked in [false, true] {
        #expect(status("/", 1_000, chunked: chunked) == 200)
        #expect(status("/", 1_001, chunked: chunked) == 413)
        #expect(status("/upload", 10_000, chunked: chunked) == 200)
        #expect(status("/upload", 10_001, chunked: chunked) == 413)
      }
      // The answer is readable even though most of the body was never read.
      #expect(status("/", 3_000_000, chunked: false) == 413)
    }
  }

  @Test func aBodyOfTheCeilingIsTakenAndNoSettingGoesAbove() async throws {
    var limits = HTTPServer.Limits()
    limits.bodyBytesMax = 1 << 40
    let handler = HTTPClosureHandler { HTTPResponse(status: 200, body: Array("\($0.body.count)".utf8)) }
    try await withServer(limits: limits, handler: handler) { port, _, _ in
      let client = TestClient(port: port, receiveTimeoutSeconds: 20)
      client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n")
      client.send([UInt8](repeating: 0, count: 100_000_000))
      #expect(client.answer()?.text == "100000000")
      client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000001\r\n\r\n")
      #expect(client.answer()?.status == 413)
    }
  }

  @Test func headersOfAHandlerCannotForgeAnAnswer() async throws {
    let handler = HTTPClosureHandler { _ in
      HTTPResponse(
        status: 200,
        headers: [
          .init("X", "a\r\nSet-Cookie: b\r\n\r\nbody"), .init("Content-Length", "999"),
          .init("transfer-encoding", "chunked"),
        ], body: [0x61])
    }
    try await withServer(handler: handler) { port, _, _ in
      let client = TestClient(port: port)
      client.send(Self.get)
      let answer = client.answer()
      #expect(answer?.headers["set-cookie"] == nil)
      #expect(answer?.headers["content-length"] == "1")
      #expect(answer?.headers["transfer-encoding"] == nil)
      #expect(answer?.text == "a")
    }
  }

  @Test func aClientThatEndsItsSideStillGetsItsAnswers() async throws {
    let handler = HTTPClosureHandler { _ in
      await EventLoop.current?.sleep(nanoseconds: 20_000_000)
      return HTTPResponse(status: 200)
    }
    try await withServer(handler: handler) { port, _, _ in
      let client = TestClient(port: port)
      client.send(Self.get + Self.get)
      client.endSending()
      #expect(client.answer()?.status == 200)
      #expect(client.answer()?.status == 200)
      #expect(client.isClosedByServer())
    }
  }

  @Test func twoServersCannotShareAPort() async throws {
    try await withServer(handler: EchoHandler()) { port, _, group in
      let second = HTTPServer(group: group, logger: .silent, metrics: Metrics(), handler: EchoHandler())
      await #expect(throws: HTTPServer.StartError.self) {
        try await second.start(on: .init(host: "127.0.0.1", port: port))
      }
      await #expect(throws: HTTPServer.StartError.self) {
        try await second.start(on: .init(host: "no such host", port: 0))
      }
    }
  }

  @Test func oneConnectionMoreThanAllowedIsClosed() async throws {
    var limits = HTTPServer.Limits()
    limits.connectionsMax = 2
    try await withServer(limits: limits, handler: EchoHandler()) { port, _, _ in
      let first = TestClient(port: port)
      let second = TestClient(port: port)
      for client in [first, second] {
        client.send(Self.get)
        #expect(client.answer()?.status == 200)
      }
      #expect(TestClient(port: port).isClosedByServer())
      first.send(Self.get)
      #expect(first.answer()?.status == 200)
    }
  }
}
