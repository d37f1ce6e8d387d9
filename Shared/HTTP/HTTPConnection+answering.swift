import EventLoop

/// Requests are handled one at a time, their answers written in order.
extension HTTPConnection {
  func handle(_ message: HTTPRequestParser.Message) {
    var message = message
    message.request.remoteAddress = remoteAddress
    message.request.receivedNanoseconds = messageStart
    phase = .handling
    continuePending = false
    listener.requestStarted()
    let sent = message
    let task = Task.immediate(executorPreference: listener.loop) { [self] in
      let response = await listener.handler.respond(to: sent.request)
      await deliver(response, to: sent)
    }
    if case .handling = phase { self.task = task }
  }

  private func deliver(_ response: HTTPResponse, to message: HTTPRequestParser.Message) async {
    listener.loop.assertOnLoop()
    guard case .handling = phase else { return }
    let isBodiless = response.status == 204 || response.status == 304
    let isStreamed = response.stream != nil && !isBodiless
    let length = isStreamed ? response.streamBytes : response.body.count
    var closes = !message.keepAlive || listener.isDraining || (length == nil && message.minorVersion == 0)
    if !closes, response.headers.contains(where: { $0.isNamed("connection") && $0.value == "close" }) { closes = true }
    let framing: HTTPResponseFraming =
      isBodiless ? .none : length.map { .length($0) } ?? (message.minorVersion == 0 ? .untilClose : .chunked)
    let buffer = outputBuffer()
    buffer.append(
      status: response.status, headers: response.headers, framing: framing,
      connection: closes ? .close : message.minorVersion == 0 ? .keepAlive : .unsaid,
      dateLine: listener.dateCache.line())
    if message.request.method != .head, !isBodiless {
      if let stream = response.stream {
        flush()
        isChunked = length == nil && message.minorVersion > 0
        streamRest = length
        await stream(HTTPBodyWriter(connection: self))
        guard case .handling = phase else { return }
        if isChunked { outputBuffer().append("0\r\n\r\n") }
        if let rest = streamRest, rest > 0 { closes = true }
      } else {
        buffer.append(response.body)
      }
    }
    if closes { isClosing = true }
    phase = .reading
    task = nil
    if !isPumping {
      messageStart = listener.loop.now
      if isClosing || inputStart == input.count { settle() } else { pumpHeld() }
    }
  }

  /// A piece of a streamed body. Gives `false` when nobody will read it.
  func writeChunk(_ bytes: [UInt8]) async -> Bool {
    listener.loop.assertOnLoop()
    guard case .handling = phase else { return false }
    if bytes.isEmpty { return true }
    if let rest = streamRest {
      precondition(bytes.count <= rest, "a streamed body is longer than its length")
      streamRest = rest - bytes.count
    }
    let buffer = outputBuffer()
    if isChunked {
      buffer.append(hexadecimal: bytes.count)
      buffer.append("\r\n")
    }
    buffer.append(bytes)
    if isChunked { buffer.append("\r\n") }
    flush()
    if (output?.count ?? 0) > listener.limits.outputBytesMax {
      updateDeadline()
      await withUnsafeContinuation { drained = $0 }
    }
    if case .handling = phase { return true }
    return false
  }

  /// Answers in the server's name and ends the connection.
  func refuse(_ refusal: HTTPRefusal) {
    listener.refused(refusal, remoteAddress: remoteAddress)
    let response = listener.handler.refuse(status: refusal.status, reason: refusal.reason)
    let buffer = outputBuffer()
    buffer.append(
      status: response.status, headers: response.headers, framing: .length(response.body.count), connection: .close,
      dateLine: listener.dateCache.line())
    buffer.append(response.body)
    isClosing = true
  }
}
