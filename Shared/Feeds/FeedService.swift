import KeevoClient
import Model

/// What services ask of the feed domain. `FeedEngine` is the one on a store; feed-api's module tests use a double.
///
/// The caller has checked permissions, forms and that each group exists, and that what is followed is flat.
/// `traceID`: sixteen bytes, or none.
public protocol FeedService: Sendable {
  /// Adds activities to a feed in list order, with their `to` targets, and fans out (feeds F4, F9, F10, T5).
  /// Gives them in the order of the request, as they are now stored.
  func add(
    _ activities: [ActivityInput], to feed: FeedID, _ context: ChangeContext
  ) async throws(FeedError) -> [StoredActivity]

  /// Puts one activity into each of the feeds, but not into their followers' (feeds F20).
  func addToMany(_ activity: ActivityInput, feeds: [FeedID], _ context: ChangeContext) async throws(FeedError)

  /// Replaces the content of activities with foreign id and time wholly; creates those there are not, in no feed
  /// (feeds F14).
  func update(_ activities: [ActivityInput], _ context: ChangeContext) async throws(FeedError)

  /// Changes parts of activities (feeds F15–F17) and gives them in the order of the request. Nothing is changed if one of
  /// them does not exist (`missing`) or would become what is not allowed (`activity`, `invalid`).
  func update(
    _ changes: [ActivityChange], limits: ActivityLimits, _ context: ChangeContext
  ) async throws(FeedError) -> [StoredActivity]

  /// Changes the `to` targets of activities that are in `feed` (feeds F21), in list order.
  func updateTargets(
    _ requests: [TargetsChange], in feed: FeedID, _ context: ChangeContext
  ) async throws(FeedError) -> [TargetsOutcome]

  /// Removes one activity from a feed (feeds F18, F19). Removing what is not there is no error.
  func remove(_ id: ActivityID, from feed: FeedID, _ context: ChangeContext) async throws(FeedError)

  /// Removes every activity of the feed that has this foreign id.
  func remove(foreignID: String, from feed: FeedID, _ context: ChangeContext) async throws(FeedError)

  /// Removes activities everywhere, from the feeds named beside each in any case (feeds S5).
  func erase(_ erasures: [(id: ActivityID, feeds: [FeedID])], _ context: ChangeContext) async throws(FeedError)

  /// The activities whose actor is `user` or `SU:user`, oldest first, as far as they were added while data privacy was on (feeds
  /// 2.17). More than `max` are refused (`invalid`).
  func activities(of user: String, app: AppID, max: Int) async throws(FeedError) -> [ActivityID]

  /// A page of the app's audit log (feeds S3, S4).
  func auditLogs(_ query: AuditLog.Query, app: AppID) async throws(FeedError) -> AuditLog.Page

  /// Activities by id, `nil` for those there are not, in the order asked.
  func activities(_ ids: [ActivityID], app: AppID) async throws(FeedError) -> [StoredActivity?]

  func readFlat(_ feed: FeedID, app: AppID, page: PageRequest) async throws(FeedError) -> FlatPage

  /// A page in the order of scores (feeds K2, K8): each activity's body ends with `score` and what else was asked for.
  func readRanked(_ feed: FeedID, app: AppID, request: RankedRequest) async throws(FeedError) -> FlatPage

  /// A page of an aggregated or notification feed of that group (feeds G, N). The bounds of `page` name groups (G6), its filter
  /// chooses among the activities that groups show. `ranked`, if there is one, holds the same page and orders the groups by the
  /// scores of their newest activities (K10). `marks` take effect after the page has been built (N4).
  func readGroups(
    _ feed: FeedID, of group: FeedGroup, app: AppID, page: PageRequest, ranked: RankedRequest?, marks: GroupMarks
  ) async throws(FeedError) -> AggregatedPage

  /// Follows in list order (feeds W1–W7, B11). A relation that stands stays as it is.
  func follow(_ requests: [FollowRequest], app: AppID, traceID: [UInt8]) async throws(FeedError)

  func unfollow(_ requests: [UnfollowRequest], app: AppID, traceID: [UInt8]) async throws(FeedError)

  /// Whom `feed` follows, newest first.
  func following(_ feed: FeedID, app: AppID, list: FollowListRequest) async throws(FeedError) -> [FollowRelation]

  /// Who follows `feed`, newest first.
  func followers(_ feed: FeedID, app: AppID, list: FollowListRequest) async throws(FeedError) -> [FollowRelation]

  /// How many feeds follow `feed`, of these groups or of all (feeds S1).
  func followerCount(of feed: FeedID, from groups: [String]?, app: AppID) async throws(FeedError) -> Int

  /// How many feeds `feed` follows, in these groups or in all (feeds S1).
  func followingCount(of feed: FeedID, in groups: [String]?, app: AppID) async throws(FeedError) -> Int
}

extension FeedService {
  /// An add that the audit log does not note.
  public func add(
    _ activities: [ActivityInput], to feed: FeedID, app: AppID, traceID: [UInt8]
  ) async throws(FeedError) -> [StoredActivity] {
    try await add(activities, to: feed, ChangeContext(app: app, traceID: traceID))
  }

  /// A removal that the audit log does not note.
  public func remove(_ id: ActivityID, from feed: FeedID, app: AppID, traceID: [UInt8]) async throws(FeedError) {
    try await remove(id, from: feed, ChangeContext(app: app, traceID: traceID))
  }

  /// A removal that the audit log does not note.
  public func remove(foreignID: String, from feed: FeedID, app: AppID, traceID: [UInt8]) async throws(FeedError) {
    try await remove(foreignID: foreignID, from: feed, ChangeContext(app: app, traceID: traceID))
  }
}
