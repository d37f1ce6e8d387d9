import EventLoop
import GRPC
import Testing

@Suite(.timeLimit(.minutes(1))) struct GRPCStreamTests {
  private func readAll(_ stream: GRPCResponseStream) async throws -> [[UInt8]] {
    var messages: [[UInt8]] = []
    while let message = try await stream.next() { messages.append(message) }
    return messages
  }

  @Test func aStreamsMessagesComeInOrderToAnyCaller() async throws {
    try await withEcho { echo in
      let stream = try await echo.client.serverStreaming(Echo.count, [3])
      let messages = try await readAll(stream)
      #expect(messages.count == 3_000)
      #expect(messages.enumerated().allSatisfy { $1[0] == UInt8($0 & 0xFF) && $1[1] == UInt8($0 >> 8) })
      let onLoop = await Task(executorPreference: echo.clientLoops.loops[0]) {
        guard let stream = try? await echo.client.serverStreaming(Echo.count, [1]) else { return 0 }
        return (try? await readAll(stream).count) ?? 0
      }.value
      #expect(onLoop == 1_000)
    }
  }

  @Test func anEmptyStreamEnds() async throws {
    try await withEcho { echo in
      let stream = try await echo.client.serverStreaming(Echo.count, [0])
      let value1 = try await next(stream)
      #expect(value1 == nil)
      let value2 = try await next(stream)
      #expect(value2 == nil)
    }
  }

  @Test func aFailureAfterMessagesComesAfterThem() async throws {
    try await withEcho { echo in
      let stream = try await echo.client.serverStreaming(Echo.countThenFail, [])
      let value3 = try await next(stream)
      #expect(value3 == [1])
      let failure = await status { () async throws(GRPCStatus) in _ = try await stream.next() }
      #expect(failure?.code == .aborted)
      #expect(failure?.message == "after one")
    }
  }

  @Test func aSlowReaderHoldsItsSenderBack() async throws {
    var client = GRPCClientSettings()
    client.streamWindowBytes = 64 << 10
    var server = GRPCServerSettings()
    server.outboundBytesMax = 32 << 10
    try await withEcho(server: server, client: client) { echo in
      let stream = try await echo.client.serverStreaming(Echo.count, [200])
      #expect(try await next(stream) != nil)
      try await Task.sleep(nanoseconds: 100_000_000)
      let ahead = echo.state.sent.load(ordering: .relaxed)
      #expect(ahead < 5_000, "200,000 messages of 107 bytes, and \(ahead) were sent to a reader that took one")
      // Others of the connection go on.
      let value4 = try await echo.call(Echo.say, [5])
      #expect(value4 == [5])
      let value5 = try await readAll(stream).count
      #expect(value5 == 199_999)
    }
  }

  @Test func lettingAStreamGoEndsItsHandler() async throws {
    try await withEcho { echo in
      do {
        let stream = try await echo.client.serverStreaming(Echo.hang, [])
        #expect(await eventually { echo.state.running.load(ordering: .relaxed) == 1 })
        _ = stream
      }
      #expect(await eventually { echo.state.cancelled.load(ordering: .relaxed) == 1 })
    }
  }

  @Test func aStreamsDeadlineEndsIt() async throws {
    try await withEcho { echo in
      let stream = try await echo.client.serverStreaming(
        Echo.hang, [], options: GRPCCallOptions(timeoutMilliseconds: 30))
      let failure = await status { () async throws(GRPCStatus) in _ = try await stream.next() }
      #expect(failure?.code == .deadlineExceeded)
    }
  }
}
