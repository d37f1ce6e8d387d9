import Synchronization

/// A number that several threads may change.
final class SharedCount: Sendable {
  private let count = Atomic<Int>(0)
  var value: Int { count.load(ordering: .sequentiallyConsistent) }
  @discardableResult
  func add(_ amount: Int) -> Int { count.add(amount, ordering: .sequentiallyConsistent).newValue }
  func raise(to value: Int) { _ = count.max(value, ordering: .sequentiallyConsistent) }
}
