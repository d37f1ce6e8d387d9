import Model

/// An app without any reactions: every member that is asked for is there, and empty (feeds H6).
public struct NoReactions: ReactionSource {
  public init() {}

  public func reactions(
    _ ids: [ActivityID], options: EnrichmentOptions, app: AppID
  ) async throws(FeedError) -> [ReferenceText?] { ids.map { _ in nil } }

  public func members(
    of activities: [ActivityID], options: EnrichmentOptions, app: AppID
  ) async throws(FeedError) -> [ReferenceText] {
    var text = ReferenceText()
    if options.withOwnReactions { text.splice(#","own_reactions":{}"#) }
    if options.withRecentReactions || options.withFirstReactions {
      text.splice(#","latest_reactions":{},"latest_reactions_extra":{}"#)
    }
    if options.withReactionCounts { text.splice(#","reaction_counts":{}"#) }
    return activities.map { _ in text }
  }
}
