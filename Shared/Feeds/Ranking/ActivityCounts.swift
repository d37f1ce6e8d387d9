import KeevoClient
import Model

/// Where rankings get what is counted of activities outside their own bytes (feeds K5).
public protocol ActivityCounts: Sendable {
  /// For each activity the numbers of its live top-level reactions of `kinds`, in that order.
  func reactions(_ kinds: [String], of activities: [ActivityID], app: AppID) async throws(StoreError) -> [[Int]]

  /// For each activity the counters of analytics of these `names`, in that order (insight A75).
  func analytics(_ names: [String], of activities: [ActivityID], app: AppID) async throws(StoreError) -> [[Double]]
}

/// The counts of reactions as they are stored. Analytics publishes no counters yet: they are 0 (feeds K5).
public struct StoredActivityCounts: ActivityCounts {
  let store: any KeyValueStore

  public init(store: any KeyValueStore) { self.store = store }

  /// One call for each 10,000 numbers.
  public func reactions(
    _ kinds: [String], of activities: [ActivityID], app: AppID
  ) async throws(StoreError) -> [[Int]] {
    if kinds.isEmpty { return activities.map { _ in [] } }
    let names = kinds.map { Array($0.utf8) }
    var items = activities.flatMap { id in
      let list = ReactionList(id: id, epoch: .zero)
      return names.map { MultiGetRequest.Item(partition: list.partition(app), key: list.count($0)) }
    }[...]
    var numbers: [Int] = []
    while !items.isEmpty {
      let part = Array(items.prefix(StoreLimits.multiGetKeysMax))
      items = items.dropFirst(part.count)
      let rows = try await store.multiGet(MultiGetRequest(items: part)).rows
      guard rows.count == part.count else { throw .unknown("the store answered another number of rows") }
      numbers += try rows.map { row throws(StoreError) in
        try row.map { row throws(StoreError) in try ReactionList.number(row.value) } ?? 0
      }
    }
    return stride(from: 0, to: numbers.count, by: kinds.count).map { Array(numbers[$0..<$0 + kinds.count]) }
  }

  public func analytics(
    _ names: [String], of activities: [ActivityID], app: AppID
  ) async throws(StoreError) -> [[Double]] {
    Array(repeating: Array(repeating: 0, count: names.count), count: activities.count)
  }
}
