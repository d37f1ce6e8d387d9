import Model

/// What enrichment asks of reactions. It resolves the references that the texts hold, such as a reaction's `user`
/// (feeds H12), together with those of the page.
public protocol ReactionSource: Sendable {
  /// Reactions that `SR:` names, as in feeds 2.9 without `duration` (H2), in the order asked; `nil` for those that are not there
  /// or are deleted, softly too (H3).
  func reactions(
    _ ids: [ActivityID], options: EnrichmentOptions, app: AppID
  ) async throws(FeedError) -> [ReferenceText?]

  /// The members that the options add to each of these activities (H6, H7), in the order of H6, each after a comma, as in
  /// `,"own_reactions":{},"reaction_counts":{"like":7}`.
  func members(
    of activities: [ActivityID], options: EnrichmentOptions, app: AppID
  ) async throws(FeedError) -> [ReferenceText]
}
