import KeevoClient
import Model

/// How many follow (feeds S1): counted in the sub-batches that make and end edges and records (B16), so that counts are exact
/// and as fresh as the follows themselves.
extension FeedEngine {
  public func followerCount(of feed: FeedID, from groups: [String]?, app: AppID) async throws(FeedError) -> Int {
    try await count(
      feed, groups.map { $0.map { FeedKeys.followersCount(group: Array($0.utf8)) } } ?? [FeedKeys.followersCount], app)
  }

  public func followingCount(of feed: FeedID, in groups: [String]?, app: AppID) async throws(FeedError) -> Int {
    try await count(
      feed, groups.map { $0.map { FeedKeys.followingCount(group: Array($0.utf8)) } } ?? [FeedKeys.followingCount], app)
  }

  private func count(_ feed: FeedID, _ keys: [RowKey], _ app: AppID) async throws(FeedError) -> Int {
    let partition = FeedKeys.feed(feed, app)
    let rows = try await asked { () throws(StoreError) in
      try await multiGet(Set(keys).map { .init(partition: partition, key: $0) })
    }
    return rows.reduce(0) { sum, row in sum + Int(Self.number(row?.value ?? [])) }
  }
}
