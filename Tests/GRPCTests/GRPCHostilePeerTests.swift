import EventLoop
import GRPC
import Glibc
import Testing

/// What comes from sockets that mean no good: the connection ends, the server goes on.
@Suite(.timeLimit(.minutes(1))) struct GRPCHostilePeerTests {
  private static let garbage: [(String, [UInt8])] = [
    ("HTTP/1.1", Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)),
    ("zeros", [UInt8](repeating: 0, count: 100)),
    ("half a preface, then text", Array("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".utf8)),
    ("DATA on no stream", RawPeer.preface + RawPeer.settings + RawPeer.frame(0, stream: 1, [1, 2, 3])),
    ("HEADERS on an even stream", RawPeer.preface + RawPeer.settings + RawPeer.call("/x/Y", stream: 2)),
    ("broken HPACK", RawPeer.preface + RawPeer.settings + RawPeer.frame(1, flags: 4, stream: 1, [0xFF, 0xFF, 0xFF])),
    ("CONTINUATION out of place", RawPeer.preface + RawPeer.settings + RawPeer.frame(9, flags: 4, stream: 1, [0])),
    ("a frame past the frame limit", RawPeer.preface + RawPeer.settings + [0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1]),
    ("SETTINGS of odd length", RawPeer.preface + RawPeer.frame(4, [1, 2, 3])),
    (
      "a window past 2^31",
      RawPeer.preface + RawPeer.settings
        + RawPeer.frame(8, [0x7F, 0xFF, 0xFF, 0xFF]) + RawPeer.frame(8, [0x7F, 0xFF, 0xFF, 0xFF])
    ),
    (
      "endless CONTINUATION",
      RawPeer.preface + RawPeer.settings + RawPeer.frame(1, stream: 1, [0, 1, 97, 1, 97])
        + (0..<200).flatMap { _ in RawPeer.frame(9, stream: 1, [0, 1, 97, 1, 97]) }
    ),
  ]

  @Test func garbageEndsItsOwnConnectionOnly() async throws {
    try await withEcho { echo in
      for (name, bytes) in Self.garbage {
        let peer = try RawPeer(port: echo.server.port)
        peer.write(bytes)
        let closed = await peer.readToEnd().closed
        #expect(closed, "\(name)")
        let value = try await echo.client.unary(Echo.say, [1])
        #expect(value == [1], "after \(name)")
      }
      #expect(await eventually { echo.server.openConnections == 1 })
    }
  }

  @Test func randomBytesBehindThePrefaceNeverHarm() async throws {
    let seed = UInt64.random(in: 0 ... .max)
    var state = seed
    func random(_ bound: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % bound
    }
    try await withEcho { echo in
      for round in 0..<200 {
        var bytes = RawPeer.preface + RawPeer.settings
        for _ in 0..<3 {
          let payload = (0..<random(40)).map { _ in UInt8(random(256)) }
          bytes += RawPeer.frame(
            UInt8(random(11)), flags: UInt8(random(64)), stream: UInt32(random(4)), payload)
        }
        let peer = try RawPeer(port: echo.server.port)
        peer.write(bytes)
        if round % 20 == 0 {
          let value = try await echo.client.unary(Echo.say, [2])
          #expect(value == [2], "seed \(seed) round \(round)")
        }
      }
    }
  }

  @Test func aSilentConnectionIsClosed() async throws {
    var settings = GRPCServerSettings()
    settings.handshakeMilliseconds = 100
    try await withEcho(server: settings) { echo in
      let peer = try RawPeer(port: echo.server.port)
      let closed = await peer.readToEnd().closed
      #expect(closed)
    }
  }

  @Test func aConnectionThatAnswersNoPingIsClosed() async throws {
    var settings = GRPCServerSettings()
    settings.keepaliveMilliseconds = 60
    try await withEcho(server: settings) { echo in
      let peer = try RawPeer(port: echo.server.port)
      peer.write(RawPeer.preface + RawPeer.settings)
      let (bytes, closed) = await peer.readToEnd()
      #expect(closed)
      #expect(RawPeer.frames(bytes).contains { $0.type == 6 })
    }
  }

  @Test func aStreamWhoseReaderTakesNothingIsReset() async throws {
    var settings = GRPCServerSettings()
    settings.keepaliveMilliseconds = 200
    settings.stallMilliseconds = 400
    try await withEcho(server: settings) { echo in
      let peer = try RawPeer(port: echo.server.port)
      // A window of 0: the answer can never be sent. The peer's own pings keep it from being taken for dead.
      peer.write(
        RawPeer.preface + RawPeer.frame(4, [0, 4, 0, 0, 0, 0]) + RawPeer.call("/millrace.test.Echo/Say", stream: 1)
          + RawPeer.frame(0, flags: 1, stream: 1, [0, 0, 0, 0, 1, 42]))
      try await RawPeer.threads.run {
        for _ in 0..<100 {
          peer.write(RawPeer.frame(6, [0, 0, 0, 0, 0, 0, 0, 0]))
          usleep(15_000)
        }
      }
      let (bytes, closed) = await peer.readToEnd()
      #expect(closed)
      let frames = RawPeer.frames(bytes)
      #expect(frames.contains { $0.type == 3 && $0.stream == 1 && $0.payload == [0, 0, 0, 8] })
      #expect(!frames.contains { $0.type == 0 && !$0.payload.isEmpty })
    }
  }

  @Test func aFloodOfResetsEndsTheConnection() async throws {
    var settings = GRPCServerSettings()
    settings.resetBurst = 50
    settings.resetsPerSecond = 1
    try await withEcho(server: settings) { echo in
      let peer = try RawPeer(port: echo.server.port)
      peer.write(RawPeer.preface + RawPeer.settings)
      var flood: [UInt8] = []
      for number in 0..<1_000 {
        let stream = UInt32(2 * number + 1)
        flood += RawPeer.call("/millrace.test.Echo/Hang", stream: stream)
        flood += RawPeer.frame(0, flags: 1, stream: stream, [0, 0, 0, 0, 0])
        flood += RawPeer.reset(stream: stream)
      }
      peer.write(flood)
      let (bytes, closed) = await peer.readToEnd()
      #expect(closed)
      let goAway = RawPeer.frames(bytes).last { $0.type == 7 }
      #expect(goAway?.payload.suffix(from: 4).prefix(4) == [0, 0, 0, 0xB], "GOAWAY with ENHANCE_YOUR_CALM")
      #expect(echo.state.running.load(ordering: .relaxed) <= 60)
      let value = try await echo.client.unary(Echo.say, [1])
      #expect(value == [1])
    }
  }

  /// Answers that are plain HTTP, by what the request lacks.
  @Test(arguments: [
    ("GET", "application/grpc", "405"), ("POST", "text/plain", "415"), ("POST", "application/grpcx", "415"),
  ])
  func whatIsNotGRPCIsRefused(method: String, type: String, http: String) async throws {
    var settings = GRPCServerSettings()
    settings.keepaliveMilliseconds = 60
    try await withEcho(server: settings) { echo in
      let peer = try RawPeer(port: echo.server.port)
      peer.write(
        RawPeer.preface + RawPeer.settings
          + RawPeer.headers(
            [
              (":method", method), (":scheme", "http"), (":path", "/millrace.test.Echo/Say"), (":authority", "x"),
              ("content-type", type),
            ], stream: 1, flags: 5))
      let answer = RawPeer.frames(await peer.readToEnd().bytes).first { $0.type == 1 && $0.stream == 1 }
      // nghttp2 writes a status that HPACK's table lacks as three plain digits: their Huffman code is no shorter.
      let (payload, digits) = (answer?.payload ?? [], Array(http.utf8))
      #expect(payload.indices.dropLast(2).contains { Array(payload[$0..<($0 + 3)]) == digits }, "\(payload)")
    }
  }
}
