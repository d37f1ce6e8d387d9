import EventLoop
import GRPC
import Testing

/// Every limit refuses with its name; nothing is cut or queued without end.
@Suite(.timeLimit(.minutes(1))) struct GRPCLimitTests {
  private func say(_ echo: Echo, _ message: [UInt8], _ options: GRPCCallOptions = GRPCCallOptions()) async
    -> GRPCStatus?
  {
    await status { () async throws(GRPCStatus) in
      _ = try await echo.client.unary(Echo.say, message, options: options)
    }
  }

  @Test func aRequestPastTheServersLimitIsRefused() async throws {
    var settings = GRPCServerSettings()
    settings.messageBytesMax = 1_000
    try await withEcho(server: settings) { echo in
      let fits = await say(echo, [UInt8](repeating: 1, count: 1_000))
      #expect(fits == nil)
      let failure = await say(echo, [UInt8](repeating: 1, count: 1_001))
      #expect(failure?.code == .resourceExhausted)
      #expect(failure?.message.contains("message-bytes-max of 1000") == true)
      let again = await say(echo, [1])
      #expect(again == nil)
    }
  }

  @Test func aMessagePastTheClientsLimitIsRefusedBothWays() async throws {
    var settings = GRPCClientSettings()
    settings.messageBytesMax = 100_000
    try await withEcho(client: settings) { echo in
      let sent = await say(echo, [UInt8](repeating: 1, count: 100_001))
      #expect(sent?.code == .resourceExhausted && sent?.notProcessed == true)
      let received = await status { () async throws(GRPCStatus) in _ = try await echo.client.unary(Echo.big, [1]) }
      #expect(received?.code == .resourceExhausted)
      #expect(received?.message.contains("message-bytes-max of 100000") == true)
    }
  }

  @Test func headersPastTheLimitAreRefused() async throws {
    var settings = GRPCServerSettings()
    settings.headerBytesMax = 4_096
    try await withEcho(server: settings) { echo in
      var options = GRPCCallOptions()
      for number in 0..<5 { options.metadata.add("x-\(number)", String(repeating: "a", count: 1_000)) }
      let failure = await say(echo, [1], options)
      #expect(failure?.code == .resourceExhausted)
      #expect(failure?.message.contains("header-bytes-max of 4096") == true)
      let again = await say(echo, [1])
      #expect(again == nil)
    }
  }

  @Test func requestsUnderWayPastTheLimitAreRefused() async throws {
    var settings = GRPCServerSettings()
    settings.inboundBytesMax = 1 << 20
    try await withEcho(server: settings) { echo in
      let failure = await say(echo, [UInt8](repeating: 1, count: 3 << 20))
      #expect(failure?.code == .resourceExhausted)
      #expect(failure?.message.contains("inbound-bytes-max") == true)
      let again = await say(echo, [UInt8](repeating: 1, count: 900_000))
      #expect(again == nil, "what was held for the refused call is free again")
    }
  }

  @Test func moreHandlersThanAllowedAreRefusedUntilSomeEnd() async throws {
    var settings = GRPCServerSettings()
    settings.handlersMax = 2
    try await withEcho(server: settings) { echo in
      let first = Task {
        await status { () async throws(GRPCStatus) in _ = try await echo.client.unary(Echo.hang, []) }
      }
      let second = Task {
        await status { () async throws(GRPCStatus) in _ = try await echo.client.unary(Echo.hang, []) }
      }
      #expect(await eventually { echo.state.running.load(ordering: .relaxed) == 2 })
      let failure = await say(echo, [1])
      #expect(failure?.code == .unavailable)
      #expect(failure?.message.contains("handlers-max of 2") == true)
      first.cancel()
      second.cancel()
      _ = await (first.value, second.value)
      #expect(await eventually { echo.state.cancelled.load(ordering: .relaxed) == 2 })
      let again = await say(echo, [1])
      #expect(again == nil)
    }
  }

  @Test func moreConnectionsThanAllowedAreClosed() async throws {
    var settings = GRPCServerSettings()
    settings.connectionsMax = 1
    try await withEcho(server: settings) { echo in
      let first = await say(echo, [1])
      #expect(first == nil)
      let second = try RawPeer(port: echo.server.port)
      second.write(RawPeer.preface + RawPeer.settings)
      let said = await second.readToEnd().bytes
      #expect(said.isEmpty)
      let again = await say(echo, [1])
      #expect(again == nil)
    }
  }

  @Test func moreWaitingCallsThanAllowedAreRefused() async throws {
    var settings = GRPCClientSettings()
    settings.waitingMax = 2
    let listener = try RawListener()  // accepts by the kernel alone, and never answers
    let loops = EventLoopGroup(count: 1)
    let client = GRPCClient(address: "127.0.0.1:\(listener.port)", loops: loops, settings: settings)
    let options = GRPCCallOptions(timeoutMilliseconds: 400, waitForReady: true)
    let codes = await withTaskGroup(of: GRPCStatusCode?.self) { group in
      for _ in 0..<3 {
        group.addTask {
          await status { () async throws(GRPCStatus) in _ = try await client.unary(Echo.say, [], options: options) }?
            .code
        }
      }
      var codes: [GRPCStatusCode?] = []
      for await code in group { codes.append(code) }
      return codes
    }
    #expect(codes.filter { $0 == .resourceExhausted }.count == 1)
    #expect(codes.filter { $0 == .deadlineExceeded }.count == 2)
    await client.close()
    loops.stop()
  }
}
