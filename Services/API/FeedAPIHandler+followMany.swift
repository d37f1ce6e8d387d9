import Auth
import Feeds
import JSON
import Model

extension FeedAPIHandler {
  /// The answer to a batch that is no list or has an item of wrong type, exact (feeds 2.7).
  private static let invalidPayload = APIError.input("invalid request payload")

  /// `POST follow_many/` (feeds 2.7, W2, W7).
  func followMany(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    let items = try relations(document)
    // The limits come before the feeds (W2).
    let standard: Int
    if let text = try context.query.scalar("activity_copy_limit") {
      guard let limit = Int(text), (0...limits.activityCopyMax).contains(limit) else { throw copyLimitError() }
      standard = limit
    } else {
      standard = limits.activityCopyDefault
    }
    let copyLimits = try items.map { item throws(APIError) in
      try copyLimit(item.node["activity_copy_limit"], default: standard)
    }
    var requests: [FollowRequest] = []
    var seen: Set<[FeedID]> = []
    for (item, limit) in zip(items, copyLimits) {
      let (source, target) = try feeds(of: item, context)
      try checkFollowable(target, by: source, context)
      // Repeated relations are done once (W7).
      guard seen.insert([source, target]).inserted else { continue }
      requests.append(FollowRequest(source: source, target: target, activityCopyLimit: limit))
    }
    try context.authorize { identity throws(AuthError) in try Authorizer.checkIsServer(identity) }
    if !requests.isEmpty {
      do {
        try await feeds.follow(requests, app: context.app.id, traceID: context.traceID)
      } catch { throw failed(error, context) }
    }
    return .empty(status: 201)
  }

  /// `POST unfollow_many/` (feeds 2.7, X9).
  func unfollowMany(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    let items = try relations(document)
    var requests: [UnfollowRequest] = []
    for item in items {
      let keepHistory = try keepHistory(item.node["keep_history"])
      let (source, target) = try feeds(of: item, context)
      guard context.app.groups[target.group] != nil else {
        throw .input("the feed group \(target.group) does not exist")
      }
      requests.append(UnfollowRequest(source: source, target: target, keepHistory: keepHistory))
    }
    try context.authorize { identity throws(AuthError) in try Authorizer.checkIsServer(identity) }
    if !requests.isEmpty {
      do {
        try await feeds.unfollow(requests, app: context.app.id, traceID: context.traceID)
      } catch { throw failed(error, context) }
    }
    return .empty(status: 201)
  }

  // MARK: Reading the items

  private struct Relation {
    var node: JSONNode
    var source: String
    var target: String
  }

  private func relations(_ document: JSONDocument) throws(APIError) -> [Relation] {
    guard document.root.kind == .array else { throw Self.invalidPayload }
    guard document.root.count <= limits.followManyMax else {
      throw .input("a request may hold at most \(limits.followManyMax) relations, this one has \(document.root.count)")
    }
    return try document.root.elements.map { node throws(APIError) in
      guard let source = node["source"]?.string, let target = node["target"]?.string else { throw Self.invalidPayload }
      return Relation(node: node, source: source, target: target)
    }
  }

  private func feeds(
    of item: Relation, _ context: RequestContext
  ) throws(APIError) -> (source: FeedID, target: FeedID) {
    guard let source = FeedID(item.source), let target = FeedID(item.target) else {
      throw .input("source and target must be feeds such as user:1")
    }
    guard context.app.groups[source.group] != nil else {
      throw .input("the feed group \(source.group) does not exist")
    }
    return (source, target)
  }

  /// A boolean, `"true"`, `"false"`, 0, 1, `"YES"` or `"NO"` (X9).
  private func keepHistory(_ node: JSONNode?) throws(APIError) -> Bool {
    guard let node, node.kind != .null else { return false }
    switch node.boolean.map({ $0 ? "true" : "false" }) ?? node.numberText ?? node.string?.lowercased() {
    case "true", "1", "yes": return true
    case "false", "0", "no", "": return false
    default: throw Self.invalidPayload
    }
  }
}
