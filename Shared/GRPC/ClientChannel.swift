import CLinux
import EventLoop
import Glibc
import Telemetry

/// One loop's way to the server: at most one connection that takes new calls, the calls that wait for it, and the
/// attempts to get one. On the loop only, but for `init`.
final class ClientChannel: @unchecked Sendable {
  // Sound because its mutable state is touched on its loop's thread only; `Sendable` lets the client hold one a loop.

  private enum State {
    case idle
    case resolving
    case connecting(Int32, EventLoop.Timer)
    case ready(ClientConnection)
    case backingOff(reason: String)
    case closed
  }

  let address: String
  let loop: EventLoop
  let settings: GRPCClientSettings
  private let pool: BlockingPool
  private let logger: Logger
  private var state = State.idle
  private var backoff: Backoff
  private var waiting: [ClientCall] = []
  /// Every call not ended, for their deadlines.
  private var calls: [ObjectIdentifier: ClientCall] = [:]
  /// Connections that take no new calls and still have old ones.
  private var drained: [ClientConnection] = []
  private let deadlines: DeadlineTimer
  private var headers = HeaderBlock()
  private var troubled = false

  init(address: String, loop: EventLoop, settings: GRPCClientSettings, pool: BlockingPool, logger: Logger) {
    self.address = address
    self.loop = loop
    self.settings = settings
    self.pool = pool
    self.logger = logger
    backoff = Backoff(
      firstMilliseconds: settings.backoffFirstMilliseconds, maxMilliseconds: settings.backoffMaxMilliseconds)
    deadlines = DeadlineTimer(loop: loop)
  }

  // MARK: Calls

  func start(_ call: ClientCall) {
    if case .closed = state { return call.end(GRPCStatus(.unavailable, "the client is closed", notProcessed: true)) }
    if call.deadline <= monotonicNanoseconds() {
      return call.end(GRPCStatus(.deadlineExceeded, "the deadline passed before the call began", notProcessed: true))
    }
    if case .ready(let connection) = state, waiting.isEmpty, connection.hasRoom {
      track(call)
      submit(call, connection)
      return
    }
    if case .backingOff(let reason) = state, !call.options.waitForReady {
      return call.end(GRPCStatus(.unavailable, "no connection to \(address): \(reason)", notProcessed: true))
    }
    guard waiting.count < settings.waitingMax else {
      return call.end(
        GRPCStatus(
          .resourceExhausted, "calls waiting for \(address) past the limit waiting-max of \(settings.waitingMax)",
          notProcessed: true))
    }
    track(call)
    waiting.append(call)
    if case .idle = state { connect() }
  }

  /// The caller no longer wants the answer.
  func cancel(_ call: ClientCall, _ status: GRPCStatus) {
    guard !call.isEnded else { return }
    call.end(status)
    forget(call)
  }

  /// Called once a call has ended, by whatever end.
  func forget(_ call: ClientCall) {
    calls.removeValue(forKey: ObjectIdentifier(call))
    if call.id == 0 {
      waiting.removeAll { $0 === call }
    } else {
      if case .ready(let connection) = state { connection.cancel(call) }
      for connection in drained { connection.cancel(call) }
    }
  }

  private func track(_ call: ClientCall) {
    calls[ObjectIdentifier(call)] = call
    if call.deadline != .max {
      if deadlines.onDue == nil { deadlines.onDue = { [unowned self] now in expire(now) } }
      deadlines.note(call.deadline)
    }
  }

  private func expire(_ now: UInt64) -> UInt64 {
    var next = UInt64.max
    for call in Array(calls.values) {
      if call.deadline <= now {
        let sent = call.id != 0
        cancel(call, GRPCStatus(.deadlineExceeded, "the deadline passed", notProcessed: !sent))
      } else {
        next = min(next, call.deadline)
      }
    }
    return next
  }

  private func submit(_ call: ClientCall, _ connection: ClientConnection) {
    headers.removeAll()
    headers.add(":method", "POST")
    headers.add(":scheme", "http")
    headers.add(":path") { $0 += call.method.path.utf8 }
    headers.add(":authority") { $0 += address.utf8 }
    headers.add("content-type", "application/grpc")
    headers.add("te", "trailers")
    if call.deadline != .max {
      let now = monotonicNanoseconds()
      let left = call.deadline > now ? call.deadline - now : 1
      headers.add("grpc-timeout") { GRPCTimeout.append(left, to: &$0) }
    }
    headers.add(call.options.metadata)
    if !connection.submit(call, headers: headers) {
      call.end(GRPCStatus(.unavailable, "no stream left on the connection to \(address)", notProcessed: true))
    }
  }

  /// A stream has closed: the next waiting call may go.
  func roomMade() {
    guard !waiting.isEmpty else { return }
    loop.execute { [self] in sendWaiting() }
  }

  private func sendWaiting() {
    guard case .ready(let connection) = state else { return }
    var sent = 0
    while sent < waiting.count, connection.hasRoom {
      let call = waiting[sent]
      sent += 1
      if !call.isEnded { submit(call, connection) }
    }
    waiting.removeFirst(sent)
  }

  // MARK: Connecting

  private func connect() {
    if let address = try? Socket.resolve(address, numericOnly: true) { return connect(to: address) }
    state = .resolving
    Task(executorPreference: loop) { [self] in
      let result = try? await pool.run { [address] in
        Result { () throws(Socket.Failure) in try Socket.resolve(address, numericOnly: false) }
      }
      guard case .resolving = state else { return }
      switch result {
      case .success(let resolved): connect(to: resolved)
      case .failure(let failure): connectFailed(failure.reason)
      case nil: connectFailed("too many names are being looked up")
      }
    }
  }

  private func connect(to address: Socket.Address) {
    let descriptor: Int32
    do throws(Socket.Failure) { descriptor = try Socket.connect(address) } catch { return connectFailed(error.reason) }
    let timer = loop.schedule(afterNanoseconds: UInt64(settings.connectMilliseconds) * 1_000_000) { [weak self] in
      self?.connectEnded(descriptor, failure: "no answer in \(self?.settings.connectMilliseconds ?? 0) ms")
    }
    state = .connecting(descriptor, timer)
    loop.register(descriptor, for: .write) { [weak self] _ in
      let code = Socket.pendingError(descriptor)
      self?.connectEnded(descriptor, failure: code == 0 ? nil : systemMessage(code))
    }
  }

  private func connectEnded(_ descriptor: Int32, failure: String?) {
    guard case .connecting(let current, let timer) = state, current == descriptor else { return }
    loop.cancel(timer)
    loop.deregister(descriptor)
    if let failure {
      Glibc.close(descriptor)
      return connectFailed(failure)
    }
    state = .ready(ClientConnection(channel: self, descriptor: descriptor))
    sendWaiting()
  }

  private func connectFailed(_ reason: String) {
    if !troubled {
      logger.warning("gRPC server not reachable; trying again", [("address", address), ("reason", reason)])
    }
    troubled = true
    state = .backingOff(reason: reason)
    let impatient = waiting.filter { !$0.options.waitForReady }
    waiting.removeAll { !$0.options.waitForReady }
    for call in impatient {
      call.end(GRPCStatus(.unavailable, "no connection to \(address): \(reason)", notProcessed: true))
    }
    loop.schedule(afterNanoseconds: backoff.next()) { [weak self] in self?.backoffEnded() }
  }

  private func backoffEnded() {
    guard case .backingOff = state else { return }
    state = .idle
    if !waiting.isEmpty { connect() }
  }

  // MARK: The connection's news

  func connectionGreeted() {
    backoff.reset()
    if troubled { logger.info("gRPC server reached again", [("address", address)]) }
    troubled = false
    roomMade()
  }

  func connectionDrains(_ connection: ClientConnection) {
    guard case .ready(let current) = state, current === connection else { return }
    drained.append(connection)
    state = .idle
    if !waiting.isEmpty { connect() }
  }

  func connectionClosed(_ connection: ClientConnection, _ reason: String) {
    drained.removeAll { $0 === connection }
    guard case .ready(let current) = state, current === connection else { return }
    if connection.greeted {
      state = .idle
      if !waiting.isEmpty { connect() }
    } else {
      connectFailed(reason)  // something accepts there and is no gRPC server, or not yet
    }
  }

  func close() {
    let before = state
    state = .closed
    switch before {
    case .connecting(let descriptor, let timer):
      loop.cancel(timer)
      loop.deregister(descriptor)
      Glibc.close(descriptor)
    case .ready(let connection): connection.close("the client is closed")
    case .idle, .resolving, .backingOff, .closed: break
    }
    for connection in drained { connection.close("the client is closed") }
    for call in Array(calls.values) { call.end(GRPCStatus(.unavailable, "the client is closed")) }
    calls = [:]
    waiting = []
    deadlines.cancel()
  }
}
