import Auth
import Feeds
import HTTP
import JSON
import Model

/// Lists of reactions (feeds 2.9, R13–R18).
extension FeedAPIHandler {
  /// `GET reaction/{lookup}/{value}/[{kind}/]`.
  func listReactions(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let query = context.query
    let value = context.parameters["value"] ?? ""
    let lookup = context.parameters["id"] ?? ""
    var request = ReactionListRequest(scope: .user(value))
    var isKnown = true
    switch lookup {
    case "activity_id", "reaction_id":
      let id = ActivityID(value)
      isKnown = id != nil
      if let id { request.scope = lookup == "activity_id" ? .activity(id) : .reaction(id) }
      for name in ["user_id", "filter_user_id"] where request.userID == nil { request.userID = try text(name, query) }
    case "user_id": isKnown = EntityName(user: value) != nil
    default: throw .pathUnknown
    }
    request.kind = context.parameters["kind"]
    if request.kind == nil { request.kind = try text("kind", query) }
    request.limit = min(try query.integer("limit", default: limits.reactionPageDefault), limits.reactionPageMax)
    request.bounds = ReactionBounds(
      lessThan: try bound("id_lt", query), lessThanOrEqual: try bound("id_lte", query),
      greaterThan: try bound("id_gt", query), greaterThanOrEqual: try bound("id_gte", query))
    let own = try ownChildren(context)
    // What is no name names nothing.
    for name in [request.kind, request.userID].compactMap({ $0 }) where EntityName(user: name) == nil {
      isKnown = false
    }
    // A list is its user's if it names one.
    try context.authorize(owner: Authorizer.Owner(lookup == "user_id" ? value : request.userID))
    var page = ReactionPage(reactions: [], hasMore: false)
    if isKnown {
      do { page = try await reactions.listReactions(request, ownChildren: own, app: context.app.id) } catch {
        throw failed(error, context)
      }
    }
    var writer = JSONWriter()
    writer.bytes = Self.results(try await bodies(page.reactions, context))
    writer.splice(#","next":"#)
    writer.string(next(page, request.bounds, limit: request.limit, context))
    if case .activity(let id) = request.scope, isKnown, query.boolean("with_activity_data"),
      let activity = try await activityData(id, context)
    {
      writer.splice(#","activity":"#)
      writer.splice(activity)
    }
    return APIAnswer(status: 200, open: writer.bytes)
  }

  /// `GET reaction/get_many/` (feeds R18).
  func getReactions(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let asked = context.query.list("ids") ?? []
    guard asked.count <= limits.reactionsByIDMax else {
      throw .input(
        "a request may ask for at most \(limits.reactionsByIDMax) reactions, this one asks for \(asked.count)")
    }
    let withDeleted = context.query.boolean("include_deleted")
    var seen: Set<ActivityID> = []
    let ids = try asked.map { text throws(APIError) in
      guard let id = ActivityID(text) else { throw .input("ids must be reaction ids (UUIDs), \(text) is not") }
      return id
    }.filter { seen.insert($0).inserted }
    try context.authorize(owner: .notYetKnown)
    let found: [ReactionTree?]
    do { found = try await reactions.reactionTrees(ids, ownChildren: nil, app: context.app.id) } catch {
      throw failed(error, context)
    }
    let shown = found.compactMap { $0 }.filter { withDeleted || $0.reaction.deletedAt == nil }
    for tree in shown { try context.authorize(owner: .user(tree.reaction.userID)) }
    return APIAnswer(
      status: 200, open: Self.list(#"{"reactions":["#, try await bodies(shown, context)))
  }

  /// `own_children` in each reaction (feeds R7, H9); `nil`: not asked for.
  func ownChildren(_ context: RequestContext) throws(APIError) -> OwnChildrenRequest? {
    let query = context.query
    guard query.boolean("with_own_children") || query.boolean("withOwnChildren") else { return nil }
    let kinds = query.list("with_own_children_kinds") ?? query.list("withOwnChildrenKinds") ?? []
    var user = context.identity.userID
    for name in ["children_user_id", "user_id"] where user == nil { user = try text(name, query) }
    return OwnChildrenRequest(userID: user, kinds: kinds)
  }

  /// The activity with all four members about reactions (feeds R16); `nil` if there is none.
  private func activityData(_ id: ActivityID, _ context: RequestContext) async throws(APIError) -> [UInt8]? {
    let found: StoredActivity?
    do { found = try await feeds.activities([id], app: context.app.id).first ?? nil } catch {
      throw failed(error, context)
    }
    guard let found else { return nil }
    var options = try enrichmentOptions(context)
    options.withOwnReactions = true
    options.withRecentReactions = true
    options.withReactionCounts = true
    return try await enriched([FeedItem(activity: found, origin: nil)], options, context).first
  }

  // MARK: The query

  /// A value; `nil` where it is absent or empty.
  private func text(_ name: String, _ query: RequestQuery) throws(APIError) -> String? {
    guard let text = try query.scalar(name), !text.isEmpty else { return nil }
    return text
  }

  private func bound(_ name: String, _ query: RequestQuery) throws(APIError) -> ActivityID? {
    guard let text = try text(name, query) else { return nil }
    guard let id = ActivityID(text) else { throw .input("\(name) must be a reaction id (a UUID)") }
    return id
  }

  /// Where the list goes on: an absolute address without the key (feeds R15, H8); empty when nothing remains.
  private func next(
    _ page: ReactionPage, _ bounds: ReactionBounds, limit: Int, _ context: RequestContext
  ) -> String {
    guard page.hasMore, let last = page.reactions.last?.reaction.id else { return "" }
    let moved: Set<String> = bounds.isAscending ? ["id_gt", "id_gte"] : ["id_lt", "id_lte"]
    let path = ["id", "value", "kind"].compactMap { context.parameters[$0] }.map { PercentEncoding.encode($0) }
    var out = "\(context.origin)/api/v1.0/reaction/\(path.joined(separator: "/"))/"
    out += "?\(bounds.isAscending ? "id_gt" : "id_lt")=\(last)&limit=\(limit)"
    for item in context.query.parameters.pairs {
      if moved.contains(item.name) || Self.notRepeated.contains(item.name) { continue }
      out += "&\(PercentEncoding.encode(item.name))=\(PercentEncoding.encode(item.value))"
    }
    return out
  }

  private static let notRepeated: Set<String> = [
    "api_key", "limit", "authorization", "auth_type", "stream-auth-type", "location",
  ]

  private static func list(_ opening: StaticString, _ bodies: [[UInt8]]) -> [UInt8] {
    var writer = JSONWriter(reserving: bodies.reduce(64) { $0 + $1.count + 1 })
    writer.splice(opening)
    for (index, body) in bodies.enumerated() {
      if index > 0 { writer.splice(",") }
      writer.splice(body)
    }
    writer.splice("]")
    return writer.bytes
  }
}
