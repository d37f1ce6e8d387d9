import EventLoop
import Synchronization
import Telemetry

/// `PubSub` over Redis 7: one connection to publish and one to listen, both on one event loop, made again whenever they
/// end. Redis holds nothing that matters: while it is away messages are dropped and counted, and `onGap` follows.
public final class RedisPubSub: PubSub {
  private struct Listener {
    var onGap: @Sendable () -> Void
    var handler: @Sendable ([UInt8]) -> Void
  }

  /// What belongs to the loop. Touched on its thread only; `assertOnLoop` in each entry point holds that.
  private final class Link {
    var publishing: RedisConnection?
    var canPublish = false
    var listening: RedisConnection?
    var isListening = false
    var publishBackoff = ReconnectBackoff()
    var listenBackoff = ReconnectBackoff()
  }

  private struct State {
    var listeners: [String: [Listener]] = [:]
    var stopped = false
  }

  private let loop: EventLoop
  private let host: String
  private let port: UInt16
  private let logger: Logger
  private let dropped: Counter
  private let state = Mutex(State())
  private nonisolated(unsafe) let link = Link()  // Sound: see `Link`.

  public init(host: String, port: UInt16, loop: EventLoop, logger: Logger, metrics: Metrics) {
    self.loop = loop
    self.host = host
    self.port = port
    self.logger = logger
    dropped = metrics.counter("pubsub_dropped_total", help: "Messages not published because Redis was away")
    loop.execute { [self] in
      connectPublisher()
      connectListener()
    }
  }

  public func publish(_ message: [UInt8], to channel: String) {
    loop.execute { [self] in
      guard link.canPublish, let connection = link.publishing else {
        dropped.increment()
        return
      }
      connection.publish(message, to: channel)
    }
  }

  public func subscribe(
    to channel: String, onGap: @escaping @Sendable () -> Void, _ handler: @escaping @Sendable ([UInt8]) -> Void
  ) {
    let isFirst = state.withLock { state -> Bool in
      state.listeners[channel, default: []].append(Listener(onGap: onGap, handler: handler))
      return state.listeners[channel]?.count == 1
    }
    loop.execute { [self] in
      guard link.isListening, let connection = link.listening else { return }
      if isFirst { connection.subscribe(to: channel) }
      onGap()
    }
  }

  /// Closes both connections, for good.
  public func stop() {
    state.withLock { $0.stopped = true }
    loop.execute { [self] in
      link.publishing?.close()
      link.listening?.close()
    }
  }

  private var isStopped: Bool { state.withLock { $0.stopped } }

  private func connectPublisher() {
    loop.assertOnLoop()
    if isStopped { return }
    let events = RedisConnection.Events(
      connected: { [self] in
        link.canPublish = true
        link.publishBackoff.succeeded()
      },
      closed: { [self] reason in
        link.canPublish = false
        link.publishing = nil
        publisherClosed(reason)
      },
      message: { _, _ in })
    link.publishing = RedisConnection(host: host, port: port, loop: loop, events: events)
    if link.publishing == nil { publisherClosed("no socket to \(host):\(port)") }
  }

  private func publisherClosed(_ reason: String) {
    if isStopped { return }
    logger.debug("Redis is away for publishing", [("address", "\(host):\(port)"), ("reason", reason)])
    retry(&link.publishBackoff) { [self] in connectPublisher() }
  }

  private func connectListener() {
    loop.assertOnLoop()
    if isStopped { return }
    let events = RedisConnection.Events(
      connected: { [self] in
        link.isListening = true
        link.listenBackoff.succeeded()
        let listeners = state.withLock { $0.listeners }
        for channel in listeners.keys { link.listening?.subscribe(to: channel) }
        for listener in listeners.values.joined() { listener.onGap() }
      },
      closed: { [self] reason in
        let wasListening = link.isListening
        link.isListening = false
        link.listening = nil
        listenerClosed(reason, wasListening: wasListening)
      },
      message: { [self] channel, message in
        for listener in state.withLock({ $0.listeners[channel] ?? [] }) { listener.handler(message) }
      })
    link.listening = RedisConnection(host: host, port: port, loop: loop, events: events)
    if link.listening == nil { listenerClosed("no socket to \(host):\(port)", wasListening: true) }
  }

  private func listenerClosed(_ reason: String, wasListening: Bool) {
    if isStopped { return }
    // Once an outage, not once a try.
    if wasListening {
      logger.warning(
        "Redis is away; messages are missed until it is back", [("address", "\(host):\(port)"), ("reason", reason)])
    }
    retry(&link.listenBackoff) { [self] in connectListener() }
  }

  private func retry(_ backoff: inout ReconnectBackoff, _ work: @escaping () -> Void) {
    let wait = backoff.nextMilliseconds(random: .random(in: 0..<1))
    loop.schedule(afterNanoseconds: wait * 1_000_000, work)
  }
}
