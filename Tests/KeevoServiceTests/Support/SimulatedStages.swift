import Synchronization

@testable import KeevoService

/// All stages on the caller's thread; a seed decides which of them runs next.
final class SimulatedStages: Stages {
  private struct State {
    var queues: [(stage: Stage, work: [@Sendable () -> Void])] = []
    var random: SeededRandom
  }

  private let state: Mutex<State>

  init(seed: UInt64) { state = Mutex(State(random: SeededRandom(seed: seed))) }

  func run(_ stage: Stage, _ work: @escaping @Sendable () -> Void) {
    state.withLock { state in
      if let place = state.queues.firstIndex(where: { $0.stage == stage }) {
        state.queues[place].work.append(work)
      } else {
        state.queues.append((stage, [work]))
      }
    }
  }

  func repeatEvery(nanoseconds: UInt64, _ work: @escaping @Sendable () -> Void) {}
  func stop() {}

  /// Runs one piece of work; false when there is none.
  func step() -> Bool {
    let work = state.withLock { state -> (@Sendable () -> Void)? in
      let ready = state.queues.indices.filter { !state.queues[$0].work.isEmpty }
      guard !ready.isEmpty else { return nil }
      return state.queues[ready[state.random.below(ready.count)]].work.removeFirst()
    }
    work?()
    return work != nil
  }

  func runAll() { while step() {} }
}
