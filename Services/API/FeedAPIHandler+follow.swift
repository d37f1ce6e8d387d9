import Auth
import Feeds
import JSON
import Model

extension FeedAPIHandler {
  /// The message of W2 and L1, which clients compare.
  func copyLimitError() -> APIError {
    .input("activity_copy_limit must be a non-negative number not greater than \(limits.activityCopyMax)")
  }

  /// `POST feed/{slug}/{id}/following/` (feeds 2.5, W2, W3).
  func follow(
    _ context: RequestContext, _ document: JSONDocument
  ) async throws(APIError) -> APIAnswer {
    let body = document.root
    guard body.kind == .object || body.kind == .array && body.count == 0 else {
      throw .input("the body must be an object")
    }
    let limit = try copyLimit(body["activity_copy_limit"], default: limits.activityCopyDefault)
    let (feed, group) = try context.feed()
    guard let value = body["target"], value.kind != .null else {
      throw Self.fieldError("target", "this field is required")
    }
    guard let target = value.string.flatMap({ FeedID($0) }) else {
      throw Self.fieldError("target", "must be a feed such as \"user:1\"")
    }
    try checkFollowable(target, by: feed, context)
    try context.authorize { identity throws(AuthError) in
      try Authorizer.check(identity, .follow, feed: feed, group: group)
    }
    let request = FollowRequest(source: feed, target: target, activityCopyLimit: limit)
    do {
      try await feeds.follow([request], app: context.app.id, traceID: context.traceID)
    } catch { throw failed(error, context) }
    return .empty(status: 201)
  }

  /// `DELETE feed/{slug}/{id}/following/{slug}:{id}/` (feeds 2.5, W5).
  func unfollow(
    _ context: RequestContext
  ) async throws(APIError) -> APIAnswer {
    let (feed, group) = try context.feed()
    guard let target = FeedID(context.parameters["target"] ?? "") else {
      throw .input("the target in the path must be a feed such as user:1")
    }
    guard context.app.groups[target.group] != nil else {
      throw .feedConfig("the feed group \(target.group) does not exist")
    }
    try context.authorize { identity throws(AuthError) in
      try Authorizer.check(identity, .unfollow, feed: feed, group: group)
    }
    let request = UnfollowRequest(source: feed, target: target, keepHistory: context.query.boolean("keep_history"))
    do {
      try await feeds.unfollow([request], app: context.app.id, traceID: context.traceID)
    } catch { throw failed(error, context) }
    return .empty(status: 200)
  }

  enum FollowList { case following, followers }

  /// `GET …/following/` and `GET …/followers/` (feeds 2.5, W8, L4).
  func listFollows(
    _ context: RequestContext, _ list: FollowList
  ) async throws(APIError) -> APIAnswer {
    let (feed, group) = try context.feed()
    let offset = try context.query.integer("offset", default: 0)
    guard offset <= limits.offsetMax else { throw .input("offset must be at most \(limits.offsetMax)") }
    let limit = min(try context.query.integer("limit", default: limits.pageDefault), limits.followListMax)
    let filter = try (context.query.list("filter") ?? []).map { text throws(APIError) in
      guard let feed = FeedID(text) else { throw .input("filter must hold feeds such as user:1, \(text) is not") }
      return feed
    }
    try context.authorize { identity throws(AuthError) in
      try Authorizer.check(identity, .listFollows, feed: feed, group: group)
    }
    let request = FollowListRequest(limit: limit, offset: offset, filter: filter)
    let relations: [FollowRelation]
    do {
      relations =
        switch list {
        case .following: try await feeds.following(feed, app: context.app.id, list: request)
        case .followers: try await feeds.followers(feed, app: context.app.id, list: request)
        }
    } catch { throw failed(error, context) }
    return APIAnswer(status: 200, open: Self.openBody(relations))
  }

  private static func openBody(_ relations: [FollowRelation]) -> [UInt8] {
    var writer = JSONWriter(reserving: 32 + relations.count * 160)
    writer.splice(#"{"results":["#)
    for (index, relation) in relations.enumerated() {
      if index > 0 { writer.splice(",") }
      writer.splice(#"{"feed_id":"#)
      writer.string(relation.source.description)
      writer.splice(#","target_id":"#)
      writer.string(relation.target.description)
      writer.splice(#","created_at":""#)
      relation.createdAt.append(to: &writer.bytes, zone: true)
      writer.splice(#"","updated_at":""#)
      relation.updatedAt.append(to: &writer.bytes, zone: true)
      writer.splice(#""}"#)
    }
    writer.splice("]")
    return writer.bytes
  }

  // MARK: Checks shared with the batches

  /// 0…1,000, or the default where there is none (feeds W2, L1).
  func copyLimit(_ node: JSONNode?, default standard: Int) throws(APIError) -> Int {
    guard let node, node.kind != .null else { return standard }
    guard let limit = node.integer, (0...limits.activityCopyMax).contains(limit) else { throw copyLimitError() }
    return limit
  }

  /// A target must be a flat feed, and another (feeds W3).
  func checkFollowable(_ target: FeedID, by source: FeedID, _ context: RequestContext) throws(APIError) {
    guard let group = context.app.groups[target.group] else {
      throw Self.fieldError("target", "the feed group \(target.group) does not exist")
    }
    guard group.kind == .flat else {
      throw Self.fieldError(
        "target", "only flat feeds can be followed, the feed group \(group.slug) is of type \(group.kind.rawValue)")
    }
    guard source != target else { throw Self.fieldError("target", "a feed cannot follow itself") }
  }
}
