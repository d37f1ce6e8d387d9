import Synchronization

/// The loops of one process, one a core.
public final class EventLoopGroup: Sendable {
  public let loops: [EventLoop]
  private let turn = Atomic<Int>(0)

  /// Makes and starts `count` loops.
  public init(count: Int, name: String = "loop") {
    loops = (0..<max(1, count)).map { EventLoop(name: "\(name)-\($0)") }
    for loop in loops { loop.start() }
  }

  /// The current loop, or the next one in turn when called from elsewhere.
  public func any() -> EventLoop {
    if let current = EventLoop.current, loops.contains(where: { $0 === current }) { return current }
    return loops[turn.add(1, ordering: .relaxed).oldValue % loops.count]
  }

  public func stop() { for loop in loops { loop.stop() } }
}
