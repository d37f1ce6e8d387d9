import Jobs
import KeevoClient
import Model

extension FeedEngine {
  public func following(
    _ feed: FeedID, app: AppID, list: FollowListRequest
  ) async throws(FeedError) -> [FollowRelation] {
    let partition = FeedKeys.feed(feed, app)
    do throws(StoreError) {
      if list.filter.isEmpty {
        return try await ordered([partition], FeedKeys.followOrderSpace, list) { other, row in
          FollowRelation(source: feed, target: other, createdAt: row.createdAt, updatedAt: row.updatedAt)
        }
      }
      let targets = Self.distinct(list.filter)
      let rows = try await multiGet(targets.map { .init(partition: partition, key: FeedKeys.follow($0.nameBytes)) })
      var found: [(epoch: Stamp, relation: FollowRelation)] = []
      for (target, row) in zip(targets, rows) {
        guard let record = try followRecord(row), record.state == .live else { continue }
        let relation = FollowRelation(
          source: feed, target: target, createdAt: record.createdAt, updatedAt: record.updatedAt)
        found.append((record.epoch, relation))
      }
      return Self.page(found.sorted { $0.epoch > $1.epoch }.map(\.relation), list)
    } catch {
      throw .store(error)
    }
  }

  public func followers(
    _ feed: FeedID, app: AppID, list: FollowListRequest
  ) async throws(FeedError) -> [FollowRelation] {
    let name = feed.nameBytes
    do throws(StoreError) {
      let buckets = try await buckets(of: name, app.rawValue).row
      if list.filter.isEmpty {
        let partitions = buckets.numbers.map { FeedKeys.bucket($0, of: name, app.rawValue) }
        return try await ordered(partitions, FeedKeys.followerOrderSpace, list) { other, row in
          FollowRelation(source: other, target: feed, createdAt: row.createdAt, updatedAt: row.updatedAt)
        }
      }
      let sources = Self.distinct(list.filter)
      let rows = try await multiGet(
        sources.map { source in
          let bucket = buckets.buckets[buckets.index(of: FeedKeys.feedHash(source.nameBytes))]
          return .init(
            partition: FeedKeys.bucket(bucket.read, of: name, app.rawValue), key: FeedKeys.follower(source.nameBytes))
        })
      var found: [FollowRelation] = []
      for (source, row) in zip(sources, rows) {
        guard let edge = try edge(row), edge.state == .live else { continue }
        found.append(
          FollowRelation(source: source, target: feed, createdAt: edge.createdAt, updatedAt: edge.updatedAt))
      }
      return Self.page(found.sorted { $0.createdAt > $1.createdAt }, list)
    } catch {
      throw .store(error)
    }
  }

  private static func distinct(_ feeds: [FeedID]) -> [FeedID] {
    var seen: Set<FeedID> = []
    return feeds.filter { seen.insert($0).inserted }
  }

  private static func page(_ all: [FollowRelation], _ list: FollowListRequest) -> [FollowRelation] {
    Array(all.dropFirst(max(0, list.offset)).prefix(max(0, list.limit)))
  }

  /// A page of the order rows of some partitions, newest first; what two have is listed once.
  private func ordered(
    _ partitions: [Partition], _ space: UInt8, _ list: FollowListRequest,
    _ relation: (FeedID, FollowOrderRow) -> FollowRelation
  ) async throws(StoreError) -> [FollowRelation] {
    let wanted = max(0, list.offset) + max(0, list.limit)
    var rows: [Row] = []
    for partition in partitions {
      var found = 0
      var cursor: [UInt8] = []
      while found < wanted {
        let page = try await store.scan(
          ScanRequest(
            scope: .partition(partition, RowRange(space: space)), reverse: true,
            limit: min(StoreLimits.scanRowsMax, wanted - found), cursor: cursor))
        rows += page.rows
        found += page.rows.count
        cursor = page.next
        if cursor.isEmpty { break }
      }
    }
    if partitions.count > 1 {
      var seen: Set<RowKey> = []
      rows = rows.filter { seen.insert($0.key).inserted }.sorted {
        $1.key.rest.lexicographicallyPrecedes($0.key.rest)
      }
    }
    var out: [FollowRelation] = []
    for row in rows.dropFirst(max(0, list.offset)).prefix(max(0, list.limit)) {
      let order: FollowOrderRow
      do { order = try FollowOrderRow(row.value) } catch { throw .unknownFormat("order row: \(error)") }
      guard let other = FeedID(nameBytes: order.other) else { throw .unknownFormat("a followed feed's name") }
      out.append(relation(other, order))
    }
    return out
  }
}
