import HTTP
import Testing

@Suite struct ClientBoundTests {
  @Test func aLargeAnswerIsCutWhereAsked() async throws {
    try await withServer(handler: ClientTests.handler) { port, _, _ in
      var limits = HTTPClient.Limits()
      limits.bodyBytesMax = 1_000
      limits.cutsBodies = true
      let client = HTTPClient(limits: limits)
      for (count, given) in [(999, 999), (1_000, 1_000), (1_001, 1_000), (500_000, 1_000)] {
        let answer = try await client.send(.init(url: "http://127.0.0.1:\(port)/bytes/\(count)"))
        #expect(answer.status == 200 && answer.body.count == given)
      }
    }
  }

  /// From the call on, not from when a thread is free.
  @Test func waitingForAThreadCounts() async throws {
    try await withServer(handler: ClientTests.handler) { port, _, _ in
      var limits = HTTPClient.Limits()
      limits.concurrentMax = 1
      limits.totalTimeoutMilliseconds = 400
      let client = HTTPClient(limits: limits)
      let reasons = await withTaskGroup(of: String.self) { group in
        for _ in 0..<5 {
          group.addTask {
            do throws(HTTPClient.Failure) {
              return "answered \(try await client.send(.init(url: "http://127.0.0.1:\(port)/slow")).status)"
            } catch {
              if case .timedOut(let reason) = error { return reason }
              return "\(error)"
            }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(reasons.contains { $0.hasSuffix("went by before a connection was free") }, "\(reasons)")
      #expect(!reasons.contains { $0.hasPrefix("answered") })
    }
  }
}
