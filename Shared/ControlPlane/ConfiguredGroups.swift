import Model

/// The feed groups of the newest snapshot.
public struct ConfiguredGroups: FeedGroupSource {
  private let configuration: any ConfigurationSource

  public init(_ configuration: any ConfigurationSource) { self.configuration = configuration }

  public func group(_ slug: String, app: AppID) -> FeedGroup? { configuration.current.apps[app]?.groups[slug] }
}
