import EventLoop

/// A call as the client sees it: the request, then headers, messages, trailers. On the loop only.
final class ClientCall: HTTP2Stream, @unchecked Sendable {
  // Sound because it is touched on its loop's thread only; `Sendable` lets cancellation handlers hold it.

  enum Event {
    case message([UInt8])
    /// The last one; `nil` is OK.
    case ended(GRPCStatus?)
  }

  let loop: EventLoop
  let method: GRPCMethod
  let options: GRPCCallOptions
  let deadline: UInt64
  let isStreaming: Bool
  /// Where a unary call's answer goes.
  private var answer: UnsafeContinuation<Result<[UInt8], GRPCStatus>, Never>?
  private var message: [UInt8]?
  /// A streaming call's whole messages that wait for their reader, and the reader that waits for one.
  private var messages: [[UInt8]] = []
  private var taken = 0
  private var reader: UnsafeContinuation<Result<[UInt8]?, GRPCStatus>, Never>?
  private var unopened = 0
  private var result: Result<Void, GRPCStatus>?
  private var decoder: MessageDecoder
  private var httpStatus = ""
  private var statusCode: Int?
  private var statusMessage = ""
  private var received = GRPCMetadata()
  private var headersSeen = false
  weak var session: HTTP2Session?

  init(
    loop: EventLoop, method: GRPCMethod, message: [UInt8], options: GRPCCallOptions, deadline: UInt64,
    isStreaming: Bool,
    messageBytesMax: Int
  ) {
    self.loop = loop
    self.method = method
    self.options = options
    self.deadline = deadline
    self.isStreaming = isStreaming
    decoder = MessageDecoder(messageBytesMax: messageBytesMax)
    super.init()
    outbound.append(message)
    outbound.ending = .endStream
  }

  var isEnded: Bool { result != nil }

  // MARK: The answer

  override func received(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
    if name.elementsEqual(":status".utf8) {
      httpStatus = String(decoding: value, as: UTF8.self)
    } else if name.elementsEqual("grpc-status".utf8) {
      statusCode = Int(String(decoding: value, as: UTF8.self)) ?? GRPCStatusCode.unknown.rawValue
    } else if name.elementsEqual("grpc-message".utf8) {
      statusMessage = percentDecoded(String(decoding: value, as: UTF8.self))
    } else if name.first != UInt8(ascii: ":"), !name.starts(with: "grpc-".utf8),
      !name.elementsEqual("content-type".utf8)
    {
      received.addReceived(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
    }
  }

  override func receivedHeaders() {
    if headersTooLarge {
      end(GRPCStatus(.resourceExhausted, "the answer's headers are past the limit header-bytes-max"))
    }
    headersSeen = true
  }

  override func received(data: UnsafeRawBufferPointer) -> Int {
    guard result == nil, httpStatus == "200" else { return data.count }
    do throws(MessageDecoder.Failure) {
      try decoder.feed(data) { whole in deliver(whole) }
    } catch {
      end(error.status("answer"))
    }
    // A stream's window stays shut while its reader has whole messages to take.
    if isStreaming, taken < messages.count {
      unopened += data.count
      return 0
    }
    return data.count
  }

  private func deliver(_ whole: [UInt8]) {
    guard isStreaming else {
      if message != nil { end(GRPCStatus(.internal, "more than one message in a unary answer")) }
      message = whole
      return
    }
    if let reader {
      self.reader = nil
      reader.resume(returning: .success(whole))
    } else {
      messages.append(whole)
    }
  }

  override func receivedEnd() { conclude(resetCode: 0) }

  override func stalled() { end(GRPCStatus(.unavailable, "the server takes no more of the request")) }

  override func closed(code: UInt32) { conclude(resetCode: code) }

  override func connectionLost(_ reason: String) { end(GRPCStatus(.unavailable, "connection lost: \(reason)")) }

  private func conclude(resetCode: UInt32) {
    guard result == nil else { return }
    if let statusCode {
      let code = GRPCStatusCode(rawValue: statusCode) ?? .unknown
      guard code == .ok else { return end(GRPCStatus(code, statusMessage, trailers: received)) }
      guard decoder.isBetweenMessages, isStreaming || message != nil else {
        return end(GRPCStatus(.internal, "the answer ended without a whole message"))
      }
      finish(.success(()))
    } else if let http = Int(httpStatus), http != 200 {
      end(.http(http))
    } else if resetCode != 0 {
      end(.reset(httpTwoCode: resetCode))
    } else {
      end(GRPCStatus(.internal, "the answer ended without grpc-status"))
    }
  }

  /// Ends the call for its caller; the stream, if still open, is reset by the channel.
  func end(_ status: GRPCStatus) {
    if result == nil { finish(.failure(status)) }
  }

  private func finish(_ result: Result<Void, GRPCStatus>) {
    self.result = result
    if let answer {
      self.answer = nil
      answer.resume(returning: unaryResult(result))
    }
    if let reader {
      self.reader = nil
      reader.resume(returning: result.map { nil })
    }
  }

  // MARK: A streaming call's reader

  /// The next message; `nil` when the call has ended with OK. One reader at a time.
  func next() async throws(GRPCStatus) -> [UInt8]? {
    if let message = takeMessage() { return message }
    let next = await withUnsafeContinuation {
      (continuation: UnsafeContinuation<Result<[UInt8]?, GRPCStatus>, Never>) in
      // Looked at again here: a message may have come while the task was on its way.
      if let message = takeMessage() {
        continuation.resume(returning: .success(message))
      } else if let result {
        continuation.resume(returning: result.map { nil })
      } else {
        precondition(reader == nil, "two readers of one stream")
        reader = continuation
      }
    }
    return try next.get()
  }

  private func takeMessage() -> [UInt8]? {
    loop.assertOnLoop()
    guard taken < messages.count else { return nil }
    let message = messages[taken]
    taken += 1
    if taken == messages.count {
      messages.removeAll(keepingCapacity: true)
      taken = 0
      session?.consume(id, bytes: unopened)
      unopened = 0
    }
    return message
  }

  /// Hands the unary answer to `continuation`, now or when it comes.
  func awaitAnswer(_ continuation: UnsafeContinuation<Result<[UInt8], GRPCStatus>, Never>) {
    loop.assertOnLoop()
    if let result {
      continuation.resume(returning: unaryResult(result))
    } else {
      answer = continuation
    }
  }

  private func unaryResult(_ result: Result<Void, GRPCStatus>) -> Result<[UInt8], GRPCStatus> {
    switch result {
    case .success: message.map { .success($0) } ?? .failure(GRPCStatus(.internal, "an answer without a message"))
    case .failure(let status): .failure(status)
    }
  }
}
