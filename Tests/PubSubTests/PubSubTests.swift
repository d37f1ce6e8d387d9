import EventLoop
import Foundation
import Synchronization
import Telemetry
import Testing

@testable import PubSub

/// What every implementation of the seam does.
private func keepsTheContract(_ make: () -> any PubSub) async throws {
  let (publisher, listener) = (make(), make())
  let got = Mutex<[String]>([])
  let gaps = Mutex(0)
  let name = "test:\(UInt64.random(in: 0 ... .max))"
  let countGap: @Sendable () -> Void = { gaps.withLock { $0 += 1 } }
  listener.subscribe(to: name, onGap: countGap) { message in
    got.withLock { $0.append(String(decoding: message, as: UTF8.self)) }
  }
  try await eventually { gaps.withLock { $0 } >= 1 }
  publisher.publish(Array("elsewhere".utf8), to: name + ":other")
  // The listener's own publisher and another's: both are heard, each in its order.
  try await eventually {
    publisher.publish(Array("first".utf8), to: name)
    return got.withLock { !$0.isEmpty }
  }
  got.withLock { $0.removeAll() }
  for number in 0..<50 { publisher.publish(Array("n\(number)".utf8), to: name) }
  try await eventually { got.withLock { $0.filter { $0 != "first" }.count } == 50 }
  #expect(got.withLock { $0.filter { $0 != "first" } } == (0..<50).map { "n\($0)" })
}

private func eventually(_ holds: () -> Bool) async throws {
  for _ in 0..<500 {
    if holds() { return }
    try await Task.sleep(nanoseconds: 10_000_000)
  }
  Issue.record("it did not come to hold within five seconds")
}

@Test func memoryKeepsTheContract() async throws {
  let one = MemoryPubSub()
  try await keepsTheContract { one }
}

/// With `MILLRACE_TEST_REDIS=host:port` the same on a real Redis; the QA run sets it.
@Test(.enabled(if: ProcessInfo.processInfo.environment["MILLRACE_TEST_REDIS"] != nil))
func redisKeepsTheContract() async throws {
  let words = (ProcessInfo.processInfo.environment["MILLRACE_TEST_REDIS"] ?? "").split(separator: ":")
  let group = EventLoopGroup(count: 1)
  var made: [RedisPubSub] = []
  try await keepsTheContract {
    let one = RedisPubSub(
      host: String(words[0]), port: UInt16(words[1]) ?? 0, loop: group.loops[0], logger: .silent, metrics: Metrics())
    made.append(one)
    return one
  }
  let heard = Mutex<[[UInt8]]>([])
  let isListening = Mutex(false)
  let name = "test:\(UInt64.random(in: 0 ... .max))"
  let nowListening: @Sendable () -> Void = { isListening.withLock { $0 = true } }
  made[0].subscribe(to: name, onGap: nowListening) { message in
    heard.withLock { $0.append(message) }
  }
  try await eventually { isListening.withLock { $0 } }
  // A command's one message: Redis says how many heard it.
  var reached = 0
  for _ in 0..<500 where reached == 0 {
    reached = try RedisPubSub.publishOnce(
      [0, 1, 255], to: name, host: String(words[0]), port: UInt16(words[1]) ?? 0, timeoutMilliseconds: 1_000)
    if reached == 0 { try await Task.sleep(nanoseconds: 10_000_000) }
  }
  #expect(reached == 1)
  try await eventually { heard.withLock { $0 } == [[0, 1, 255]] }
  for one in made { one.stop() }
}

@Test func aSingleMessageToNobodyFailsInTimeAndSaysWhere() {
  let thrown = #expect(throws: RedisUnavailable.self) {
    try RedisPubSub.publishOnce([1], to: "c", host: "127.0.0.1", port: 1, timeoutMilliseconds: 200)
  }
  #expect(thrown?.description.contains("127.0.0.1:1") == true)
}

@Test func messagesAreDroppedAndCountedWhileRedisIsAway() async throws {
  let group = EventLoopGroup(count: 1)
  let metrics = Metrics()
  // Port 1 of the loopback answers nobody.
  let pubSub = RedisPubSub(host: "127.0.0.1", port: 1, loop: group.loops[0], logger: .silent, metrics: metrics)
  for _ in 0..<3 { pubSub.publish([1], to: "c") }
  try await eventually { metrics.counter("pubsub_dropped_total").value == 3 }
  pubSub.stop()
}

@Test func waitsGrowToTheirLimitAndShrinkAgain() {
  var backoff = ReconnectBackoff()
  #expect(backoff.nextMilliseconds(random: 0) == 25)
  for _ in 0..<20 { _ = backoff.nextMilliseconds(random: 0.5) }
  #expect((1_000...2_000).contains(backoff.nextMilliseconds(random: 0.99)))
  backoff.succeeded()
  #expect(backoff.nextMilliseconds(random: 0) == 25)
}
