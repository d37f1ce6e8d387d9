import Auth
import Feeds
import JSON
import Model

extension FeedAPIHandler {
  /// The options of feeds 2.2 and H6–H10, in all their spellings.
  func enrichmentOptions(_ context: RequestContext) throws(APIError) -> EnrichmentOptions {
    let query = context.query
    func isOn(_ names: String...) -> Bool { names.contains { query.boolean($0) } }
    var options = EnrichmentOptions()
    options.withOwnReactions = isOn("withOwnReactions", "with_own_reactions", "ownReactions")
    options.withRecentReactions = isOn("withRecentReactions", "with_recent_reactions")
    options.withFirstReactions = isOn("withFirstReactions", "with_first_reactions")
    options.withReactionCounts = isOn("withReactionCounts", "with_reaction_counts")
    options.withOwnChildren = isOn("withOwnChildren", "with_own_children")
    options.ownChildrenKinds = query.list("withOwnChildrenKinds") ?? query.list("with_own_children_kinds") ?? []
    options.reactionKinds = query.list("reactionKindsFilter") ?? query.list("reaction_kinds_filter") ?? []
    options.recentReactionsLimit = limits.recentReactionsDefault
    for name in ["recentReactionsLimit", "recent_reactions_limit", "reaction_limit"] {
      guard try query.scalar(name) != nil else { continue }
      options.recentReactionsLimit = min(try query.integer(name, default: 0), limits.recentReactionsMax)
      break
    }
    for name in ["user_id", "withUserId"] where options.requestedUser == nil {
      if let user = try query.scalar(name), !user.isEmpty { options.requestedUser = user }
    }
    // A user token may name its own user only; another is ignored (feeds 2.2).
    if case .user(let own) = context.identity, options.requestedUser != own { options.requestedUser = nil }
    // The token's user goes before what the query says (feeds H9).
    options.user = context.identity.userID ?? options.requestedUser
    options.origin = context.origin
    return options
  }

  /// What stands in place of each activity of a page, flat or of any groups.
  func enriched(
    _ items: [FeedItem], _ options: EnrichmentOptions, _ context: RequestContext
  ) async throws(APIError) -> [[UInt8]] {
    do { return try await enrichment.bodies(of: items, options: options, app: context.app.id) } catch {
      throw failed(error, context)
    }
  }

  /// The open body of a list of activities.
  static func results(_ bodies: [[UInt8]]) -> [UInt8] {
    var writer = JSONWriter(reserving: bodies.reduce(64) { $0 + $1.count + 1 })
    writer.splice(#"{"results":["#)
    for (index, body) in bodies.enumerated() {
      if index > 0 { writer.splice(",") }
      writer.splice(body)
    }
    writer.splice("]")
    return writer.bytes
  }

  /// A page of a feed whose activities are enriched, those of groups like flat ones (feeds G8).
  func enriched(
    _ result: FeedPage, _ options: EnrichmentOptions, _ context: RequestContext, feed: FeedID, page: PageRequest
  ) async throws(APIError) -> APIAnswer {
    let bodies = try await enriched(result.items, options, context)
    let next = NextPage.path(
      feed: feed, enriched: true, page: page, result: result, query: context.query, apiKey: context.apiKey)
    let body = result.open(next: next, bodies: bodies)
    // What the references name has no version on the page: its bytes have.
    let etag = PageTag.tag(of: body)
    return APIAnswer(status: 200, open: body, etag: etag)
  }
}
