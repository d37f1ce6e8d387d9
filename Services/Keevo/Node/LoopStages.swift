import EventLoop

/// A thread a stage, but for consensus, whose steps run on the thread that has something for it: on the way of every
/// write they would cost two wake-ups.
final class LoopStages: Stages {
  private let consensus = SerialWork()
  private let log = EventLoop(name: "log")
  private let maintenance = EventLoop(name: "maintenance")
  private let applies: [EventLoop]

  init(applyThreads: Int) {
    applies = (0..<applyThreads).map { EventLoop(name: "apply-\($0)") }
    for loop in [log, maintenance] + applies { loop.start() }
  }

  func run(_ stage: Stage, _ work: @escaping @Sendable () -> Void) {
    switch stage {
    case .consensus: consensus.run(work)
    case .log: log.execute(work)
    case .apply(let thread): applies[thread % applies.count].execute(work)
    case .maintenance: maintenance.execute(work)
    }
  }

  func repeatEvery(nanoseconds: UInt64, _ work: @escaping @Sendable () -> Void) {
    maintenance.execute { [maintenance] in Self.schedule(maintenance, nanoseconds, work) }
  }

  private static func schedule(_ loop: EventLoop, _ nanoseconds: UInt64, _ work: @escaping @Sendable () -> Void) {
    loop.schedule(afterNanoseconds: nanoseconds) { [weak loop] in
      work()
      if let loop { schedule(loop, nanoseconds, work) }
    }
  }

  func stop() { for loop in [log, maintenance] + applies { loop.stop() } }
}
