import Auth
import Feeds
import JSON
import Model

extension FeedAPIHandler {
  private func collection(_ context: RequestContext) throws(APIError) -> String {
    let name = context.parameters["name"] ?? ""
    guard FeedID.isName(name.utf8, bytesMax: EntityName.nameBytesMax) else {
      throw .input("the collection's name in the path \(Self.nameForm)")
    }
    return name
  }

  private func objectName(_ context: RequestContext) throws(APIError) -> EntityName {
    guard let name = EntityName(collection: try collection(context), id: context.parameters["id"] ?? "") else {
      throw .input("the object's id in the path \(Self.nameForm)")
    }
    return name
  }

  /// An id that the server makes: a UUID of the request's time, and so the same when the request is repeated (feeds O2).
  private func newID(_ collection: String, _ index: Int, at time: ActivityTime) -> String {
    let low = 0x8000_0000_0000_0000 | ActivityInput.idLowBits(ofForeignID: "\(collection):\(index)")
    return ActivityID(ticks: time.ticks, low: low).description
  }

  private func now(_ context: RequestContext) async throws(APIError) -> ActivityTime {
    if let time = context.times?.first { return time }
    do { return try await entities.now(app: context.app.id) } catch { throw failed(error, context) }
  }

  /// `POST collections/{name}/` (feeds O2–O6).
  func addObject(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    let collection = try collection(context)
    let body = try object(document.root)
    let id = try optionalName(body["id"], "id")
    let data = try entityData(body["data"], mayBeEmpty: false)
    let user = try optionalName(body["user_id"], "user_id")
    try checkName(user, context)
    // What a user adds is that user's.
    try context.authorize(owner: Authorizer.Owner(context.identity.userID))
    let time = try await now(context)
    guard let name = EntityName(collection: collection, id: id ?? newID(collection, 0, at: time)) else {
      throw Self.fieldError("id", Self.nameForm)
    }
    var change = change(context)
    change.time = time
    do {
      let (object, _) = try await entities.add(
        name, data: data, owner: user ?? context.identity.userID, change)
      return answer(object, status: 201)
    } catch { throw failed(error, context) }
  }

  /// A member that may be `null`, absent, or empty, as one SDK sends what it has not.
  private func optionalName(_ node: JSONNode?, _ field: String) throws(APIError) -> String? {
    guard let node, node.kind != .null else { return nil }
    guard let text = node.string else { throw Self.fieldError(field, "must be a string") }
    if text.isEmpty { return nil }
    guard FeedID.isName(text.utf8, bytesMax: EntityName.nameBytesMax) else {
      throw Self.fieldError(field, Self.nameForm)
    }
    return text
  }

  /// `GET collections/{name}/{id}/`.
  func getObject(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let name = try objectName(context)
    try context.authorize(owner: .notYetKnown)
    let object: Entity
    do { object = try await entities.get(name, app: context.app.id) } catch { throw failed(error, context) }
    try context.authorize(owner: Authorizer.Owner(object.owner))
    return answer(object, status: 200)
  }

  /// `PUT collections/{name}/{id}/` (feeds O3, O7).
  func updateObject(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    let name = try objectName(context)
    let body = try object(document.root)
    guard body["id"] == nil else { throw Self.fieldError("id", "an object's id cannot be changed") }
    let data = try entityData(body["data"], mayBeEmpty: false)
    let user = try optionalName(body["user_id"], "user_id")
    try checkName(user, context)
    try context.authorize(owner: .notYetKnown)
    do { return answer(try await entities.update(name, data: data, ownedChange(context)), status: 201) } catch {
      throw failed(error, context)
    }
  }

  /// `DELETE collections/{name}/{id}/`.
  func deleteObject(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let name = try objectName(context)
    try context.authorize(owner: .notYetKnown)
    do { try await entities.delete(name, ownedChange(context)) } catch { throw failed(error, context) }
    return .empty(status: 200)
  }

  /// A user is nobody else, whatever the body says and rules allow (feeds P27).
  private func checkName(_ user: String?, _ context: RequestContext) throws(APIError) {
    guard let user else { return }
    try context.authorize { identity throws(AuthError) in try Authorizer.checkIsSelf(identity, user: user) }
  }

  /// Users change the objects they added, unless a rule says otherwise (feeds P8, P25, O6).
  private func ownedChange(_ context: RequestContext) -> Entities.Change {
    change(context) { _, object in context.mayTouch(owner: Authorizer.Owner(object.owner)) }
  }

  // MARK: Batches, for servers (feeds O8–O10, P28)

  /// `POST collections/`.
  func upsertObjects(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    guard let lists = try object(document.root)["data"],
      lists.kind == .object || lists.kind == .array && lists.count == 0
    else { throw Self.fieldError("data", "must be an object of lists, by collection") }
    var count = 0
    for (name, items) in lists.members {
      guard items.kind == .array else { throw Self.fieldError("data", "data.\(name.string ?? "") must be a list") }
      count += items.count
    }
    try checkBatch(count, "objects")
    // Ids are made of a time, where one is missing.
    let isMissingAny = lists.members.contains {
      $0.value.elements.contains { $0["id"].map { $0.kind == .null } ?? true }
    }
    let time = isMissingAny ? try await now(context) : nil
    var batch = ObjectBatch()
    for (name, items) in lists.members {
      let collection = name.string ?? ""
      guard FeedID.isName(collection.utf8, bytesMax: EntityName.nameBytesMax) else {
        throw Self.fieldError("data", "a collection's name \(Self.nameForm)")
      }
      batch.begin(name.raw)
      for (index, item) in items.elements.enumerated() {
        guard item.kind == .object else { throw Self.fieldError("data", "\(collection)[\(index)] must be an object") }
        try checkDataSize(item, "data")
        let spare = time.map { newID(collection, index, at: $0) } ?? ""
        guard let whole = ObjectBatch.Item(item, newID: spare),
          let name = EntityName(collection: collection, id: whole.id)
        else { throw Self.fieldError("data", "\(collection)[\(index)].id \(Self.nameForm)") }
        batch.add(name, whole.bytes)
      }
      batch.end()
    }
    try context.authorize(Authorizer.checkIsServer)
    var change = change(context)
    change.time = time ?? change.time
    do { _ = try await entities.put(batch.items, change) } catch { throw failed(error, context) }
    return APIAnswer(status: 201, open: batch.echo())
  }

  /// `GET collections/?foreign_ids=`.
  func selectObjects(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    guard let foreignIDs = context.query.list("foreign_ids") else {
      throw .input("foreign_ids must name objects such as food:b1")
    }
    try checkBatch(foreignIDs.count, "foreign_ids")
    var seen: Set<EntityName> = []
    var names: [EntityName] = []
    for text in foreignIDs {
      guard let colon = text.firstIndex(of: ":"),
        let name = EntityName(collection: String(text[..<colon]), id: String(text[text.index(after: colon)...]))
      else { throw .input("foreign_ids must name objects such as food:b1, \(text) does not") }
      if seen.insert(name).inserted { names.append(name) }
    }
    try context.authorize(Authorizer.checkIsServer)
    do {
      let objects = try await entities.find(names, app: context.app.id).compactMap { $0 }
      return APIAnswer(status: 200, open: list(#"{"response":{"data":["#, objects, closing: "]}"))
    } catch { throw failed(error, context) }
  }

  /// `DELETE collections/?collection_name=&ids=`.
  func deleteObjects(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    guard let collection = try context.query.scalar("collection_name"),
      FeedID.isName(collection.utf8, bytesMax: EntityName.nameBytesMax)
    else { throw .input("collection_name \(Self.nameForm)") }
    guard let ids = context.query.list("ids") else { throw .input("ids must name objects of the collection") }
    try checkBatch(ids.count, "ids")
    var seen: Set<EntityName> = []
    var names: [EntityName] = []
    for id in ids {
      guard let name = EntityName(collection: collection, id: id) else { throw .input("each of ids \(Self.nameForm)") }
      if seen.insert(name).inserted { names.append(name) }
    }
    try context.authorize(Authorizer.checkIsServer)
    do { _ = try await entities.delete(names, change(context)) } catch { throw failed(error, context) }
    return .empty(status: 200)
  }
}
