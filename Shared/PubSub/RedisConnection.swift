import CRedis
import EventLoop
import Glibc

/// One connection to Redis through hiredis, driven by an event loop. On the loop's thread only.
///
/// The one file that touches hiredis. Its callbacks are sound because they run on the loop inside calls that this class
/// makes, while `retained` keeps the object alive until hiredis has let go of its context.
final class RedisConnection {
  /// What a connection tells its owner.
  struct Events {
    var connected: () -> Void
    /// Ended or never made; the connection is of no use any more.
    var closed: (_ reason: String) -> Void
    var message: (_ channel: String, _ message: [UInt8]) -> Void
  }

  private let loop: EventLoop
  private var events: Events?
  private var context: UnsafeMutablePointer<redisAsyncContext>?
  private var descriptor: Int32 = -1
  private var interest: EventLoop.Readiness = []
  private var isRegistered = false

  /// `nil` if not even a socket could be made; otherwise `events` tells how it goes on.
  init?(host: String, port: UInt16, loop: EventLoop, events: Events) {
    loop.assertOnLoop()
    guard let context = redisAsyncConnect(host, Int32(port)) else { return nil }
    guard context.pointee.err == 0 else {
      redisAsyncFree(context)
      return nil
    }
    self.loop = loop
    self.events = events
    self.context = context
    descriptor = context.pointee.c.fd
    let retained = Unmanaged.passRetained(self).toOpaque()
    context.pointee.data = retained
    context.pointee.ev.data = retained
    context.pointee.ev.addRead = { RedisConnection.of($0).want(.read) }
    context.pointee.ev.delRead = { RedisConnection.of($0).dropInterest(.read) }
    context.pointee.ev.addWrite = { RedisConnection.of($0).want(.write) }
    context.pointee.ev.delWrite = { RedisConnection.of($0).dropInterest(.write) }
    context.pointee.ev.cleanup = { RedisConnection.of($0).cleanUp() }
    redisAsyncSetConnectCallback(context) { context, status in
      guard let context else { return }
      RedisConnection.of(context.pointee.data).didConnect(status == REDIS_OK, RedisConnection.reason(context))
    }
    redisAsyncSetDisconnectCallback(context) { context, _ in
      guard let context else { return }
      RedisConnection.of(context.pointee.data).didClose(RedisConnection.reason(context))
    }
  }

  func publish(_ message: [UInt8], to channel: String) {
    command([Array("PUBLISH".utf8), Array(channel.utf8), message], nil)
  }

  func subscribe(to channel: String) {
    command([Array("SUBSCRIBE".utf8), Array(channel.utf8)]) { context, reply, _ in
      guard let context, let reply else { return }
      RedisConnection.of(context.pointee.data).received(reply.assumingMemoryBound(to: redisReply.self))
    }
  }

  /// Closes after what is under way; `closed` follows.
  func close() {
    if let context { redisAsyncDisconnect(context) }
  }

  /// Publishes over a connection made for this message alone; blocks its thread for at most about the time given, thrice:
  /// to connect, to write, to read.
  static func publishOnce(
    _ message: [UInt8], to channel: String, host: String, port: UInt16, timeoutMilliseconds: Int
  ) throws(RedisUnavailable) -> Int {
    func failure(_ reason: String) -> RedisUnavailable { RedisUnavailable(address: "\(host):\(port)", reason: reason) }
    let wait = timeval(tv_sec: timeoutMilliseconds / 1_000, tv_usec: timeoutMilliseconds % 1_000 * 1_000)
    guard let context = redisConnectWithTimeout(host, Int32(port), wait) else { throw failure("out of memory") }
    defer { redisFree(context) }
    guard context.pointee.err == 0, redisSetTimeout(context, wait) == REDIS_OK else {
      throw failure(reason(context))
    }
    let answer = withWords([Array("PUBLISH".utf8), Array(channel.utf8), message]) { count, words, lengths in
      redisCommandArgv(context, count, words, lengths)
    }
    guard let reply = answer?.assumingMemoryBound(to: redisReply.self) else { throw failure(reason(context)) }
    defer { freeReplyObject(reply) }
    guard reply.pointee.type == REDIS_REPLY_INTEGER else {
      throw failure(String(decoding: text(reply), as: UTF8.self))
    }
    return Int(reply.pointee.integer)
  }

  // MARK: hiredis

  private func command(
    _ words: [[UInt8]],
    _ callback: (
      @convention(c) (UnsafeMutablePointer<redisAsyncContext>?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) ->
        Void
    )?
  ) {
    guard let context else { return }
    Self.withWords(words) { count, words, lengths in
      _ = redisAsyncCommandArgv(context, callback, nil, count, words, lengths)
    }
  }

  /// The words as hiredis takes them; it copies them into its output buffer before it returns.
  private static func withWords<Result>(
    _ words: [[UInt8]],
    _ body: (Int32, UnsafeMutablePointer<UnsafePointer<CChar>?>, UnsafePointer<Int>) -> Result
  ) -> Result {
    let flat = words.flatMap { $0 }
    return flat.withUnsafeBytes { bytes in
      let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
      var pointers: [UnsafePointer<CChar>?] = []
      var offset = 0
      for word in words {
        pointers.append(base.map { $0 + offset })
        offset += word.count
      }
      return body(Int32(words.count), &pointers, words.map(\.count))
    }
  }

  private static func of(_ pointer: UnsafeMutableRawPointer?) -> RedisConnection {
    guard let pointer else { preconditionFailure("hiredis called back without its owner") }
    return Unmanaged<RedisConnection>.fromOpaque(pointer).takeUnretainedValue()
  }

  private static func reason(_ context: UnsafePointer<redisAsyncContext>) -> String {
    context.pointee.errstr.map { String(cString: $0) } ?? "closed"
  }

  private static func reason(_ context: UnsafePointer<redisContext>) -> String {
    withUnsafeBytes(of: context.pointee.errstr) { bytes in
      bytes.first == 0 ? "closed" : String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  private func want(_ readiness: EventLoop.Readiness) {
    guard !interest.contains(readiness) else { return }
    interest.insert(readiness)
    if isRegistered {
      loop.update(descriptor, for: interest)
      return
    }
    isRegistered = true
    loop.register(descriptor, for: interest) { [weak self] in self?.ready($0) }
  }

  private func dropInterest(_ readiness: EventLoop.Readiness) {
    guard interest.contains(readiness) else { return }
    interest.remove(readiness)
    if isRegistered { loop.update(descriptor, for: interest) }
  }

  private func ready(_ readiness: EventLoop.Readiness) {
    let failed = !readiness.isDisjoint(with: .closed)
    if let context, interest.contains(.read), failed || readiness.contains(.read) { redisAsyncHandleRead(context) }
    if let context, interest.contains(.write), failed || readiness.contains(.write) { redisAsyncHandleWrite(context) }
  }

  private func didConnect(_ succeeded: Bool, _ reason: String) {
    if succeeded {
      // A server that vanished without a word must not be listened to for ever.
      if let context { redisEnableKeepAlive(&context.pointee.c) }
      events?.connected()
    } else {
      finish(reason)
    }
  }

  private func didClose(_ reason: String) { finish(reason) }

  private func finish(_ reason: String) {
    let events = events
    self.events = nil
    events?.closed(reason)
  }

  /// The last call hiredis makes: it frees its context right after.
  private func cleanUp() {
    if isRegistered {
      isRegistered = false
      loop.deregister(descriptor)
    }
    guard let context else { return }
    self.context = nil
    let retained = Unmanaged<RedisConnection>.fromOpaque(context.pointee.ev.data)
    // After this turn: hiredis may still be inside a callback of ours.
    loop.schedule(afterNanoseconds: 0) { retained.release() }
  }

  private func received(_ reply: UnsafeMutablePointer<redisReply>) {
    guard reply.pointee.type == REDIS_REPLY_ARRAY, reply.pointee.elements == 3, let parts = reply.pointee.element,
      let kind = parts[0], let channel = parts[1], let payload = parts[2],
      Self.text(kind) == Array("message".utf8)
    else { return }
    events?.message(String(decoding: Self.text(channel), as: UTF8.self), Self.text(payload))
  }

  private static func text(_ reply: UnsafeMutablePointer<redisReply>) -> [UInt8] {
    guard let bytes = reply.pointee.str else { return [] }
    return Array(UnsafeRawBufferPointer(start: bytes, count: reply.pointee.len))
  }
}
