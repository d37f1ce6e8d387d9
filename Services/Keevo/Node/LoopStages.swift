import EventLoop

/// A thread a stage.
final class LoopStages: Stages {
  private let consensus = EventLoop(name: "consensus")
  private let log = EventLoop(name: "log")
  private let maintenance = EventLoop(name: "maintenance")
  private let applies: [EventLoop]

  init(applyThreads: Int) {
    applies = (0..<applyThreads).map { EventLoop(name: "apply-\($0)") }
    for loop in [consensus, log, maintenance] + applies { loop.start() }
  }

  private func loop(_ stage: Stage) -> EventLoop {
    switch stage {
    case .consensus: consensus
    case .log: log
    case .apply(let thread): applies[thread % applies.count]
    case .maintenance: maintenance
    }
  }

  func run(_ stage: Stage, _ work: @escaping @Sendable () -> Void) { loop(stage).execute(work) }

  func repeatEvery(nanoseconds: UInt64, _ work: @escaping @Sendable () -> Void) {
    maintenance.execute { [maintenance] in Self.schedule(maintenance, nanoseconds, work) }
  }

  private static func schedule(_ loop: EventLoop, _ nanoseconds: UInt64, _ work: @escaping @Sendable () -> Void) {
    loop.schedule(afterNanoseconds: nanoseconds) { [weak loop] in
      work()
      if let loop { schedule(loop, nanoseconds, work) }
    }
  }

  func stop() { for loop in [consensus, log, maintenance] + applies { loop.stop() } }
}
