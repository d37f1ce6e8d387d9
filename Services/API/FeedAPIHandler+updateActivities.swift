import Auth
import Feeds
import JSON
import Model

extension FeedAPIHandler {
  /// `POST activities/`: full update or creation by foreign id and time (feeds 2.8, F14, L6).
  func updateActivities(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    guard document.root.kind == .object, let list = document.root["activities"] else {
      throw Self.fieldError("activities", "this field is required")
    }
    let inputs = try activities(list, context, nil, max: limits.activitiesPerUpdateMax) { input in
      var missing: [ActivityInputError.Field] = []
      if input.foreignID.isEmpty { missing.append(.init("foreign_id", "this field is required and may not be empty")) }
      if input.time == nil { missing.append(.init("time", "this field is required")) }
      return missing
    }
    try checkTargets(inputs, context, isBatch: true)
    try context.authorize { identity throws(AuthError) in try Authorizer.checkIsServer(identity) }
    do { try await feeds.update(inputs, context.change) } catch { throw failed(error, context) }
    return .empty(status: 201)
  }

  /// `POST activity/`: partial update of one activity, or of those in `changes` (feeds 2.8, F15–F17, L6, L22).
  func changeActivities(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    let list = document.root["changes"]
    var changes: [ActivityChange] = []
    if let list {
      guard list.kind == .array else { throw Self.fieldError("changes", "must be a list of changes") }
      guard list.count > 0 else { throw Self.fieldError("changes", "this list may not be empty") }
      guard list.count <= limits.activitiesPerUpdateMax else {
        throw .input(
          "a request may change at most \(limits.activitiesPerUpdateMax) activities, this one has \(list.count)")
      }
      for (index, node) in list.elements.enumerated() { changes.append(try change(node, "changes[\(index)]: ")) }
    } else {
      changes = [try change(document.root, "")]
    }
    try context.authorize { identity throws(AuthError) in try Authorizer.checkIsServer(identity) }
    let stored: [StoredActivity]
    do {
      stored = try await feeds.update(changes, limits: limits.activity, context.change)
    } catch { throw failed(error, context) }
    return APIAnswer(status: 201, open: openBody(stored, isBatch: list != nil))
  }

  private func change(_ node: JSONNode, _ place: String) throws(APIError) -> ActivityChange {
    do { return try ActivityChange(json: node, limits: limits.activity) } catch {
      var refusal = Self.refusal(error)
      refusal.detail = place + refusal.detail
      throw refusal
    }
  }
}
