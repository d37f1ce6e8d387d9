/// Tells the feed domain what kind of feeds a group holds and how they aggregate: the control plane's snapshot behind a seam.
public protocol FeedGroupSource: Sendable {
  /// `nil` where the app has no such group, or this process has not heard of it yet.
  func group(_ slug: String, app: AppID) -> FeedGroup?
}

/// The same groups in every app.
public struct FixedGroups: FeedGroupSource {
  private let groups: [String: FeedGroup]

  public init(_ groups: [FeedGroup] = FeedGroup.standard) {
    self.groups = Dictionary(groups.map { ($0.slug, $0) }, uniquingKeysWith: { $1 })
  }

  public func group(_ slug: String, app: AppID) -> FeedGroup? { groups[slug] }
}
