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
    let reactions: [ActivityID] = []
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
