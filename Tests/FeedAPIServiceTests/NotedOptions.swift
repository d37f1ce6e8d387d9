import Feeds
import Model
import Synchronization

/// Reactions that there are none of; it notes what was asked for.
final class NotedOptions: ReactionSource {
  private let noted = Mutex<EnrichmentOptions?>(nil)

  /// The options of the last call; `nil` if there was none.
  var options: EnrichmentOptions? { noted.withLock { $0 } }

  func reactions(
    _ ids: [ActivityID], options: EnrichmentOptions, app: AppID
  ) async throws(FeedError) -> [ReferenceText?] { ids.map { _ in nil } }

  func members(
    of activities: [ActivityID], options: EnrichmentOptions, app: AppID
  ) async throws(FeedError) -> [ReferenceText] {
    noted.withLock { $0 = options }
    return activities.map { _ in ReferenceText() }
  }
}
