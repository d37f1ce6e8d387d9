import KeevoClient
import Synchronization

/// Gathers the answers of a call's parts and resumes the caller once, when the last has come.
final class PendingCall: Sendable {
  private struct State {
    var results: [Result<CommandResult, StoreError>?]
    var missing: Int
    var continuation: UnsafeContinuation<[Result<CommandResult, StoreError>], Never>?
  }

  private let state: Mutex<State>

  init(parts: Int, _ continuation: UnsafeContinuation<[Result<CommandResult, StoreError>], Never>) {
    state = Mutex(State(results: Array(repeating: nil, count: parts), missing: parts, continuation: continuation))
  }

  func complete(_ part: Int, _ result: Result<CommandResult, StoreError>) {
    let done = state.withLock {
      state -> (UnsafeContinuation<[Result<CommandResult, StoreError>], Never>, [Result<CommandResult, StoreError>])? in
      guard state.results[part] == nil else { return nil }
      state.results[part] = result
      state.missing -= 1
      guard state.missing == 0, let continuation = state.continuation else { return nil }
      state.continuation = nil
      return (continuation, state.results.compactMap { $0 })
    }
    if let (continuation, results) = done { continuation.resume(returning: results) }
  }
}
