import Feeds
import Model

/// A feed service that tells the control plane which groups hold data, before it writes to them: then a group's type cannot
/// change under its feeds (insight D30). Reads pass through.
struct GroupUseRecorder<Base: FeedService>: FeedService {
  let base: Base
  /// Must be quick: it is called for every write.
  let note: @Sendable (AppID, _ group: String) -> Void

  func add(
    _ activities: [ActivityInput], to feed: FeedID, app: AppID, traceID: [UInt8]
  ) async throws(FeedError) -> [StoredActivity] {
    note(app, feed.group)
    for activity in activities {
      for target in activity.to { note(app, target.group) }
    }
    return try await base.add(activities, to: feed, app: app, traceID: traceID)
  }

  func follow(_ requests: [FollowRequest], app: AppID, traceID: [UInt8]) async throws(FeedError) {
    for request in requests {
      note(app, request.source.group)
      note(app, request.target.group)
    }
    try await base.follow(requests, app: app, traceID: traceID)
  }

  func remove(_ id: ActivityID, from feed: FeedID, app: AppID, traceID: [UInt8]) async throws(FeedError) {
    try await base.remove(id, from: feed, app: app, traceID: traceID)
  }

  func remove(foreignID: String, from feed: FeedID, app: AppID, traceID: [UInt8]) async throws(FeedError) {
    try await base.remove(foreignID: foreignID, from: feed, app: app, traceID: traceID)
  }

  func activities(_ ids: [ActivityID], app: AppID) async throws(FeedError) -> [StoredActivity?] {
    try await base.activities(ids, app: app)
  }

  func readFlat(_ feed: FeedID, app: AppID, page: PageRequest) async throws(FeedError) -> FlatPage {
    try await base.readFlat(feed, app: app, page: page)
  }

  func readRanked(_ feed: FeedID, app: AppID, request: RankedRequest) async throws(FeedError) -> FlatPage {
    try await base.readRanked(feed, app: app, request: request)
  }

  func unfollow(_ requests: [UnfollowRequest], app: AppID, traceID: [UInt8]) async throws(FeedError) {
    try await base.unfollow(requests, app: app, traceID: traceID)
  }

  func following(_ feed: FeedID, app: AppID, list: FollowListRequest) async throws(FeedError) -> [FollowRelation] {
    try await base.following(feed, app: app, list: list)
  }

  func followers(_ feed: FeedID, app: AppID, list: FollowListRequest) async throws(FeedError) -> [FollowRelation] {
    try await base.followers(feed, app: app, list: list)
  }
}
