import EventLoop
import Telemetry

/// `PubSub` over Redis 7: one connection to publish and one to listen, both on one event loop, made again whenever they
/// end. Redis holds nothing that matters: while it is away messages are dropped and counted, and `onGap` follows.
///
/// An actor of its loop: hiredis calls back on the loop's thread, which is this actor's executor.
public actor RedisPubSub: PubSub {
  private struct Listener {
    var onGap: @Sendable () -> Void
    var handler: @Sendable ([UInt8]) -> Void
  }

  private let loop: EventLoop
  private let host: String
  private let port: UInt16
  private let logger: Logger
  private let dropped: Counter
  private var listeners: [String: [Listener]] = [:]
  private var isStopped = false
  private var publishing: RedisConnection?
  private var canPublish = false
  private var listening: RedisConnection?
  private var isListening = false
  private var publishBackoff = ReconnectBackoff()
  private var listenBackoff = ReconnectBackoff()

  public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  public init(host: String, port: UInt16, loop: EventLoop, logger: Logger, metrics: Metrics) {
    self.loop = loop
    self.host = host
    self.port = port
    self.logger = logger
    dropped = metrics.counter("pubsub_dropped_total", help: "Messages not published because Redis was away")
    onLoop {
      $0.connectPublisher()
      $0.connectListener()
    }
  }

  public nonisolated func publish(_ message: [UInt8], to channel: String) {
    onLoop { $0.send(message, to: channel) }
  }

  public nonisolated func subscribe(
    to channel: String, onGap: @escaping @Sendable () -> Void, _ handler: @escaping @Sendable ([UInt8]) -> Void
  ) {
    onLoop { $0.add(Listener(onGap: onGap, handler: handler), to: channel) }
  }

  /// Closes both connections, for good.
  public nonisolated func stop() {
    onLoop {
      $0.isStopped = true
      $0.publishing?.close()
      $0.listening?.close()
    }
  }

  /// Publishes one message over a connection of its own and blocks until Redis has taken it: for commands, which end
  /// right after. Gives the number of listeners that it reached.
  public static func publishOnce(
    _ message: [UInt8], to channel: String, host: String, port: UInt16, timeoutMilliseconds: Int
  ) throws(RedisUnavailable) -> Int {
    try RedisConnection.publishOnce(
      message, to: channel, host: host, port: port, timeoutMilliseconds: timeoutMilliseconds)
  }

  private nonisolated func onLoop(_ work: @escaping @Sendable (isolated RedisPubSub) -> Void) {
    loop.execute { self.assumeIsolated { work($0) } }
  }

  // MARK: Messages

  private func send(_ message: [UInt8], to channel: String) {
    guard canPublish, let publishing else {
      dropped.increment()
      return
    }
    publishing.publish(message, to: channel)
  }

  private func add(_ listener: Listener, to channel: String) {
    listeners[channel, default: []].append(listener)
    guard isListening, let listening else { return }
    if listeners[channel]?.count == 1 { listening.subscribe(to: channel) }
    listener.onGap()
  }

  // MARK: Connections

  private func connectPublisher() {
    if isStopped { return }
    let events = RedisConnection.Events(
      connected: { [self] in
        canPublish = true
        publishBackoff.succeeded()
      },
      closed: { [self] reason in
        canPublish = false
        publishing = nil
        publisherClosed(reason)
      },
      message: { _, _ in })
    publishing = RedisConnection(host: host, port: port, loop: loop, events: events)
    if publishing == nil { publisherClosed("no socket to \(host):\(port)") }
  }

  private func publisherClosed(_ reason: String) {
    if isStopped { return }
    logger.debug("Redis is away for publishing", [("address", "\(host):\(port)"), ("reason", reason)])
    let wait = publishBackoff.nextMilliseconds(random: .random(in: 0..<1))
    loop.schedule(afterNanoseconds: wait * 1_000_000) { [self] in connectPublisher() }
  }

  private func connectListener() {
    if isStopped { return }
    let events = RedisConnection.Events(
      connected: { [self] in
        isListening = true
        listenBackoff.succeeded()
        for channel in listeners.keys { listening?.subscribe(to: channel) }
        for listener in listeners.values.joined() { listener.onGap() }
      },
      closed: { [self] reason in
        let wasListening = isListening
        isListening = false
        listening = nil
        listenerClosed(reason, wasListening: wasListening)
      },
      message: { [self] channel, message in
        for listener in listeners[channel] ?? [] { listener.handler(message) }
      })
    listening = RedisConnection(host: host, port: port, loop: loop, events: events)
    if listening == nil { listenerClosed("no socket to \(host):\(port)", wasListening: true) }
  }

  private func listenerClosed(_ reason: String, wasListening: Bool) {
    if isStopped { return }
    // Once an outage, not once a try.
    if wasListening {
      logger.warning(
        "Redis is away; messages are missed until it is back", [("address", "\(host):\(port)"), ("reason", reason)])
    }
    let wait = listenBackoff.nextMilliseconds(random: .random(in: 0..<1))
    loop.schedule(afterNanoseconds: wait * 1_000_000) { [self] in connectListener() }
  }
}
