import EventLoop
import GRPC
import Testing

/// Connections that come, go, break and drain.
@Suite(.timeLimit(.minutes(1))) struct GRPCConnectionTests {
  @Test func drainLetsACallFinishAndThenCloses() async throws {
    try await withEcho { echo in
      let call = Task { try await echo.call(Echo.slow, [20]) }
      #expect(await eventually { echo.state.running.load(ordering: .relaxed) == 1 })
      await echo.server.drain(timeoutMilliseconds: 5_000)
      let value = try await call.value
      #expect(value == [20])
      #expect(echo.server.openConnections == 0)
      let failure = await status { () async throws(GRPCStatus) in _ = try await echo.client.unary(Echo.say, [1]) }
      #expect(failure?.code == .unavailable && failure?.notProcessed == true)
    }
  }

  @Test func drainEndsStreamsAndSaysWhy() async throws {
    try await withEcho { echo in
      let stream = try await echo.client.serverStreaming(Echo.hangStream, [])
      let first = try await stream.next()
      #expect(first == [1])
      await echo.server.drain(timeoutMilliseconds: 5_000)
      let failure = await status { () async throws(GRPCStatus) in _ = try await stream.next() }
      #expect(failure?.code == .unavailable)
      #expect(failure?.message.contains("draining") == true)
    }
  }

  @Test func callsMovedByGoAwayFindTheNextServer() async throws {
    // Many calls while one server drains and the next one listens on the same port: none is lost.
    let echo = try Echo()
    let port = echo.server.port
    let calls = Task {
      var answered = 0
      for number in 0..<2_000 {
        let options = GRPCCallOptions(timeoutMilliseconds: 5_000, waitForReady: true)
        let value = try await echo.call(Echo.say, [UInt8(number & 0xFF)], options: options)
        #expect(value == [UInt8(number & 0xFF)])
        answered += 1
      }
      return answered
    }
    try await Task.sleep(nanoseconds: 20_000_000)
    let loops = EventLoopGroup(count: 1)
    // Both listen for a while, as two processes with SO_REUSEPORT do.
    let second = try GRPCServer(address: "127.0.0.1:\(port)", loops: loops, methods: Echo.methods(Echo.State()))
    await echo.server.drain(timeoutMilliseconds: 5_000)
    let answered = try await calls.value
    #expect(answered == 2_000)
    await echo.stop()
    await second.drain(timeoutMilliseconds: 100)
    loops.stop()
  }

  @Test func aBrokenConnectionFailsItsCallsAndIsMadeAgain() async throws {
    let echo = try Echo()
    let port = echo.server.port
    let hanging = Task {
      await status { () async throws(GRPCStatus) in _ = try await echo.client.unary(Echo.hang, []) }
    }
    #expect(await eventually { echo.state.running.load(ordering: .relaxed) == 1 })
    await echo.server.drain(timeoutMilliseconds: 0)
    let failure = await hanging.value
    #expect(failure?.code == .unavailable && failure?.notProcessed == false)
    // Nobody listens: a call at once fails, one that waits comes through when somebody does.
    let refused = await status { () async throws(GRPCStatus) in _ = try await echo.client.unary(Echo.say, [1]) }
    #expect(refused?.code == .unavailable && refused?.notProcessed == true)
    let waiting = Task {
      try await echo.call(Echo.say, [7], options: GRPCCallOptions(timeoutMilliseconds: 10_000, waitForReady: true))
    }
    try await Task.sleep(nanoseconds: 50_000_000)
    let second = try Echo(port: port)
    let value = try await waiting.value
    #expect(value == [7])
    await echo.stop()
    await second.stop()
  }

  @Test func aWaitingCallEndsAtItsDeadline() async throws {
    let listener = try RawListener()
    let loops = EventLoopGroup(count: 1)
    let client = GRPCClient(address: "127.0.0.1:\(listener.port)", loops: loops)
    let failure = await status { () async throws(GRPCStatus) in
      _ = try await client.unary(
        Echo.say, [1], options: GRPCCallOptions(timeoutMilliseconds: 100, waitForReady: true))
    }
    #expect(failure?.code == .deadlineExceeded && failure?.notProcessed == true)
    await client.close()
    loops.stop()
  }

  @Test func aPortThatNeverSpeaksIsGivenUp() async throws {
    var settings = GRPCClientSettings()
    settings.connectMilliseconds = 100
    let listener = try RawListener()
    let loops = EventLoopGroup(count: 1)
    let client = GRPCClient(address: "127.0.0.1:\(listener.port)", loops: loops, settings: settings)
    let failure = await status { () async throws(GRPCStatus) in _ = try await client.unary(Echo.say, [1]) }
    #expect(failure?.code == .unavailable)
    #expect(failure?.message.contains("no HTTP/2 SETTINGS") == true)
    await client.close()
    loops.stop()
  }

  @Test func aServerThatFallsSilentIsNoticed() async throws {
    var settings = GRPCClientSettings()
    settings.keepaliveMilliseconds = 60
    let listener = try RawListener()
    let loops = EventLoopGroup(count: 1)
    let client = GRPCClient(address: "127.0.0.1:\(listener.port)", loops: loops, settings: settings)
    let call = Task { await status { () async throws(GRPCStatus) in _ = try await client.unary(Echo.say, [1]) } }
    let peer = try await listener.acceptOne()
    peer.write(RawPeer.settings)
    let failure = await call.value
    #expect(failure?.code == .unavailable)
    #expect(failure?.message.contains("silent") == true)
    _ = peer
    await client.close()
    loops.stop()
  }

  @Test func aServerThatSpeaksGarbageFailsTheCall() async throws {
    let listener = try RawListener()
    let loops = EventLoopGroup(count: 1)
    let client = GRPCClient(address: "127.0.0.1:\(listener.port)", loops: loops)
    let call = Task { await status { () async throws(GRPCStatus) in _ = try await client.unary(Echo.say, [1]) } }
    let peer = try await listener.acceptOne()
    peer.write(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
    let failure = await call.value
    #expect(failure?.code == .unavailable)
    _ = peer
    await client.close()
    loops.stop()
  }

  @Test func aClosedClientRefuses() async throws {
    try await withEcho { echo in
      await echo.client.close()
      let failure = await status { () async throws(GRPCStatus) in _ = try await echo.client.unary(Echo.say, [1]) }
      #expect(failure?.code == .unavailable)
    }
  }

  @Test func aPortInUseIsNamed() async throws {
    let listener = try RawListener()
    let loops = EventLoopGroup(count: 1)
    do {
      _ = try GRPCServer(address: "127.0.0.1:\(listener.port)", loops: loops, methods: [:])
      Issue.record("listened on a port in use")
    } catch {
      #expect("\(error)".contains("127.0.0.1:\(listener.port)"))
      #expect("\(error)".contains("in use"))
    }
    #expect(throws: GRPCServer.ListenFailure.self) { try GRPCServer(address: "nonsense", loops: loops, methods: [:]) }
    loops.stop()
  }
}
