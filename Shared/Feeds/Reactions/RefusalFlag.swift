import Synchronization

/// Set when the visible part of a request finds that the request must be refused after all.
final class RefusalFlag: Sendable {
  private let state = Mutex(false)
  var isSet: Bool { state.withLock { $0 } }
  func set() { state.withLock { $0 = true } }
}
