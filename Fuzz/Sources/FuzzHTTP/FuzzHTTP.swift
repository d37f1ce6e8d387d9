import FuzzDriver
import HTTP

/// What a connection would have seen of some bytes.
private struct Outcome: Equatable {
  var messages: [[String]] = []
  var refusal: HTTPRefusal?
  /// Bytes after the last whole message.
  var left = 0
}

/// Feeds `bytes` in pieces whose sizes `size` gives, as a connection does.
private func feed(_ bytes: UnsafeRawBufferPointer, size: () -> Int) -> Outcome {
  var limits = HTTPRequestParser.Limits()
  // Small limits, so that short inputs reach them.
  limits.targetBytesMax = 256
  limits.headerBytesMax = 1024
  limits.headersMax = 16
  limits.bodyBytesMax = 512
  limits.chunkExtensionBytesMax = 64
  var parser = HTTPRequestParser(limits: limits)
  var outcome = Outcome()
  var start = 0
  var end = 0
  var messageEnd = 0
  while end < bytes.count {
    end = min(bytes.count, end + max(1, size()))
    reading: while true {
      let (consumed, event) = parser.parse(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
      precondition(consumed >= 0 && consumed <= end - start, "consumed more than it was given")
      start += consumed
      switch event {
      case .needMore: break reading
      case .head: precondition(parser.isInBody, "a head without a body to come")
      case .complete:
        let message = parser.take()
        precondition(parser.isIdle && message.request.body.count <= limits.bodyBytesMax, "a body above its limit")
        let request = message.request
        outcome.messages.append(
          ["\(request.method)", request.path, request.query, "\(message.keepAlive)", "\(message.minorVersion)"]
            + request.headers.flatMap { [$0.name, $0.value] } + request.body.map { "\($0)" })
        messageEnd = start
      case .refused(let refusal):
        precondition((400..<600).contains(refusal.status), "refused with status \(refusal.status)")
        // Asked again, it says the same and consumes nothing.
        let again = parser.parse(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        precondition(again == (0, .refused(refusal)), "a refusal that does not last")
        outcome.refusal = refusal
        return outcome
      }
    }
  }
  outcome.left = bytes.count - messageEnd
  return outcome
}

/// Invariants: it never crashes, never consumes past a message, and answers the same however the bytes are split.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHTTP(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let bytes = UnsafeRawBufferPointer(start: start, count: count)
  let whole = feed(bytes) { bytes.count }
  precondition(feed(bytes) { 1 } == whole, "another answer byte by byte")
  // The splits come from the input itself, so that a finding replays.
  var state = bytes.reduce(into: UInt64(count) | 1) { $0 = ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  let split = feed(bytes) {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % 24 + 1
  }
  precondition(split == whole, "another answer when split")
  // What follows a message must not change it.
  if whole.refusal == nil, whole.left == 0, let last = whole.messages.last {
    let longer = Array(bytes) + Array("GET".utf8)
    let outcome = longer.withUnsafeBytes { input in feed(input) { input.count } }
    precondition(outcome.messages.last == last && outcome.left == 3, "consumed past the message")
  }
  return 0
}

/// The package manager links an executable's entry under this name, and libFuzzer's own `main` then stays out.
@_cdecl("FuzzHTTP_main")
public func main(
  _ count: Int32, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> Int32 { drive(count, words, fuzzHTTP) }
