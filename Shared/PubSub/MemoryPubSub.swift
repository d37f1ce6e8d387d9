import Synchronization

/// The double of the seam: one process, handlers called by the publisher.
public final class MemoryPubSub: PubSub {
  private let handlers = Mutex<[String: [@Sendable ([UInt8]) -> Void]]>([:])

  public init() {}

  public func publish(_ message: [UInt8], to channel: String) {
    for handler in handlers.withLock({ $0[channel] ?? [] }) { handler(message) }
  }

  public func subscribe(
    to channel: String, onGap: @escaping @Sendable () -> Void, _ handler: @escaping @Sendable ([UInt8]) -> Void
  ) {
    handlers.withLock { $0[channel, default: []].append(handler) }
    onGap()
  }
}
