import Synchronization

/// Lets a number of calls through.
final class CallBudget: Sendable {
  private let count: Int
  private let left: Mutex<Int>

  init(_ count: Int) {
    self.count = count
    left = Mutex(count)
  }

  /// Calls asked for so far.
  var used: Int { count - left.withLock { $0 } }

  /// Whether a call was refused.
  var isSpent: Bool { left.withLock { $0 < 0 } }

  func take() -> Bool {
    left.withLock {
      $0 -= 1
      return $0 >= 0
    }
  }
}
