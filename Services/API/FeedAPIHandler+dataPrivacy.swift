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

  /// `GET data_privacy/export_ids/{user}/` (feeds 2.17). Members are exact, so what is ours, the user's uploads, has to be
  /// asked for: `with_uploads=true` adds their addresses.
  func exportIDs(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let user = try userID(context)
    try context.authorize(Authorizer.checkIsServer)
    try requireDataPrivacy(context)
    let activities: [ActivityID]
    do {
      activities = try await feeds.activities(of: user, app: context.app.id, max: limits.exportMax)
    } catch { throw failed(error, context) }
    let reactions = try await reactionIDs(of: user, context)
    let uploads = context.query.boolean("with_uploads") ? try await uploadURLs(of: user, context) : nil
    var writer = JSONWriter(reserving: 128 + 40 * activities.count)
    writer.splice(#"{"export":{"user_id":"#)
    writer.string(user)
    var lists = [
      (#","activity_count":"#, #","activity_ids":["#, activities.map(\.description)),
      (#","reaction_count":"#, #","reaction_ids":["#, reactions.map(\.description)),
    ]
    if let uploads { lists.append((#","upload_count":"#, #","upload_urls":["#, uploads)) }
    for (count, name, items) in lists {
      writer.splice(count.utf8)
      writer.integer(items.count)
      writer.splice(name.utf8)
      for (index, item) in items.enumerated() {
        if index > 0 { writer.splice(",") }
        writer.string(item)
      }
      writer.splice("]")
    }
    writer.splice("}")
    return APIAnswer(status: 200, open: writer.bytes)
  }

  /// The addresses of all of a user's files and images, derived ones included, oldest first.
  private func uploadURLs(of user: String, _ context: RequestContext) async throws(APIError) -> [String] {
    do throws(UploadError) {
      return try await files.uploads(of: user, app: context.app.id, max: limits.exportMax).map { url(of: $0, context) }
    } catch { throw failed(error, context) }
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

  /// `POST data_privacy/delete_uploads/` (ours): files and images by their addresses, as an export gives them; unknown ones are
  /// ignored.
  func deleteUploads(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    guard let list = document.root["urls"], list.kind == .array else {
      throw Self.fieldError("urls", "must be a list of addresses of uploads")
    }
    guard list.count <= limits.activitiesPerUpdateMax else {
      throw .input("a request may delete at most \(limits.activitiesPerUpdateMax) uploads, this one has \(list.count)")
    }
    var addresses: [FileAddress] = []
    for (index, item) in list.elements.enumerated() {
      guard let url = item.string else { throw Self.fieldError("urls", "urls[\(index)] must be an address") }
      if let address = ownAddress(url, context), address.app == context.app.id { addresses.append(address) }
    }
    try context.authorize(Authorizer.checkIsServer)
    try requireDataPrivacy(context)
    do throws(UploadError) {
      for address in addresses {
        guard let upload = try await files.find(address.id, app: context.app.id), upload.name == address.name else {
          continue
        }
        // `false`: somebody else deleted it in the same moment.
        _ = try await files.delete(upload, app: context.app.id, traceID: context.traceID)
      }
    } catch { throw failed(error, context) }
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
