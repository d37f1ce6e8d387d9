import KeevoClient
import Model

/// Where rankings get what is counted of activities outside their own bytes (feeds K5).
public protocol ActivityCounts: Sendable {
  /// For each activity the numbers of its live top-level reactions of `kinds`, in that order.
  func reactions(_ kinds: [String], of activities: [ActivityID], app: AppID) async throws(StoreError) -> [[Int]]

  /// For each activity the counters of analytics of these `names`, in that order (insight A75).
  func analytics(_ names: [String], of activities: [ActivityID], app: AppID) async throws(StoreError) -> [[Double]]
}

/// Nothing is counted yet: reactions are not stored, and analytics publishes no counters. Both are 0 then (feeds K5).
public struct NoActivityCounts: ActivityCounts {
  public init() {}

  public func reactions(
    _ kinds: [String], of activities: [ActivityID], app: AppID
  ) async throws(StoreError) -> [[Int]] {
    Array(repeating: Array(repeating: 0, count: kinds.count), count: activities.count)
  }

  public func analytics(
    _ names: [String], of activities: [ActivityID], app: AppID
  ) async throws(StoreError) -> [[Double]] {
    Array(repeating: Array(repeating: 0, count: names.count), count: activities.count)
  }
}
