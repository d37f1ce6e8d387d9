import CLinux
import CNGHTTP2
import EventLoop
import Glibc

/// One HTTP/2 connection: nghttp2's state machine between a socket and the streams. On the loop only.
///
/// Bytes are read into nghttp2 as they come, and pulled out of it only while the socket takes them, so what waits here is
/// bounded by the output buffer; the rest waits in the streams, behind the peer's windows. Everything submitted in one
/// turn of the loop leaves in one write.
final class HTTP2Session: @unchecked Sendable {
  // Sound because it is touched on its loop's thread only; `Sendable` lets the loop's callbacks hold it.

  enum Role { case client, server }

  static let readBytes = 64 << 10
  static let outputBytes = 64 << 10

  let loop: EventLoop
  let settings: HTTP2SessionSettings
  private let descriptor: Int32
  private var library: OpaquePointer?
  private var owner: (any HTTP2SessionOwner)?
  var streams: [Int32: HTTP2Stream] = [:]
  private var readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: HTTP2Session.readBytes, alignment: 16)
  private var output: [UInt8] = []
  private var outputStart = 0
  private var watchesWrite = false
  private var flushScheduled = false
  private var inLibrary = false
  private var closeReason: String?
  private var resets: ResetBudget
  private var heard = true
  private var pinged = false
  private var movedNanoseconds: UInt64
  private var keepalive: EventLoop.Timer?

  init(_ role: Role, descriptor: Int32, loop: EventLoop, settings: HTTP2SessionSettings, owner: any HTTP2SessionOwner) {
    self.loop = loop
    self.descriptor = descriptor
    self.settings = settings
    self.owner = owner
    resets = ResetBudget(burst: settings.resetBurst, perSecond: settings.resetsPerSecond, now: monotonicNanoseconds())
    movedNanoseconds = monotonicNanoseconds()
    library = makeLibrarySession(role, settings, Unmanaged.passUnretained(self).toOpaque())
  }

  deinit { readBuffer.deallocate() }

  func start() {
    loop.register(descriptor, for: .read) { [self] readiness in
      if readiness.contains(.write) { flush() }
      if readiness.contains(.read) || readiness.contains(.closed) { readReady() }
    }
    scheduleKeepalive()
    scheduleFlush()
  }

  var isClosing: Bool { closeReason != nil }

  // MARK: Sending

  /// Opens a stream with a request and its one message. Clients only; `false` when no stream can be opened any more.
  func submitRequest(_ stream: HTTP2Stream, headers: HeaderBlock) -> Bool {
    guard let library else { return false }
    var provider = nghttp2_data_provider(source: nghttp2_data_source(ptr: nil), read_callback: provideData)
    let id = headers.withFields { nghttp2_submit_request(library, nil, $0, $1, &provider, nil) }
    guard id > 0 else { return false }
    stream.id = id
    streams[id] = stream
    scheduleFlush()
    return true
  }

  /// Answers with headers, then what the stream's queue holds, then its trailers.
  func submitResponse(_ stream: HTTP2Stream, headers: HeaderBlock) {
    guard let library else { return }
    var provider = nghttp2_data_provider(source: nghttp2_data_source(ptr: nil), read_callback: provideData)
    let code = headers.withFields { nghttp2_submit_response(library, stream.id, $0, $1, &provider) }
    if code != 0 { reset(stream.id, code: NGHTTP2_INTERNAL_ERROR) }
    scheduleFlush()
  }

  /// Answers with headers alone, which end the stream; `requestOpen` tells the peer to send no more of its request.
  func submitOnlyHeaders(_ stream: HTTP2Stream, headers: HeaderBlock, requestOpen: Bool) {
    guard let library else { return }
    let code = headers.withFields { nghttp2_submit_response(library, stream.id, $0, $1, nil) }
    if code != 0 { reset(stream.id, code: NGHTTP2_INTERNAL_ERROR) }
    stream.resetsWhenSent = requestOpen
    scheduleFlush()
  }

  /// Tells nghttp2 that the stream's queue has something again.
  func resume(_ stream: HTTP2Stream) {
    guard let library else { return }
    nghttp2_session_resume_data(library, stream.id)
    scheduleFlush()
  }

  func reset(_ id: Int32, code: nghttp2_error_code) {
    guard let library else { return }
    nghttp2_submit_rst_stream(library, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, code.rawValue)
    scheduleFlush()
  }

  /// Opens the window of a stream by bytes that its reader has taken.
  func consume(_ id: Int32, bytes: Int) {
    guard let library, bytes > 0 else { return }
    nghttp2_session_consume_stream(library, id, bytes)
    scheduleFlush()
  }

  /// Tells the peer that the end comes, so that it opens no more streams; `goAway` follows when it had time to hear it.
  func submitShutdownNotice() {
    guard let library else { return }
    nghttp2_submit_shutdown_notice(library)
    scheduleFlush()
  }

  func goAway(code: nghttp2_error_code) {
    guard let library else { return }
    let last = nghttp2_session_get_last_proc_stream_id(library)
    nghttp2_submit_goaway(library, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, code.rawValue, nil, 0)
    scheduleFlush()
  }

  /// How many calls the peer lets us have open.
  var peerStreamsMax: Int {
    guard let library else { return 0 }
    return Int(nghttp2_session_get_remote_settings(library, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
  }

  func scheduleFlush() {
    guard !flushScheduled else { return }
    flushScheduled = true
    loop.execute { [self] in
      flushScheduled = false
      flush()
    }
  }

  private func flush() {
    while let library {
      if outputStart < output.count {
        guard writeOutput() else { return }
        continue
      }
      output.removeAll(keepingCapacity: true)
      outputStart = 0
      inLibrary = true
      var failure: Int32 = 0
      while output.count < Self.outputBytes {
        var frame: UnsafePointer<UInt8>?
        let count = nghttp2_session_mem_send(library, &frame)
        if count < 0 { failure = Int32(count) }
        guard count > 0, let frame else { break }
        output.append(contentsOf: UnsafeBufferPointer(start: frame, count: count))
      }
      inLibrary = false
      if failure != 0 { closeReason = closeReason ?? "HTTP/2 failure: \(libraryMessage(failure))" }
      if finishClosing() { return }
      if output.isEmpty { break }
    }
    guard let library else { return }
    if watchesWrite {
      watchesWrite = false
      loop.update(descriptor, for: .read)
    }
    if nghttp2_session_want_read(library) == 0, nghttp2_session_want_write(library) == 0 {
      close("the connection was ended in order")
    }
  }

  /// Writes what it can; false when the socket is full or gone.
  private func writeOutput() -> Bool {
    let count = output.withUnsafeBytes { bytes in
      send(descriptor, bytes.baseAddress! + outputStart, bytes.count - outputStart, Int32(MSG_NOSIGNAL))
    }
    if count >= 0 {
      outputStart += count
      movedNanoseconds = loop.now
      return true
    }
    if errno == EINTR { return true }
    guard errno == EAGAIN else {
      close("write failed: \(systemMessage(errno))")
      return false
    }
    if !watchesWrite {
      watchesWrite = true
      loop.update(descriptor, for: [.read, .write])
    }
    return false
  }

  // MARK: Receiving

  private func readReady() {
    for _ in 0..<4 {  // then the other sockets of the loop have their turn
      guard let library else { return }
      let count = recv(descriptor, readBuffer.baseAddress, readBuffer.count, 0)
      if count < 0 {
        if errno == EINTR { continue }
        if errno != EAGAIN { close("read failed: \(systemMessage(errno))") }
        break
      }
      if count == 0 {
        close("the peer closed the connection")
        return
      }
      heard = true
      inLibrary = true
      let taken = nghttp2_session_mem_recv(
        library, readBuffer.baseAddress!.assumingMemoryBound(to: UInt8.self), count)
      inLibrary = false
      if taken < 0 { closeReason = closeReason ?? "HTTP/2 failure: \(libraryMessage(Int32(taken)))" }
      if finishClosing() { return }
      if count < readBuffer.count { break }
    }
    if let library, nghttp2_session_want_write(library) != 0 || nghttp2_session_want_read(library) == 0 {
      scheduleFlush()
    }
  }

  // MARK: Closing

  /// Ends the connection: the streams and then the owner are told why.
  func close(_ reason: String) {
    guard library != nil else { return }
    closeReason = closeReason ?? reason
    if !inLibrary { _ = finishClosing() }
  }

  private func finishClosing() -> Bool {
    guard let library else { return true }
    guard let reason = closeReason else { return false }
    self.library = nil
    if let keepalive { loop.cancel(keepalive) }
    sendLastFrames(library)
    nghttp2_session_del(library)
    loop.deregister(descriptor)
    Glibc.close(descriptor)
    let orphans = streams.values
    streams = [:]
    for stream in orphans { stream.connectionLost(reason) }
    let owner = self.owner
    self.owner = nil
    owner?.sessionClosed(reason)
    return true
  }

  /// A GOAWAY that nghttp2 has ready says why; sent if the socket takes it at once.
  private func sendLastFrames(_ library: OpaquePointer) {
    guard outputStart == output.count else { return }
    inLibrary = true
    var frame: UnsafePointer<UInt8>?
    for _ in 0..<16 {
      let count = nghttp2_session_mem_send(library, &frame)
      guard count > 0, let bytes = frame else { break }
      guard send(descriptor, bytes, count, Int32(MSG_NOSIGNAL)) == count else { break }
    }
    inLibrary = false
  }

  private func scheduleKeepalive() {
    guard settings.keepaliveMilliseconds > 0 else { return }
    keepalive = loop.schedule(afterNanoseconds: UInt64(settings.keepaliveMilliseconds) * 1_000_000) { [self] in
      keepaliveDue()
    }
  }

  private func keepaliveDue() {
    guard let library else { return }
    if heard {
      pinged = false
    } else if pinged {
      close("the peer is silent: no answer to a ping in \(settings.keepaliveMilliseconds) ms")
      return
    } else {
      pinged = true
      nghttp2_submit_ping(library, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
      scheduleFlush()
    }
    heard = false
    let limit = UInt64(settings.stallMilliseconds) * 1_000_000
    if outputStart == output.count {
      movedNanoseconds = loop.now
    } else if loop.now > movedNanoseconds + limit {
      close("the peer takes no bytes since \(settings.stallMilliseconds) ms")
      return
    }
    // A peer that reads, and keeps the window of one stream shut, costs that stream alone.
    for stream in streams.values where stream.isStalled(now: loop.now, limitNanoseconds: limit) {
      stream.stalled()
      reset(stream.id, code: NGHTTP2_CANCEL)
    }
    scheduleKeepalive()
  }

  // MARK: nghttp2's callbacks

  func beganHeaders(_ id: Int32) -> Bool {
    guard let owner, let stream = owner.openStream(id) else { return false }
    stream.id = id
    streams[id] = stream
    return true
  }

  func header(_ id: Int32, _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
    guard let stream = streams[id] else { return }
    stream.headerBytes += name.count + value.count + 32
    if stream.headerBytes > settings.headerBytesMax {
      stream.headersTooLarge = true
    } else {
      stream.received(name: name, value: value)
    }
  }

  func frame(_ frame: nghttp2_frame) {
    let ends = frame.hd.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
    switch UInt32(frame.hd.type) {
    case NGHTTP2_HEADERS.rawValue:
      guard let stream = streams[frame.hd.stream_id] else { return }
      stream.receivedHeaders()
      if ends { stream.receivedEnd() }
    case NGHTTP2_DATA.rawValue:
      if ends { streams[frame.hd.stream_id]?.receivedEnd() }
    case NGHTTP2_SETTINGS.rawValue:
      if frame.hd.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 { owner?.receivedSettings() }
    case NGHTTP2_RST_STREAM.rawValue:
      countReset()
    case NGHTTP2_GOAWAY.rawValue:
      owner?.receivedGoAway(lastStreamID: frame.goaway.last_stream_id, code: frame.goaway.error_code)
    default: break
    }
  }

  func sent(_ frame: nghttp2_frame) {
    guard UInt32(frame.hd.type) == NGHTTP2_HEADERS.rawValue,
      frame.hd.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0,
      let stream = streams[frame.hd.stream_id], stream.resetsWhenSent
    else { return }
    reset(stream.id, code: NGHTTP2_NO_ERROR)
  }

  func countReset() {
    guard closeReason == nil, !resets.take(now: loop.now) else { return }
    goAway(code: NGHTTP2_ENHANCE_YOUR_CALM)
    close("the peer reset too many streams")
  }

  func data(_ id: Int32, _ bytes: UnsafeRawBufferPointer) {
    guard let library else { return }
    let free = streams[id]?.received(data: bytes) ?? bytes.count
    nghttp2_session_consume_connection(library, bytes.count)
    if free > 0 { nghttp2_session_consume_stream(library, id, free) }
  }

  func fill(_ id: Int32, _ buffer: UnsafeMutableRawBufferPointer, _ flags: UnsafeMutablePointer<UInt32>)
    -> Int
  {
    guard let library, let stream = streams[id] else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
    let count = stream.outbound.fill(buffer)
    if stream.outbound.isEmpty {
      switch stream.outbound.ending {
      case .open:
        if count == 0 { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
      case .endStream: flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
      case .trailers:
        flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
        if let trailers = stream.trailers {
          _ = trailers.withFields { nghttp2_submit_trailer(library, id, $0, $1) }
        }
      }
    }
    stream.outboundMoved()
    return count
  }

  func closedStream(_ id: Int32, _ code: UInt32) {
    guard let stream = streams.removeValue(forKey: id) else { return }
    stream.closed(code: code)
    owner?.streamClosed(id)
  }
}
