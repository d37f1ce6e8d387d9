import Synchronization

/// Holds a result across tasks.
final class ResultBox<T: Sendable>: Sendable {
  private let value = Mutex<T?>(nil)
  func put(_ new: T) { value.withLock { $0 = new } }
  func take() -> T? { value.withLock { $0 } }
}
