import KeevoClient
import Model

/// What services ask of the feed domain. `FeedEngine` is the one on a store; feed-api's module tests use a double.
///
/// The caller has checked permissions, forms and that each group exists and is flat.
/// `traceID`: sixteen bytes, or none.
public protocol FeedService: Sendable {
  /// Adds activities to a feed in list order, with their `to` targets, and fans out (feeds F4, F9, F10, T5).
  /// Gives them in the order of the request, as they are now stored.
  func add(
    _ activities: [ActivityInput], to feed: FeedID, app: AppID, traceID: [UInt8]
  ) async throws(FeedError) -> [StoredActivity]

  /// Removes one activity from a feed (feeds F18, F19). Removing what is not there is no error.
  func remove(_ id: ActivityID, from feed: FeedID, app: AppID, traceID: [UInt8]) async throws(FeedError)

  /// Removes every activity of the feed that has this foreign id.
  func remove(foreignID: String, from feed: FeedID, app: AppID, traceID: [UInt8]) async throws(FeedError)

  /// Activities by id, `nil` for those there are not, in the order asked.
  func activities(_ ids: [ActivityID], app: AppID) async throws(FeedError) -> [StoredActivity?]

  func readFlat(_ feed: FeedID, app: AppID, page: PageRequest) async throws(FeedError) -> FlatPage

  /// A page in the order of scores (feeds K2, K8): each activity's body ends with `score` and what else was asked for.
  func readRanked(_ feed: FeedID, app: AppID, request: RankedRequest) async throws(FeedError) -> FlatPage

  /// Follows in list order (feeds W1–W7, B11). A relation that stands stays as it is.
  func follow(_ requests: [FollowRequest], app: AppID, traceID: [UInt8]) async throws(FeedError)

  func unfollow(_ requests: [UnfollowRequest], app: AppID, traceID: [UInt8]) async throws(FeedError)

  /// Whom `feed` follows, newest first.
  func following(_ feed: FeedID, app: AppID, list: FollowListRequest) async throws(FeedError) -> [FollowRelation]

  /// Who follows `feed`, newest first.
  func followers(_ feed: FeedID, app: AppID, list: FollowListRequest) async throws(FeedError) -> [FollowRelation]
}
