import Feeds
import Model

/// What `GroupUseRecorder` is for feeds, for reactions: their target feeds' groups hold data from then on. Reads pass
/// through.
struct ReactionGroupRecorder<Base: ReactionService>: ReactionService {
  let base: Base
  /// Must be quick: it is called for every write.
  let note: @Sendable (AppID, _ group: String) -> Void

  func addReaction(_ input: ReactionInput, _ context: ChangeContext) async throws(ReactionError) -> Reaction {
    for feed in input.targetFeeds { note(context.app, feed.group) }
    return try await base.addReaction(input, context)
  }

  func updateReaction(
    _ id: ActivityID, _ change: ReactionChange, _ context: ChangeContext
  ) async throws(ReactionError) -> Reaction {
    for feed in change.targetFeeds ?? [] { note(context.app, feed.group) }
    return try await base.updateReaction(id, change, context)
  }

  func deleteReaction(_ id: ActivityID, soft: Bool, _ context: ChangeContext) async throws(ReactionError) {
    try await base.deleteReaction(id, soft: soft, context)
  }

  func restoreReaction(_ id: ActivityID, _ context: ChangeContext) async throws(ReactionError) -> Reaction {
    try await base.restoreReaction(id, context)
  }

  func reactions(_ ids: [ActivityID], app: AppID) async throws(ReactionError) -> [Reaction?] {
    try await base.reactions(ids, app: app)
  }

  func reactionTrees(
    _ ids: [ActivityID], ownChildren: OwnChildrenRequest?, app: AppID
  ) async throws(ReactionError) -> [ReactionTree?] {
    try await base.reactionTrees(ids, ownChildren: ownChildren, app: app)
  }

  func listReactions(
    _ request: ReactionListRequest, ownChildren: OwnChildrenRequest?, app: AppID
  ) async throws(ReactionError) -> ReactionPage {
    try await base.listReactions(request, ownChildren: ownChildren, app: app)
  }

  func reactionMembers(
    of activities: [ActivityID], _ request: ReactionMembersRequest, app: AppID
  ) async throws(ReactionError) -> [ReactionMembers] {
    try await base.reactionMembers(of: activities, request, app: app)
  }

  func reactionCounts(of activities: [ActivityID], app: AppID) async throws(ReactionError) -> [[ReactionCount]] {
    try await base.reactionCounts(of: activities, app: app)
  }

  func reactionIDs(
    ofUser user: String, after: ActivityID?, limit: Int, app: AppID
  ) async throws(ReactionError) -> [ActivityID] {
    try await base.reactionIDs(ofUser: user, after: after, limit: limit, app: app)
  }
}
