/// Messages to whoever listens now: at most once, nothing kept, nothing durable.
///
/// What must not be lost does not go this way alone: a listener that was away learns of it by `onGap` and looks where the
/// truth lies. `MemoryPubSub` and `RedisPubSub` keep the same contract.
public protocol PubSub: Sendable {
  /// Hands `message` to the listeners of `channel`. Dropped, and counted, while there is no connection.
  func publish(_ message: [UInt8], to channel: String)

  /// Calls `handler` with each message of `channel` from now on, and `onGap` whenever messages may have been missed: after
  /// the subscription first stands, and after each reconnection. Both run on an event loop: be quick.
  func subscribe(
    to channel: String, onGap: @escaping @Sendable () -> Void, _ handler: @escaping @Sendable ([UInt8]) -> Void)
}
