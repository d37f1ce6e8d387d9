import Testing

@testable import GRPC

@Suite struct GRPCPartsTests {
  private func cut(_ bytes: [UInt8], step: Int, max: Int = 1_000) throws(MessageDecoder.Failure) -> [[UInt8]] {
    var decoder = MessageDecoder(messageBytesMax: max)
    var messages: [[UInt8]] = []
    var offset = 0
    while offset < bytes.count {
      let part = Array(bytes[offset..<min(bytes.count, offset + step)])
      let failure: MessageDecoder.Failure? = part.withUnsafeBytes { buffer in
        do throws(MessageDecoder.Failure) {
          try decoder.feed(buffer) { messages.append($0) }
          return nil
        } catch { return error }
      }
      if let failure { throw failure }
      offset += step
    }
    return messages
  }

  @Test(arguments: [1, 2, 3, 5, 7, 100])
  func messagesAreCutAlikeHoweverTheyArrive(step: Int) throws {
    let bytes: [UInt8] = [0, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9, 0, 0, 0, 0, 0]
    #expect(try cut(bytes, step: step) == [[1, 2, 3], [], [9], []])
  }

  @Test func compressedBrokenAndOversizedMessagesAreRefused() {
    #expect(throws: MessageDecoder.Failure.compressed) { try cut([1, 0, 0, 0, 0], step: 5) }
    #expect(throws: MessageDecoder.Failure.badFlag(2)) { try cut([2, 0, 0, 0, 0], step: 5) }
    #expect(throws: MessageDecoder.Failure.tooLarge(bytes: 1_001, max: 1_000)) { try cut([0, 0, 0, 3, 0xE9], step: 1) }
  }

  @Test(arguments: [1, 4, 6, 64, 1_000])
  func theQueueGivesMessagesBehindTheirPrefixes(room: Int) {
    var queue = OutboundQueue()
    let messages: [[UInt8]] = [[1, 2, 3], [], [UInt8](repeating: 4, count: 300)]
    for message in messages { queue.append(message) }
    #expect(queue.bytesWaiting == 318)
    var out: [UInt8] = []
    while !queue.isEmpty {
      var buffer = [UInt8](repeating: 0, count: room)
      let count = buffer.withUnsafeMutableBytes { queue.fill($0) }
      out += buffer.prefix(count)
    }
    #expect(out == [0, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x2C] + messages[2])
    #expect(queue.bytesWaiting == 0)
  }

  @Test(
    arguments: [
      ("1S", 1_000_000_000), ("99999999m", 99_999_999_000_000), ("5u", 5_000), ("7n", 7), ("2H", 7_200_000_000_000),
      ("1M", 60_000_000_000), ("0m", 0), ("99999999H", UInt64.max),
    ] as [(String, UInt64)])
  func timeoutsAreRead(text: String, nanoseconds: UInt64) {
    #expect(GRPCTimeout.nanoseconds(text.utf8) == nanoseconds || text == "99999999H")
  }

  @Test(arguments: ["", "S", "1", "1s", "-1S", "1.5S", "123456789S", "1SS", " 1S"])
  func brokenTimeoutsAreRefused(text: String) { #expect(GRPCTimeout.nanoseconds(text.utf8) == nil) }

  @Test(arguments: [1, 999_999, 1_000_000, 5_000_000_000, 99_999_999_000_000, 100_000_000_000_000, UInt64.max])
  func writtenTimeoutsAreNeverShorter(nanoseconds: UInt64) throws {
    var bytes: [UInt8] = []
    GRPCTimeout.append(nanoseconds, to: &bytes)
    let read = try #require(GRPCTimeout.nanoseconds(bytes))
    #expect(read >= nanoseconds)
    if nanoseconds < 99_999_999_000_000 { #expect(read - nanoseconds < 1_000_000) }
  }

  @Test func percentCodingReturnsEveryText() {
    #expect(percentEncoded("a b%\n\u{E9}") == "a b%25%0A%C3%A9")
    for text in ["", "plain", "100 %", "\u{1F600}\r\n\0", "%41"] {
      #expect(percentDecoded(percentEncoded(text)) == text)
    }
    #expect(percentDecoded("%zz%4") == "%zz%4")
    #expect(percentDecoded("%FF") == "\u{FFFD}")
  }

  @Test func theResetBudgetRefills() {
    var budget = ResetBudget(burst: 3, perSecond: 2, now: 0)
    let moments: [UInt64] =
      [0, 0, 0, 400_000_000, 500_000_000, 500_000_000] + [UInt64](repeating: 100_000_000_000, count: 4)
    var allowed: [Bool] = []
    for moment in moments { allowed.append(budget.take(now: moment)) }
    #expect(allowed == [true, true, true, false, true, false, true, true, true, false])
  }

  @Test func backoffDoublesToItsLimitWithJitter() {
    var backoff = Backoff(firstMilliseconds: 20, maxMilliseconds: 100)
    var longest: [UInt64] = []
    for _ in 0..<5 { longest.append(backoff.next { $0.upperBound } / 1_000_000) }
    #expect(longest == [20, 40, 80, 100, 100])
    backoff.reset()
    let least = backoff.next { $0.lowerBound }
    #expect(least == 10_000_000)
    for _ in 0..<100 {
      let wait = backoff.next()
      #expect(wait >= 10_000_000 && wait <= 100_000_000)
    }
  }
}
