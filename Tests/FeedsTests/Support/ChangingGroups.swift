import Model
import Synchronization

/// Feed groups that a test changes.
final class ChangingGroups: FeedGroupSource {
  private let groups: Mutex<[String: FeedGroup]>

  init(_ groups: [FeedGroup]) {
    self.groups = Mutex(Dictionary(groups.map { ($0.slug, $0) }, uniquingKeysWith: { $1 }))
  }

  func set(_ group: FeedGroup) { groups.withLock { $0[group.slug] = group } }
  func group(_ slug: String, app: AppID) -> FeedGroup? { groups.withLock { $0[slug] } }
}
