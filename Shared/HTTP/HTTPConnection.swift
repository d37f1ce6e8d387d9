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
  var phase = Phase.reading
  /// When the sweep ends the present wait; 0 for never.
  var deadline: UInt64 = 0

  var parser: HTTPRequestParser
  /// Bytes read but not consumed: from `inputStart`.
  var input: [UInt8] = []
  var inputStart = 0
  var output: ByteBuffer?
  private var interest = EventLoop.Readiness.read
  var task: Task<Void, Never>?
  var drained: UnsafeContinuation<Void, Never>?
  var messageStart: UInt64 = 0
  private var lingeredBytes = 0
  var isPumping = false
  var isYielded = false
  /// Unsent output keeps the next request from being parsed.
  private var isBlocked = false
  /// The streamed body under way goes out in chunks.
  var isChunked = false
  /// Bytes that the streamed body under way still has to bring, where its length has been told.
  var streamRest: Int?
  /// When the last bytes could be sent, or the first began to wait.
  var writeProgress: UInt64 = 0
  var continuePending = false
  private var peerEnded = false
  /// No further request is read; the connection ends once the output is sent.
  var isClosing = false

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
  func pumpHeld() {
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

  // MARK: Writing

  func outputBuffer() -> ByteBuffer {
    if let output { return output }
    let buffer = listener.takeBuffer()
    output = buffer
    writeProgress = listener.loop.now
    return buffer
  }

  /// Sends what can be sent now.
  func flush() {
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
  func settle() {
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
}
