import EventLoop
import GRPC
import Testing

@Suite(.timeLimit(.minutes(1))) struct GRPCCallTests {
  @Test func aUnaryCallComesBack() async throws {
    try await withEcho { echo in
      let value1 = try await echo.call(Echo.say, [1, 2, 3])
      #expect(value1 == [1, 2, 3])
      let value2 = try await echo.call(Echo.say, [])
      #expect(value2 == [])
    }
  }

  @Test func aCallMadeOnALoopStaysThere() async throws {
    try await withEcho { echo in
      let loop = echo.clientLoops.loops[0]
      _ = try await echo.client.unary(Echo.say, [0])
      let foreign = await Task(executorPreference: loop) { () -> Int in
        await Task.yield()
        let before = loop.foreignEnqueues
        for number in 0..<200 {
          let answer = try? await echo.client.unary(Echo.say, [UInt8(number)])
          #expect(answer == [UInt8(number)])
          #expect(loop.isCurrent)
        }
        return loop.foreignEnqueues - before
      }.value
      #expect(foreign == 0)
    }
  }

  @Test func manyConcurrentCallsGetEachItsOwnAnswer() async throws {
    try await withEcho(loops: 2) { echo in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for task in 0..<64 {
          group.addTask {
            for round in 0..<50 {
              let message = [UInt8(task), UInt8(round)] + [UInt8](repeating: 9, count: task * 37)
              let value3 = try await echo.call(Echo.say, message)
              #expect(value3 == message)
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func moreCallsThanStreamsWaitTheirTurn() async throws {
    var settings = GRPCServerSettings()
    settings.streamsMax = 4
    try await withEcho(server: settings) { echo in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for task in 0..<100 {
          group.addTask {
            let value4 = try await echo.call(Echo.say, [UInt8(task)])
            #expect(value4 == [UInt8(task)])
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func messagesLargerThanEveryWindowComeThrough() async throws {
    try await withEcho { echo in
      let message = (0..<(5 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let value5 = try await echo.call(Echo.say, message)
      #expect(value5 == message)
    }
  }

  @Test func aFailureCarriesCodeTextAndTrailers() async throws {
    try await withEcho { echo in
      let text = "100 % wrong: größer\nthan \u{1F600}"
      let failure = await status { () async throws(GRPCStatus) in
        _ = try await echo.client.unary(Echo.fail, Array(text.utf8))
      }
      #expect(failure?.code == .failedPrecondition)
      #expect(failure?.message == text)
      #expect(failure?.trailers["demo-detail"] == "seven")
    }
  }

  @Test func anUnknownMethodIsUnimplemented() async throws {
    try await withEcho { echo in
      let failure = await status { () async throws(GRPCStatus) in _ = try await echo.client.unary(Echo.nowhere, [1]) }
      #expect(failure?.code == .unimplemented)
      #expect(failure?.message.contains("/millrace.test.Echo/Nowhere") == true)
    }
  }

  @Test func metadataReachesTheHandler() async throws {
    try await withEcho { echo in
      var options = GRPCCallOptions()
      options.metadata.add("trace", "0af7")
      let value6 = try await echo.call(Echo.metadata, [], options: options)
      #expect(value6 == Array("0af7".utf8))
    }
  }

  @Test func theDeadlineReachesTheHandler() async throws {
    try await withEcho { echo in
      let text = try await echo.client.unary(Echo.deadline, [], options: GRPCCallOptions(timeoutMilliseconds: 1_500))
      let left = try #require(Int(String(decoding: text, as: UTF8.self)))
      #expect(left > 1_000 && left <= 1_501)
    }
  }

  @Test func aPassedDeadlineEndsTheCallAndItsHandler() async throws {
    try await withEcho { echo in
      // A first call, so that the deadline is not spent on connecting.
      _ = try await echo.client.unary(Echo.say, [0])
      let failure = await status { () async throws(GRPCStatus) in
        _ = try await echo.client.unary(Echo.hang, [], options: GRPCCallOptions(timeoutMilliseconds: 300))
      }
      #expect(failure?.code == .deadlineExceeded)
      #expect(await eventually { echo.state.cancelled.load(ordering: .relaxed) == 1 })
      let value7 = try await echo.call(Echo.say, [1])
      #expect(value7 == [1])
    }
  }

  @Test func cancellingTheTaskCancelsTheHandler() async throws {
    try await withEcho { echo in
      let task = Task { await status { () async throws(GRPCStatus) in _ = try await echo.client.unary(Echo.hang, []) } }
      #expect(await eventually { echo.state.running.load(ordering: .relaxed) == 1 })
      task.cancel()
      #expect(await task.value?.code == .cancelled)
      #expect(await eventually { echo.state.cancelled.load(ordering: .relaxed) == 1 })
    }
  }

  @Test func aCallOfACancelledTaskNeverStarts() async throws {
    try await withEcho { echo in
      let task = Task {
        while !Task.isCancelled { await Task.yield() }
        return await status { () async throws(GRPCStatus) in _ = try await echo.client.unary(Echo.hang, []) }
      }
      task.cancel()
      #expect(await task.value?.code == .cancelled)
      #expect(echo.state.running.load(ordering: .relaxed) == 0)
    }
  }
}
