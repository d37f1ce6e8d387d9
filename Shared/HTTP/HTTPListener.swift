import CLinux
import EventLoop
import Glibc
import Synchronization
import Telemetry

/// What one loop has of a server: its listening socket, its connections, the memory they share.
final class HTTPListener: @unchecked Sendable {
  // Sound because it is used on its loop only; the server reaches it through `loop.execute`.

  /// Counts over all loops.
  struct Counters: Sendable {
    let requests: Counter
    let refused: Counter
    let timedOut: Counter
    let rejected: Counter
  }

  let loop: EventLoop
  private(set) var limits: HTTPServer.Limits
  let parserLimits: HTTPRequestParser.Limits
  let handler: any HTTPHandler
  let scratch: UnsafeMutableRawBufferPointer
  var dateCache = HTTPDateCache()
  private(set) var isDraining = false
  private let logger: Logger
  private let counters: Counters
  /// Connections of all loops.
  private let open: HTTPServer.OpenCount
  private var descriptor: Int32 = -1
  private var connections: [HTTPConnection] = []
  private var buffers: [ByteBuffer] = []
  private var drainWaiters: [@Sendable () -> Void] = []

  init(
    loop: EventLoop, limits: HTTPServer.Limits, handler: any HTTPHandler, logger: Logger, counters: Counters,
    open: HTTPServer.OpenCount
  ) {
    self.loop = loop
    self.limits = limits
    // What is held must have room for a line that has not ended yet, or the connection would wait for itself.
    self.limits.inputBytesMax = max(limits.inputBytesMax, limits.headerBytesMax + 1_024)
    self.handler = handler
    self.logger = logger
    self.counters = counters
    self.open = open
    var parserLimits = HTTPRequestParser.Limits()
    parserLimits.targetBytesMax = limits.targetBytesMax
    parserLimits.headerBytesMax = limits.headerBytesMax
    parserLimits.headersMax = limits.headersMax
    parserLimits.bodyBytesMax = min(limits.bodyBytesMax, HTTPServer.Limits.bodyBytesCeiling)
    self.parserLimits = parserLimits
    scratch = .allocate(byteCount: 64 << 10, alignment: 16)
  }

  deinit { scratch.deallocate() }

  // MARK: Accepting

  /// Takes over a listening socket.
  func start(_ descriptor: Int32) {
    self.descriptor = descriptor
    loop.register(descriptor, for: .read) { [self] _ in accept() }  // until the drain
    let shortest = min(limits.headerTimeoutMilliseconds, limits.bodyTimeoutMilliseconds, limits.idleTimeoutMilliseconds)
    sweepEvery(nanoseconds: max(10, min(1_000, shortest / 4)) * 1_000_000)
  }

  private func accept() {
    for _ in 0..<64 {
      var address = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let client = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          accept4(descriptor, $0, &length, socketNonBlocking | socketCloseOnExec)
        }
      }
      if client < 0 {
        if errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM { pauseAccepting(errno) }
        if errno == ECONNABORTED || errno == EINTR { continue }
        return
      }
      guard open.count.add(1, ordering: .relaxed).newValue <= limits.connectionsMax else {
        open.count.subtract(1, ordering: .relaxed)
        counters.rejected.increment()
        Glibc.close(client)
        continue
      }
      var one: Int32 = 1
      setsockopt(client, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
      let connection = HTTPConnection(listener: self, descriptor: client, remoteAddress: numericHost(address, length))
      connection.index = connections.count
      connections.append(connection)
      connection.start()
    }
  }

  /// Out of descriptors or memory: the waiting clients wait a little longer, instead of the loop spinning.
  private func pauseAccepting(_ code: Int32) {
    logger.error(
      "cannot accept connections, trying again in 100 ms: raise the limit of open files or lower connections-max",
      [("error", String(cString: strerror(code))), ("connections", "\(connections.count)")])
    loop.update(descriptor, for: [])
    loop.schedule(afterNanoseconds: 100_000_000) { [weak self] in
      guard let self, descriptor >= 0 else { return }
      loop.update(descriptor, for: .read)
    }
  }

  func removed(_ connection: HTTPConnection) {
    let last = connections.removeLast()
    if last !== connection {
      connections[connection.index] = last
      last.index = connection.index
    }
    open.count.subtract(1, ordering: .relaxed)
    finishDrainIfEmpty()
  }

  // MARK: For its connections

  func takeBuffer() -> ByteBuffer { buffers.popLast() ?? ByteBuffer() }

  func giveBack(_ buffer: ByteBuffer) {
    guard buffers.count < limits.pooledBuffersMax, buffer.capacity <= 256 << 10 else { return }
    buffer.removeAll()
    buffers.append(buffer)
  }

  func bodyBytesMax(for head: HTTPRequest) -> Int {
    min(handler.bodyBytesMax(for: head, limit: parserLimits.bodyBytesMax), HTTPServer.Limits.bodyBytesCeiling)
  }

  func requestStarted() { counters.requests.increment() }

  func timedOut() { counters.timedOut.increment() }

  func refused(_ refusal: HTTPRefusal, remoteAddress: String) {
    counters.refused.increment()
    logger.debug(
      "refused a request", [("status", "\(refusal.status)"), ("reason", refusal.reason), ("peer", remoteAddress)])
  }

  // MARK: Time

  private func sweepEvery(nanoseconds: UInt64) {
    loop.schedule(afterNanoseconds: nanoseconds) { [weak self] in
      guard let self else { return }
      let now = loop.now
      // From the end: closing one moves the last into its place, which has been looked at.
      for index in stride(from: connections.count - 1, through: 0, by: -1) where index < connections.count {
        let connection = connections[index]
        if connection.deadline != 0, connection.deadline <= now { connection.expire() }
      }
      if descriptor >= 0 || !connections.isEmpty { sweepEvery(nanoseconds: nanoseconds) }
    }
  }

  // MARK: Draining

  /// Accepts what the kernel has already accepted, then no more; calls `done` when the last connection is gone.
  func drain(_ done: @escaping @Sendable () -> Void) {
    if descriptor >= 0 { accept() }
    isDraining = true
    drainWaiters.append(done)
    stopListening()
    // A copy: connections leave the list as they close.
    let present = connections
    for connection in present { connection.drain() }
    finishDrainIfEmpty()
  }

  private func stopListening() {
    guard descriptor >= 0 else { return }
    loop.deregister(descriptor)
    Glibc.close(descriptor)
    descriptor = -1
  }

  /// Cuts what is left. Gives how many connections were cut.
  func cut() -> Int {
    let left = connections
    for connection in left { connection.close() }
    return left.count
  }

  private func finishDrainIfEmpty() {
    guard connections.isEmpty else { return }
    let waiters = drainWaiters
    drainWaiters = []
    for waiter in waiters { waiter() }
  }
}
