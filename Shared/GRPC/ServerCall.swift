import CNGHTTP2
import EventLoop
import Telemetry

/// A call as the server sees it: headers, one request message, the handler's task, the answer. On the loop only.
final class ServerCall: HTTP2Stream, @unchecked Sendable {
  // Sound because it is touched on its loop's thread only; `Sendable` lets the handler's task hold it.

  private enum State {
    case headers
    case receiving(GRPCServer.Method)
    case running(Task<Void, Never>)
    /// The answer's end is submitted; what remains is sending it.
    case answered
    case closed
  }

  private let connection: ServerConnection
  private var state = State.headers
  private var method: String?
  private var path = ""
  private var contentType = ""
  private var encoding: String?
  private var timeoutText: [UInt8]?
  private var metadata = GRPCMetadata()
  private var decoder: MessageDecoder
  private var message: [UInt8]?
  private var heldBytes = 0
  private var requestEnded = false
  private var headersSent = false
  private(set) var deadline = UInt64.max
  private(set) var isStreaming = false
  private var started: UInt64 = 0
  private var served: GRPCServer.Method?
  private var writer: UnsafeContinuation<Void, Never>?
  /// Why the call ended before the handler did.
  private var endedEarly: GRPCStatus?

  init(connection: ServerConnection) {
    self.connection = connection
    decoder = MessageDecoder(messageBytesMax: connection.server.settings.messageBytesMax)
  }

  // MARK: The request

  override func received(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
    guard case .headers = state else { return }  // trailers of a request say nothing in gRPC
    if name.elementsEqual(":path".utf8) {
      path = String(decoding: value, as: UTF8.self)
    } else if name.elementsEqual(":method".utf8) {
      method = String(decoding: value, as: UTF8.self)
    } else if name.elementsEqual("content-type".utf8) {
      contentType = String(decoding: value, as: UTF8.self)
    } else if name.elementsEqual("grpc-timeout".utf8) {
      timeoutText = Array(value)
    } else if name.elementsEqual("grpc-encoding".utf8) {
      encoding = String(decoding: value, as: UTF8.self)
    } else if name.first != UInt8(ascii: ":"), !name.starts(with: "grpc-".utf8), !name.elementsEqual("te".utf8),
      !name.elementsEqual("user-agent".utf8)
    {
      metadata.addReceived(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
    }
  }

  override func receivedHeaders() {
    guard case .headers = state else { return }
    started = monotonicNanoseconds()
    guard method == "POST" else { return answerHTTP("405") }
    guard
      contentType == "application/grpc" || contentType.hasPrefix("application/grpc+")
        || contentType.hasPrefix("application/grpc;")
    else { return answerHTTP("415") }
    let settings = connection.server.settings
    if headersTooLarge {
      return end(
        GRPCStatus(.resourceExhausted, "headers past the limit header-bytes-max of \(settings.headerBytesMax) bytes"))
    }
    guard let served = connection.server.methods[path] else {
      return end(GRPCStatus(.unimplemented, "unknown method \(path)"))
    }
    if let encoding, encoding != "identity" {
      return end(GRPCStatus(.unimplemented, "compression \(encoding) is not supported"))
    }
    if case .serverStreaming = served.handler { isStreaming = true }
    self.served = served
    var timeout: UInt64?
    if let timeoutText {
      guard let nanoseconds = GRPCTimeout.nanoseconds(timeoutText) else {
        return end(GRPCStatus(.internal, "malformed grpc-timeout"))
      }
      timeout = nanoseconds
    } else if !isStreaming, settings.defaultTimeoutMilliseconds > 0 {
      timeout = UInt64(settings.defaultTimeoutMilliseconds) * 1_000_000
    }
    state = .receiving(served)
    if let timeout {
      let (sum, overflow) = started.addingReportingOverflow(timeout)
      if !overflow {
        deadline = sum
        connection.noteDeadline(sum)
      }
    }
  }

  override func received(data: UnsafeRawBufferPointer) -> Int {
    guard case .receiving = state else { return data.count }
    do throws(MessageDecoder.Failure) {
      var surplus = false
      try decoder.feed(data) { whole in
        if message != nil { surplus = true }
        message = whole
      }
      if surplus { end(GRPCStatus(.unimplemented, "more than one request message")) }
    } catch {
      end(error.status("request"))
    }
    guard case .receiving = state else { return data.count }
    hold(decoder.bufferedBytes + (message?.count ?? 0))
    if connection.inboundBytes > connection.server.settings.inboundBytesMax {
      end(
        GRPCStatus(
          .resourceExhausted,
          "requests under way past the limit inbound-bytes-max of \(connection.server.settings.inboundBytesMax) bytes"))
    }
    return data.count
  }

  override func receivedEnd() {
    requestEnded = true
    guard case .receiving(let method) = state else { return }
    guard decoder.isBetweenMessages, let message else {
      return end(GRPCStatus(.internal, "the request ended without a whole message"))
    }
    self.message = nil
    hold(0)
    run(method, message)
  }

  /// Keeps the connection's count of bytes that are held for requests under way.
  private func hold(_ bytes: Int) {
    connection.inboundBytes += bytes - heldBytes
    heldBytes = bytes
  }

  private func run(_ method: GRPCServer.Method, _ message: [UInt8]) {
    guard connection.beginHandler() else {
      return end(
        GRPCStatus(
          .unavailable,
          "handlers of this connection past the limit handlers-max of "
            + "\(connection.server.settings.handlersMax)"))
    }
    let context = GRPCServerContext(
      path: path, metadata: metadata, deadlineNanoseconds: deadline == .max ? nil : deadline, peer: connection.peer,
      loop: connection.loop)
    state = .running(
      Task(executorPreference: connection.loop) { [self] in
        // Reset before it began: there is nobody to work for.
        if Task.isCancelled { return finish(.failure(GRPCStatus(.cancelled, "cancelled before it began"))) }
        switch method.handler {
        case .unary(let handle):
          do throws(GRPCStatus) { finish(.success(try await handle(context, message))) } catch {
            finish(.failure(error))
          }
        case .serverStreaming(let handle):
          do throws(GRPCStatus) {
            try await handle(context, message, GRPCResponseWriter(call: self))
            finish(.success(nil))
          } catch { finish(.failure(error)) }
        }
      })
  }

  // MARK: The answer

  private func finish(_ result: Result<[UInt8]?, GRPCStatus>) {
    connection.loop.assertOnLoop()
    connection.endHandler()
    guard case .running = state else { return }
    switch result {
    case .success(let message):
      if let message {
        guard message.count <= connection.server.settings.messageBytesMax else {
          return end(
            GRPCStatus(
              .resourceExhausted,
              "answer of \(message.count) bytes past the limit message-bytes-max of "
                + "\(connection.server.settings.messageBytesMax)"))
        }
        outbound.append(message)
      }
      sendHeaders()
      outbound.ending = .trailers
      trailers = connection.okTrailers
      state = .answered
      connection.session?.resume(self)
      observe(.ok)
    case .failure(let status): end(status)
    }
  }

  private func sendHeaders() {
    guard !headersSent else { return }
    headersSent = true
    connection.session?.submitResponse(self, headers: connection.responseHeaders)
  }

  func send(_ message: [UInt8]) async throws(GRPCStatus) {
    connection.loop.assertOnLoop()
    try checkRunning()
    let settings = connection.server.settings
    guard message.count <= settings.messageBytesMax else {
      throw GRPCStatus(
        .resourceExhausted,
        "message of \(message.count) bytes past the limit message-bytes-max of \(settings.messageBytesMax)")
    }
    outbound.append(message)
    sendHeaders()
    connection.session?.resume(self)
    if outbound.bytesWaiting > settings.outboundBytesMax {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        // Looked at again here: the queue may have moved, or the call ended, while the task was on its way.
        if case .running = state, outbound.bytesWaiting > settings.outboundBytesMax / 2 {
          writer = continuation
        } else {
          continuation.resume()
        }
      }
      try checkRunning()
    }
  }

  private func checkRunning() throws(GRPCStatus) {
    guard case .running = state else { throw endedEarly ?? GRPCStatus(.cancelled, "the call has ended") }
  }

  override func outboundMoved() {
    guard let writer, outbound.bytesWaiting <= connection.server.settings.outboundBytesMax / 2 else { return }
    self.writer = nil
    writer.resume()
  }

  /// Ends the call with a status, whatever it was doing; a running handler is cancelled.
  func end(_ status: GRPCStatus) {
    switch state {
    case .answered, .closed: return
    case .running(let task): task.cancel()
    case .headers, .receiving: hold(0)
    }
    state = .answered
    endedEarly = status
    observe(status.code)
    var block = HeaderBlock()
    if !headersSent {
      block.add(":status", "200")
      block.add("content-type", "application/grpc")
    }
    block.add("grpc-status") { GRPCTimeout.appendDecimal(UInt64(status.code.rawValue), to: &$0) }
    if !status.message.isEmpty { block.add("grpc-message", percentEncoded(status.message), indexed: false) }
    block.add(status.trailers)
    if headersSent {
      outbound.ending = .trailers
      trailers = block
      resetsWhenSent = !requestEnded
      connection.session?.resume(self)
    } else {
      connection.session?.submitOnlyHeaders(self, headers: block, requestOpen: !requestEnded)
    }
    resumeWriter()
  }

  private func answerHTTP(_ status: StaticString) {
    state = .answered
    var block = HeaderBlock()
    block.add(":status", status)
    connection.session?.submitOnlyHeaders(self, headers: block, requestOpen: !requestEnded)
  }

  private func resumeWriter() {
    let waiting = writer
    writer = nil
    waiting?.resume()
  }

  override func closed(code: UInt32) {
    abandon(GRPCStatus(.cancelled, "the client reset the stream"))
  }

  override func connectionLost(_ reason: String) { abandon(GRPCStatus(.cancelled, reason)) }

  private func abandon(_ status: GRPCStatus) {
    switch state {
    case .running(let task):
      task.cancel()
      observe(.cancelled)
    case .headers, .receiving: hold(0)
    case .answered, .closed: break
    }
    if endedEarly == nil { endedEarly = status }
    state = .closed
    outbound.removeAll()
    resumeWriter()
  }

  private func observe(_ code: GRPCStatusCode) {
    guard let served else { return }
    let elapsed = monotonicNanoseconds() - started
    served.observe(code, seconds: Double(elapsed) / 1e9)
    connection.server.log(served, path, metadata, code, nanoseconds: elapsed)
  }
}

extension MessageDecoder.Failure {
  func status(_ what: String) -> GRPCStatus {
    switch self {
    case .compressed: GRPCStatus(.unimplemented, "compressed \(what) messages are not supported")
    case .badFlag(let flag): GRPCStatus(.internal, "\(what) message with flag \(flag)")
    case .tooLarge(let bytes, let max):
      GRPCStatus(.resourceExhausted, "\(what) of \(bytes) bytes past the limit message-bytes-max of \(max)")
    }
  }
}
