import CLinux
import EventLoop
import Glibc

/// One client's connection: reads, has its parser find requests, runs the handler for one at a time, writes the answers
/// in order. It holds memory for bytes only while there are some.
final class HTTPConnection: @unchecked Sendable {
  // Sound because it is made, used and closed on its listener's loop only; tasks that hold it prefer that loop.

  enum Phase {
    /// Waits for a request, or for more of one.
    case reading
    /// A handler is at work, or its streamed body is being written.
    case handling
    /// The last answer is sent and our side closed: what still comes is dropped, so that the client can read it.
    case lingering
    case closed
  }

  let listener: HTTPListener
  let descriptor: Int32
  let remoteAddress: String
  /// Its place in the listener's list.
  var index = 0
  private(set) var phase = Phase.reading
  /// When the sweep ends the present wait; 0 for never.
  private(set) var deadline: UInt64 = 0

  var parser: HTTPRequestParser
  /// Bytes read but not consumed: from `inputStart`.
  var input: [UInt8] = []
  var inputStart = 0
  private var output: ByteBuffer?
  private var interest = EventLoop.Readiness.read
  private var task: Task<Void, Never>?
  private var drained: UnsafeContinuation<Void, Never>?
  private var messageStart: UInt64 = 0
  private var lingeredBytes = 0
  private var isPumping = false
  private var isYielded = false
  /// Unsent output keeps the next request from being parsed.
  private var isBlocked = false
  /// The streamed body under way goes out in chunks.
  private var isChunked = false
  /// Bytes that the streamed body under way still has to bring, where its length has been told.
  private var streamRest: Int?
  /// When the last bytes could be sent, or the first began to wait.
  private var writeProgress: UInt64 = 0
  private var continuePending = false
  private var peerEnded = false
  /// No further request is read; the connection ends once the output is sent.
  private var isClosing = false

  init(listener: HTTPListener, descriptor: Int32, remoteAddress: String) {
    self.listener = listener
    self.descriptor = descriptor
    self.remoteAddress = remoteAddress
    parser = HTTPRequestParser(limits: listener.parserLimits)
  }

  func start() {
    updateDeadline()
    let accepted = listener.loop.register(descriptor, for: interest) { [unowned self] in onReady($0) }
    if !accepted { close() }
  }

  /// Whether nothing of a request is here or under way.
  var isIdle: Bool {
    if case .reading = phase { return parser.isIdle && inputStart == input.count && output == nil }
    return false
  }

  // MARK: Reading

  private func onReady(_ readiness: EventLoop.Readiness) {
    if readiness.contains(.write) { settle() }
    if case .closed = phase { return }
    if !readiness.isDisjoint(with: [.read, .closed]) { readMore() }
  }

  func readMore() {
    let scratch = listener.scratch
    let count = recv(descriptor, scratch.baseAddress, scratch.count, 0)
    if count < 0 {
      if errno == EAGAIN || errno == EINTR { return }
      return close()
    }
    if case .lingering = phase {
      lingeredBytes += count
      if count == 0 || lingeredBytes > listener.limits.lingerBytesMax { close() }
      return
    }
    if count == 0 { return onEnd() }
    let bytes = UnsafeRawBufferPointer(rebasing: scratch[..<count])
    if case .reading = phase, !isYielded, inputStart == input.count {
      if parser.isIdle { messageStart = listener.loop.now }
      let consumed = pump(bytes)
      if case .closed = phase { return }
      input.removeAll(keepingCapacity: false)
      inputStart = 0
      input.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[consumed...]))
      settle()
    } else {
      input.append(contentsOf: bytes)
      if case .reading = phase, !isYielded { pumpHeld() } else { settle() }
    }
  }

  /// The client sent its last byte. It may still read: what is under way is answered.
  private func onEnd() {
    peerEnded = true
    if case .reading = phase, output == nil, !isYielded { return close() }
    settle()
  }

  /// Parses and handles what was read earlier.
  private func pumpHeld() {
    let held = input
    let start = inputStart
    let consumed = held.withUnsafeBytes { pump(UnsafeRawBufferPointer(rebasing: $0[start...])) }
    if case .closed = phase { return }
    if start + consumed == held.count {
      input = []
      inputStart = 0
    } else {
      inputStart = start + consumed
      if inputStart > 64 << 10 {
        input.removeFirst(inputStart)
        inputStart = 0
      }
    }
    settle()
  }

  /// Takes requests out of `bytes` until one must be waited for. Gives how many bytes are done with.
  private func pump(_ bytes: UnsafeRawBufferPointer) -> Int {
    isPumping = true
    defer { isPumping = false }
    var offset = 0
    var served = 0
    while case .reading = phase, !isClosing {
      if (output?.count ?? 0) > listener.limits.outputBytesMax {
        isBlocked = true
        break
      }
      let (consumed, event) = parser.parse(UnsafeRawBufferPointer(rebasing: bytes[offset...]))
      offset += consumed
      switch event {
      case .needMore:
        if continuePending, parser.isInBody, parser.bodyBytes == 0, offset == bytes.count {
          continuePending = false
          outputBuffer().append("HTTP/1.1 100 Continue\r\n\r\n")
        }
        return offset
      case .head(let expectsContinue):
        continuePending = expectsContinue
        parser.bodyBytesMax = listener.bodyBytesMax(for: parser.head)
      case .complete:
        handle(parser.take())
        messageStart = listener.loop.now
        served += 1
        if served >= listener.limits.pipelinedMax, offset < bytes.count {
          yieldTurn()
          return offset
        }
      case .refused(let refusal):
        refuse(refusal)
      }
    }
    return isClosing ? bytes.count : offset
  }

  /// Lets other connections have their turn before the rest of a long pipeline.
  private func yieldTurn() {
    isYielded = true
    listener.loop.execute { [self] in
      isYielded = false
      if case .reading = phase { pumpHeld() }
    }
  }

  // MARK: Answering

  private func handle(_ message: HTTPRequestParser.Message) {
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
  private func refuse(_ refusal: HTTPRefusal) {
    listener.refused(refusal, remoteAddress: remoteAddress)
    let response = listener.handler.refuse(status: refusal.status, reason: refusal.reason)
    let buffer = outputBuffer()
    buffer.append(
      status: response.status, headers: response.headers, framing: .length(response.body.count), connection: .close,
      dateLine: listener.dateCache.line())
    buffer.append(response.body)
    isClosing = true
  }

  // MARK: Writing

  private func outputBuffer() -> ByteBuffer {
    if let output { return output }
    let buffer = listener.takeBuffer()
    output = buffer
    writeProgress = listener.loop.now
    return buffer
  }

  /// Sends what can be sent now.
  private func flush() {
    guard let buffer = output else { return }
    while !buffer.isEmpty {
      let bytes = buffer.bytes
      let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      if count < 0 {
        if errno == EINTR { continue }
        if errno != EAGAIN { return close() }
        break
      }
      buffer.consume(count)
      writeProgress = listener.loop.now
    }
    if buffer.count <= listener.limits.outputBytesMax, let waiting = drained {
      drained = nil
      waiting.resume()
    }
    if buffer.isEmpty {
      output = nil
      listener.giveBack(buffer)
    }
    settleInterest()
  }

  /// After every step: send what there is, go on where output held it up, watch for what can come next, set the deadline.
  private func settle() {
    flush()
    if case .closed = phase { return }
    if case .reading = phase, output == nil {
      if isClosing { return beginLingering() }
      if isBlocked {
        isBlocked = false
        return pumpHeld()
      }
      if peerEnded, !isYielded { return close() }
    }
    settleInterest()
    updateDeadline()
  }

  private func settleInterest() {
    var wanted: EventLoop.Readiness = []
    if output != nil { wanted.insert(.write) }
    switch phase {
    case .closed: return
    case .lingering: wanted.insert(.read)
    case .reading, .handling:
      let held = input.count - inputStart
      if !peerEnded, !isClosing, held < listener.limits.inputBytesMax { wanted.insert(.read) }
    }
    if wanted == interest { return }
    interest = wanted
    listener.loop.update(descriptor, for: wanted)
  }

  private func beginLingering() {
    if peerEnded { return close() }
    phase = .lingering
    input = []
    inputStart = 0
    shutdown(descriptor, Int32(SHUT_WR))
    settleInterest()
    updateDeadline()
  }

  func close() {
    if case .closed = phase { return }
    phase = .closed
    listener.loop.deregister(descriptor)
    Glibc.close(descriptor)
    task?.cancel()
    task = nil
    input = []
    if let output { listener.giveBack(output) }
    output = nil
    listener.removed(self)
    if let waiting = drained {
      drained = nil
      waiting.resume()
    }
  }

  // MARK: Time

  private func updateDeadline() {
    let limits = listener.limits
    let now = listener.loop.now
    func after(_ milliseconds: UInt64) -> UInt64 { now &+ milliseconds &* 1_000_000 }
    switch phase {
    case .closed: deadline = 0
    case .lingering: deadline = after(limits.lingerTimeoutMilliseconds)
    case .handling where output == nil: deadline = 0
    case .reading, .handling:
      if output != nil {
        deadline = writeProgress &+ limits.writeTimeoutMilliseconds &* 1_000_000
      } else if isIdle {
        deadline = after(limits.idleTimeoutMilliseconds)
      } else if parser.isInBody {
        // A slow body may take longer the more of it has come, but no slower than the least rate.
        let earned = UInt64(parser.bodyBytes) &* 1_000_000_000 / UInt64(max(1, limits.bodyBytesPerSecondMin))
        deadline = messageStart &+ limits.bodyTimeoutMilliseconds &* 1_000_000 &+ earned
      } else {
        deadline = messageStart &+ limits.headerTimeoutMilliseconds &* 1_000_000
      }
    }
  }

  /// The deadline has passed.
  func expire() {
    guard case .reading = phase, output == nil, !isIdle else { return close() }
    listener.timedOut()
    refuse(HTTPRefusal(408, parser.isInBody ? "request body came too slowly" : "request head came too slowly"))
    settle()
  }

  /// The server is going away: an idle connection ends now, another after its answer.
  func drain() {
    if case .reading = phase, !isYielded, isIdle { readMore() }  // a request may have come this moment
    if isIdle { close() }
  }
}
