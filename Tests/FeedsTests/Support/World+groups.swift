import Feeds
import KeevoClient
import Model

extension World {
  func groups(
    _ feed: String, app: AppID? = nil, marks: GroupMarks = GroupMarks(),
    _ change: (inout PageRequest) -> Void = { _ in }
  ) async throws -> AggregatedPage {
    var page = PageRequest(limit: 100)
    change(&page)
    let feed = self.feed(feed)
    guard let group = groupSource.group(feed.group, app: self.app) else {
      preconditionFailure("no group: \(feed.group)")
    }
    return try await engine.readGroups(feed, of: group, app: app ?? self.app, page: page, ranked: nil, marks: marks)
  }

  /// A feed's groups as `key activities/actors item,item`, in their order.
  func grouped(_ feed: String) async throws -> [String] { try await groups(feed).groups.map(World.text) }

  static func text(_ group: ActivityGroup) -> String {
    "\(group.key) \(group.activityCount)/\(group.actorCount) \(group.items.map(text).joined(separator: ","))"
  }

  /// How many rows a feed's groups take.
  func aggregateRows(_ feed: String) async throws -> Int {
    try await store.scan(
      ScanRequest(scope: .partition(Partition(app: 1, "f/\(feed)"), RowRange(space: UInt8(ascii: "g"))), limit: 10_000)
    ).rows.count
  }
}
