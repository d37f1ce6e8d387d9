import KeevoClient
import Model

/// How many follow (feeds S1): counted in the sub-batches that make and end edges and records (B16), so that counts are exact
/// and as fresh as the follows themselves.
extension FeedEngine {
  public func followerCount(of feed: FeedID, from groups: [String]?, app: AppID) async throws(FeedError) -> Int {
    let name = feed.nameBytes
    let buckets = try await asked { () async throws(StoreError) -> BucketsRow in
      try await self.buckets(of: name, app.rawValue).row
    }
    return try await count(
      buckets.numbers.map { FeedKeys.bucket($0, of: name, app.rawValue) },
      groups.map { $0.map { FeedKeys.followersCount(group: Array($0.utf8)) } } ?? [FeedKeys.followersCount])
  }

  public func followingCount(of feed: FeedID, in groups: [String]?, app: AppID) async throws(FeedError) -> Int {
    try await count(
      [FeedKeys.feed(feed, app)],
      groups.map { $0.map { FeedKeys.followingCount(group: Array($0.utf8)) } } ?? [FeedKeys.followingCount])
  }

  private func count(_ partitions: [Partition], _ keys: [RowKey]) async throws(FeedError) -> Int {
    let keys = Set(keys)
    let rows = try await asked { () throws(StoreError) in
      try await multiGet(partitions.flatMap { partition in keys.map { .init(partition: partition, key: $0) } })
    }
    return rows.reduce(0) { sum, row in sum + Int(Self.number(row?.value ?? [])) }
  }
}
