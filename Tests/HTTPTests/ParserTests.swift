import HTTP
import Testing

/// The parser without any socket, over the whole corpus.
@Suite struct ParserTests {
  /// What a connection would have seen: taken requests, then the refusal if there was one, and the bytes left over.
  struct Outcome: Equatable {
    var taken: [String] = []
    var status: Int?
    var left: [UInt8] = []
  }

  /// Feeds `bytes` in pieces of the given sizes (then the rest at once), like a connection does.
  static func feed(_ bytes: [UInt8], pieces: some Sequence<Int>) -> Outcome {
    var outcome = Outcome()
    var parser = HTTPRequestParser()
    var held: [UInt8] = []
    var offset = 0
    var sizes = pieces.makeIterator()
    while offset < bytes.count, outcome.status == nil {
      let end = min(bytes.count, offset + (sizes.next() ?? bytes.count))
      held += bytes[offset..<end]
      offset = end
      var hungry = false
      while !hungry, outcome.status == nil {
        let (consumed, event) = held.withUnsafeBytes { parser.parse($0) }
        if consumed > 0 { held.removeFirst(consumed) }
        switch event {
        case .needMore: hungry = true
        case .head: break
        case .complete: outcome.taken.append(describe(parser.take().request))
        case .refused(let refusal): outcome.status = refusal.status
        }
      }
    }
    if outcome.status == nil { outcome.left = held }
    return outcome
  }

  static func describe(_ request: HTTPRequest) -> String {
    let body = String(String.UnicodeScalarView(request.body.map { Unicode.Scalar($0) }))
    return "\(request.method) \(request.path) \(request.query) [\(body)] \(request.header("Host") ?? "-")"
  }

  @Test func theCorpusIsLargeAndItsNamesDiffer() {
    #expect(requestCorpus.count { if case .refused = $0.expected { true } else { false } } >= 150)
    #expect(Set(requestCorpus.map(\.name)).count == requestCorpus.count)
  }

  @Test(arguments: requestCorpus)
  func everyRequestGetsItsAnswer(item: RequestCase) {
    let outcome = Self.feed(item.bytes, pieces: [])
    switch item.expected {
    case .refused(let status):
      #expect(outcome.status == status)
      #expect(outcome.taken == [])
    case .taken(let text): #expect(outcome == Outcome(taken: [text]))
    }
  }

  @Test(arguments: requestCorpus)
  func theAnswerIsTheSameByteByByte(item: RequestCase) {
    #expect(
      Self.feed(item.bytes, pieces: repeatElement(1, count: item.bytes.count)) == Self.feed(item.bytes, pieces: []))
  }

  @Test(arguments: 1...20)
  func theAnswerIsTheSameHoweverSplit(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    // The few large ones once only: they cost most and differ least.
    for item in requestCorpus where seed == 1 || item.bytes.count < 3_000 {
      // Two well-formed requests in front, so that splits fall between messages too.
      let bytes =
        Array("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi".utf8)
        + item.bytes
      let pieces = (0..<bytes.count).map { _ in
        Int.random(in: 1...(Bool.random(using: &random) ? 3 : 200), using: &random)
      }
      let whole = Self.feed(bytes, pieces: [])
      #expect(Self.feed(bytes, pieces: pieces) == whole, "\(item.name), seed \(seed)")
      #expect(whole.taken.count >= 2)
    }
  }

  @Test func nothingPastAMessageIsConsumed() {
    for item in requestCorpus {
      guard case .taken(let text) = item.expected else { continue }
      let next = Array("GET /next HTT".utf8)
      #expect(Self.feed(item.bytes + next, pieces: []) == Outcome(taken: [text], left: next), "\(item.name)")
    }
  }

  @Test func mutationsNeverCrashAndNeverDependOnSplits() {
    for seed: UInt64 in 1...2_000 {
      var random = SeededGenerator(seed: seed)
      var bytes = requestCorpus.randomElement(using: &random)?.bytes ?? []
      if bytes.count > 2_000 { continue }
      for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert([0x0A, 0x0D, 0x20, 0x3A, 0x30][Int.random(in: 0..<5, using: &random)], at: index)
        default: bytes.swapAt(index, bytes.count - 1)
        }
      }
      #expect(
        Self.feed(bytes, pieces: repeatElement(1, count: bytes.count)) == Self.feed(bytes, pieces: []), "seed \(seed)")
    }
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", true), ("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false),
    ("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, CLOSE\r\n\r\n", false),
    ("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, close\r\n\r\n", false),
    ("GET / HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n\r\n", true),
    ("GET / HTTP/1.0\r\n\r\n", false), ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true),
    ("GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false),
  ])
  func theConnectionStaysOpenAsAsked(text: String, keepAlive: Bool) {
    var parser = HTTPRequestParser()
    _ = Array(text.utf8).withUnsafeBytes { parser.parse($0) }
    #expect(parser.take().keepAlive == keepAlive)
  }
}
