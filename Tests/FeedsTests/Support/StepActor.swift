import KeevoClient
import Synchronization

/// One of those who act at a time on the store: a client's request or a worker's job, stopped before each of its calls.
final class StepActor: Sendable {
  private struct State {
    var waiting: [CheckedContinuation<Bool, Never>] = []
    var crashed = false
    var finished = false
    var failed = false
  }

  let name: String
  /// The request it makes, by its number in the history.
  let operation: Int?
  let signal: CommitSignal?
  private let state = Mutex(State())

  init(_ name: String, operation: Int? = nil, signal: CommitSignal? = nil) {
    self.name = name
    self.operation = operation
    self.signal = signal
  }

  var isFinished: Bool { state.withLock { $0.finished } }
  /// Whether the request came to an answer other than success.
  var hasFailed: Bool { state.withLock { $0.failed } }

  func finish(failed: Bool) {
    state.withLock {
      $0.finished = true
      $0.failed = failed
    }
  }

  /// The gate before each call.
  func gate() async throws(StoreError) {
    let goes = await withCheckedContinuation { continuation in
      let now = state.withLock { state -> Bool in
        if !state.crashed { state.waiting.append(continuation) }
        return state.crashed
      }
      if now { continuation.resume(returning: false) }
    }
    if !goes { throw .failed("crashed") }
  }

  /// A pause: one step that touches nothing.
  func pause() async {
    do { try await gate() } catch { return }
  }

  /// Lets one call through; `false` if none waits.
  func step(_ random: inout SeededGenerator) -> Bool {
    let count = state.withLock { $0.waiting.count }
    if count == 0 { return false }
    let index = random.below(count)
    state.withLock { $0.waiting.remove(at: index) }.resume(returning: true)
    return true
  }

  /// Ends it here: no further call happens.
  func crash() {
    let waiting = state.withLock { state in
      state.crashed = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume(returning: false) }
  }
}
