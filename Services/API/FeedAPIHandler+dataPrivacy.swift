import Auth
import Feeds
import JSON
import Model

extension FeedAPIHandler {
  /// `POST data_privacy/delete_activities/` (feeds 2.17, S5): unknown ids are ignored.
  func deleteActivities(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    guard let list = document.root["activities"], list.kind == .array else {
      throw Self.fieldError("activities", "must be a list of activities")
    }
    guard list.count <= limits.activitiesPerUpdateMax else {
      throw .input(
        "a request may delete at most \(limits.activitiesPerUpdateMax) activities, this one has \(list.count)")
    }
    var erasures: [(id: ActivityID, feeds: [FeedID])] = []
    for (index, item) in list.elements.enumerated() {
      guard let id = item["id"]?.string.flatMap({ ActivityID($0) }) else {
        throw .input("activities[\(index)].id must be an activity id (a UUID)")
      }
      var named: [FeedID] = []
      if let extra = item["remove_from_feeds"], extra.kind != .null {
        guard extra.count <= limits.targetsMax else {
          throw .input("an activity may name at most \(limits.targetsMax) feeds, this one names \(extra.count)")
        }
        named = try feeds("remove_from_feeds", extra, context)
      }
      erasures.append((id, named))
    }
    try context.authorize(Authorizer.checkIsServer)
    try requireDataPrivacy(context)
    do { try await feeds.erase(erasures, context.change) } catch { throw failed(error, context) }
    return .empty(status: 201)
  }

  /// `GET data_privacy/export_ids/{user}/` (feeds 2.17).
  func exportIDs(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let user = try userID(context)
    try context.authorize(Authorizer.checkIsServer)
    try requireDataPrivacy(context)
    let activities: [ActivityID]
    do {
      activities = try await feeds.activities(of: user, app: context.app.id, max: limits.exportMax)
    } catch { throw failed(error, context) }
    let reactions = try await reactionIDs(of: user, context)
    var writer = JSONWriter(reserving: 128 + 40 * activities.count)
    writer.splice(#"{"export":{"user_id":"#)
    writer.string(user)
    for (count, name, ids) in [
      (#","activity_count":"#, #","activity_ids":["#, activities),
      (#","reaction_count":"#, #","reaction_ids":["#, reactions),
    ] {
      writer.splice(count.utf8)
      writer.integer(ids.count)
      writer.splice(name.utf8)
      for (index, id) in ids.enumerated() {
        if index > 0 { writer.splice(",") }
        writer.string(id.description)
      }
      writer.splice("]")
    }
    writer.splice("}")
    return APIAnswer(status: 200, open: writer.bytes)
  }

  /// All of a user's reactions, oldest first, as far as an export may go.
  private func reactionIDs(of user: String, _ context: RequestContext) async throws(APIError) -> [ActivityID] {
    var ids: [ActivityID] = []
    do throws(ReactionError) {
      while true {
        let page = try await reactions.reactionIDs(
          ofUser: user, after: ids.last, limit: Self.exportPage, app: context.app.id)
        ids += page
        guard ids.count <= limits.exportMax else {
          throw ReactionError.feeds(
            .invalid("the user has more than \(limits.exportMax) reactions: an export of so many is not served"))
        }
        if page.count < Self.exportPage { return ids }
      }
    } catch { throw failed(error, context) }
  }

  private static let exportPage = 1_000

  /// `POST data_privacy/delete_reactions/` (feeds 2.17, S5): unknown ids are ignored.
  func deleteReactions(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    guard let list = document.root["ids"], list.kind == .array else {
      throw Self.fieldError("ids", "must be a list of reaction ids")
    }
    guard list.count <= limits.activitiesPerUpdateMax else {
      throw .input(
        "a request may delete at most \(limits.activitiesPerUpdateMax) reactions, this one has \(list.count)")
    }
    var ids: [ActivityID] = []
    for (index, item) in list.elements.enumerated() {
      guard let id = item.string.flatMap({ ActivityID($0) }) else {
        throw Self.fieldError("ids", "ids[\(index)] must be a reaction id (a UUID)")
      }
      ids.append(id)
    }
    var soft = false
    if let node = document.root["soft_delete"], node.kind != .null {
      guard let value = node.boolean else { throw Self.fieldError("soft_delete", "must be a boolean") }
      soft = value
    }
    try context.authorize(Authorizer.checkIsServer)
    try requireDataPrivacy(context)
    do { try await reactions.deleteReactions(ids, soft: soft, context.change) } catch { throw failed(error, context) }
    return .empty(status: 201)
  }

  /// The user whom the path names.
  func userID(_ context: RequestContext) throws(APIError) -> String {
    let user = context.parameters["user"] ?? ""
    guard FeedID.isName(user.utf8, bytesMax: FeedID.idBytesMax) else {
      throw .input("a user id consists of letters, digits, - and _, at most \(FeedID.idBytesMax) of them")
    }
    return user
  }

  /// An app may switch it off (feeds S5).
  func requireDataPrivacy(_ context: RequestContext) throws(APIError) {
    guard context.app.dataPrivacy else { throw APIError(AuthError.notPermitted) }
  }
}
