import CNGHTTP2
import EventLoop
import Glibc

/// One client's connection. On the loop only.
final class ServerConnection: HTTP2SessionOwner, @unchecked Sendable {
  // Sound because it is touched on its loop's thread only; `Sendable` lets the loop's callbacks hold it.

  let server: GRPCServer
  let loop: EventLoop
  let peer: String
  let responseHeaders: HeaderBlock
  let okTrailers: HeaderBlock
  private(set) var session: HTTP2Session?
  /// Bytes of requests that are not whole yet.
  var inboundBytes = 0
  private var handlers = 0
  private var settled = false
  private var draining = false
  private let deadlines: DeadlineTimer
  private let onClose: (ServerConnection) -> Void

  init(
    server: GRPCServer, loop: EventLoop, descriptor: Int32, peer: String, onClose: @escaping (ServerConnection) -> Void
  ) {
    self.server = server
    self.loop = loop
    self.peer = peer
    self.onClose = onClose
    deadlines = DeadlineTimer(loop: loop)
    var headers = HeaderBlock()
    headers.add(":status", "200")
    headers.add("content-type", "application/grpc")
    responseHeaders = headers
    var trailers = HeaderBlock()
    trailers.add("grpc-status", "0")
    okTrailers = trailers
    session = HTTP2Session(
      .server, descriptor: descriptor, loop: loop, settings: HTTP2SessionSettings(server.settings), owner: self)
    deadlines.onDue = { [unowned self] now in expire(now) }
  }

  func start() {
    session?.start()
    loop.schedule(afterNanoseconds: UInt64(server.settings.handshakeMilliseconds) * 1_000_000) { [weak self] in
      guard let self, !settled else { return }
      session?.close("no HTTP/2 preface in \(server.settings.handshakeMilliseconds) ms")
    }
  }

  func noteDeadline(_ deadline: UInt64) { deadlines.note(deadline) }

  private func expire(_ now: UInt64) -> UInt64 {
    var next = UInt64.max
    for stream in session?.streams.values.map({ $0 }) ?? [] {
      guard let call = stream as? ServerCall else { continue }
      if call.deadline <= now {
        call.end(GRPCStatus(.deadlineExceeded, "the deadline passed on the server"))
      } else {
        next = min(next, call.deadline)
      }
    }
    return next
  }

  /// Counts a handler in; false when too many run. Handlers of streams that are gone count until they return, so a
  /// client cannot start more work than this by resetting.
  func beginHandler() -> Bool {
    guard handlers < server.settings.handlersMax else { return false }
    handlers += 1
    return true
  }

  func endHandler() {
    handlers -= 1
    closeIfDrained()
  }

  // MARK: Drain

  /// Tells the client to go elsewhere, lets unary calls finish, ends streaming ones.
  func drain() {
    guard !draining else { return }
    draining = true
    session?.submitShutdownNotice()
    // What the client sent before it heard the notice is on its way: the last GOAWAY waits for that.
    loop.schedule(afterNanoseconds: 50_000_000) { [self] in
      session?.goAway(code: NGHTTP2_NO_ERROR)
      for stream in session?.streams.values.map({ $0 }) ?? [] {
        if let call = stream as? ServerCall, call.isStreaming {
          call.end(GRPCStatus(.unavailable, "the server is draining"))
        }
      }
      closeIfDrained()
    }
  }

  func close(_ reason: String) { session?.close(reason) }

  private func closeIfDrained() {
    // nghttp2 itself wants neither to read nor to write once GOAWAY is out and the last stream is done; the session
    // closes then, at its next flush.
    if draining { session?.scheduleFlush() }
  }

  // MARK: The session's owner

  func openStream(_ id: Int32) -> HTTP2Stream? {
    settled = true
    return ServerCall(connection: self)
  }

  func receivedSettings() { settled = true }

  func receivedGoAway(lastStreamID: Int32, code: UInt32) {}

  func streamClosed(_ id: Int32) { closeIfDrained() }

  func sessionClosed(_ reason: String) {
    deadlines.cancel()
    session = nil
    onClose(self)
  }
}
