import Feeds
import Model

/// A feed service that tells the control plane which groups hold data, before it writes to them: then a group's type cannot
/// change under its feeds (insight D30). Reads pass through.
struct GroupUseRecorder<Base: FeedService>: FeedService {
  let base: Base
  /// Must be quick: it is called for every write.
  let note: @Sendable (AppID, _ group: String) -> Void

  func add(
    _ activities: [ActivityInput], to feed: FeedID, _ context: ChangeContext
  ) async throws(FeedError) -> [StoredActivity] {
    note(context.app, feed.group)
    for activity in activities {
      for target in activity.to { note(context.app, target.group) }
    }
    return try await base.add(activities, to: feed, context)
  }

  func addToMany(_ activity: ActivityInput, feeds: [FeedID], _ context: ChangeContext) async throws(FeedError) {
    for group in Set(feeds.map(\.group)) { note(context.app, group) }
    try await base.addToMany(activity, feeds: feeds, context)
  }

  func update(_ activities: [ActivityInput], _ context: ChangeContext) async throws(FeedError) {
    try await base.update(activities, context)
  }

  func update(
    _ changes: [ActivityChange], limits: ActivityLimits, _ context: ChangeContext
  ) async throws(FeedError) -> [StoredActivity] {
    try await base.update(changes, limits: limits, context)
  }

  func updateTargets(
    _ requests: [TargetsChange], in feed: FeedID, _ context: ChangeContext
  ) async throws(FeedError) -> [TargetsOutcome] {
    for request in requests {
      let gained =
        switch request.change {
        case .replace(let feeds): feeds
        case .edit(let added, _): added
        }
      for group in Set(gained.map(\.group)) { note(context.app, group) }
    }
    return try await base.updateTargets(requests, in: feed, context)
  }

  func erase(_ erasures: [(id: ActivityID, feeds: [FeedID])], _ context: ChangeContext) async throws(FeedError) {
    try await base.erase(erasures, context)
  }

  func activities(of user: String, app: AppID, max: Int) async throws(FeedError) -> [ActivityID] {
    try await base.activities(of: user, app: app, max: max)
  }

  func auditLogs(_ query: AuditLog.Query, app: AppID) async throws(FeedError) -> AuditLog.Page {
    try await base.auditLogs(query, app: app)
  }

  func follow(_ requests: [FollowRequest], app: AppID, traceID: [UInt8]) async throws(FeedError) {
    for request in requests {
      note(app, request.source.group)
      note(app, request.target.group)
    }
    try await base.follow(requests, app: app, traceID: traceID)
  }

  func remove(_ id: ActivityID, from feed: FeedID, _ context: ChangeContext) async throws(FeedError) {
    try await base.remove(id, from: feed, context)
  }

  func remove(foreignID: String, from feed: FeedID, _ context: ChangeContext) async throws(FeedError) {
    try await base.remove(foreignID: foreignID, from: feed, context)
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

  func readGroups(
    _ feed: FeedID, of group: FeedGroup, app: AppID, page: PageRequest, ranked: RankedRequest?, marks: GroupMarks
  ) async throws(FeedError) -> AggregatedPage {
    try await base.readGroups(feed, of: group, app: app, page: page, ranked: ranked, marks: marks)
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

  func followerCount(of feed: FeedID, from groups: [String]?, app: AppID) async throws(FeedError) -> Int {
    try await base.followerCount(of: feed, from: groups, app: app)
  }

  func followingCount(of feed: FeedID, in groups: [String]?, app: AppID) async throws(FeedError) -> Int {
    try await base.followingCount(of: feed, in: groups, app: app)
  }
}
