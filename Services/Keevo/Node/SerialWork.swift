import Synchronization

/// Runs what it is given on the caller's thread, in order and never two at once: who comes while another runs leaves the
/// work to that one. For steps so short that a thread of their own would cost more in wake-ups than they take
/// ("Flat combining", Hendler, Incze, Shavit, Tzafrir, 2010).
final class SerialWork: Sendable {
  private struct State {
    var waiting: [@Sendable () -> Void] = []
    var isRunning = false
  }

  private let state = Mutex(State())

  func run(_ work: @escaping @Sendable () -> Void) {
    let mustRun = state.withLock { state in
      state.waiting.append(work)
      defer { state.isRunning = true }
      return !state.isRunning
    }
    guard mustRun else { return }
    while true {
      let batch = state.withLock { state in
        defer { state.waiting = [] }
        if state.waiting.isEmpty { state.isRunning = false }
        return state.waiting
      }
      if batch.isEmpty { return }
      for work in batch { work() }
    }
  }
}
