import Model

/// What services ask of reactions (feeds 2.9, 3.9). `FeedEngine` is the one on a store.
///
/// The caller has checked permissions and forms, and that the groups of target feeds exist and can be written to.
public protocol ReactionService: Sendable {
  /// Adds a reaction and, where it names target feeds, the activity in them (feeds R2–R9).
  func addReaction(_ input: ReactionInput, _ context: ChangeContext) async throws(ReactionError) -> Reaction

  /// Changes a live reaction; gives it as it is then (feeds R10).
  func updateReaction(
    _ id: ActivityID, _ change: ReactionChange, _ context: ChangeContext
  ) async throws(ReactionError) -> Reaction

  /// Deletes a reaction with its children and their activities in target feeds; with `soft` until it is restored
  /// (feeds R11, R12).
  func deleteReaction(_ id: ActivityID, soft: Bool, _ context: ChangeContext) async throws(ReactionError)

  /// Undoes a soft deletion; gives the reaction (feeds R12).
  func restoreReaction(_ id: ActivityID, _ context: ChangeContext) async throws(ReactionError) -> Reaction

  /// Reactions by id, `nil` for those there are not, in the order asked; soft-deleted ones have `deletedAt`.
  func reactions(_ ids: [ActivityID], app: AppID) async throws(ReactionError) -> [Reaction?]

  /// The same with what is shown inside them.
  func reactionTrees(
    _ ids: [ActivityID], ownChildren: OwnChildrenRequest?, app: AppID
  ) async throws(ReactionError) -> [ReactionTree?]

  /// A page of live reactions (feeds R13–R17).
  func listReactions(
    _ request: ReactionListRequest, ownChildren: OwnChildrenRequest?, app: AppID
  ) async throws(ReactionError) -> ReactionPage

  /// What enriched reads add to activities, in the order asked (feeds H6–H11).
  func reactionMembers(
    of activities: [ActivityID], _ request: ReactionMembersRequest, app: AppID
  ) async throws(ReactionError) -> [ReactionMembers]

  /// How many top-level reactions of each kind activities have, in the order asked.
  func reactionCounts(of activities: [ActivityID], app: AppID) async throws(ReactionError) -> [[ReactionCount]]

  /// Ids of all of a user's reactions, children included, oldest first, from after `after` on; at most `limit`.
  func reactionIDs(
    ofUser user: String, after: ActivityID?, limit: Int, app: AppID
  ) async throws(ReactionError) -> [ActivityID]
}

extension ReactionService {
  /// Deletes those of the reactions that there are (feeds S5).
  public func deleteReactions(
    _ ids: [ActivityID], soft: Bool, _ context: ChangeContext
  ) async throws(ReactionError) {
    for id in ids {
      do throws(ReactionError) {
        try await deleteReaction(id, soft: soft, context)
      } catch .unknown {
        // Gone already, or never there.
      }
    }
  }
}
