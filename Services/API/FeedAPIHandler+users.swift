import Auth
import Feeds
import JSON
import Model

extension FeedAPIHandler {
  private func userName(_ node: JSONNode?) throws(APIError) -> EntityName {
    guard let node, node.kind != .null else { throw Self.fieldError("id", "this field is required") }
    guard let id = node.string else { throw Self.fieldError("id", "must be a string") }
    guard let name = EntityName(user: id) else { throw Self.fieldError("id", Self.nameForm) }
    return name
  }

  private func userName(_ context: RequestContext) throws(APIError) -> EntityName {
    guard let name = EntityName(user: context.parameters["id"] ?? "") else {
      throw .input("the user's id in the path \(Self.nameForm)")
    }
    return name
  }

  /// `POST user/` (feeds U1, U2).
  func addUser(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    let body = try object(document.root)
    let name = try userName(body["id"])
    let data = try entityData(body["data"], mayBeEmpty: true)
    try context.authorize(owner: .user(name.id))
    do {
      let (user, isNew) = try await entities.add(
        name, data: data, orGet: context.query.boolean("get_or_create"), change(context))
      return answer(user, status: isNew ? 201 : 200)
    } catch { throw failed(error, context) }
  }

  /// `GET user/{id}/`.
  func getUser(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let name = try userName(context)
    try context.authorize(owner: .user(name.id))
    let user: Entity
    do { user = try await entities.get(name, app: context.app.id) } catch { throw failed(error, context) }
    let plain = answer(user, status: 200)
    guard context.query.boolean("with_follow_counts"), case .open(let body) = plain.body else { return plain }
    return APIAnswer(status: 200, open: body + (try await followCounts(of: name.id, context)))
  }

  /// `,"followers_count":…,"following_count":…` (feeds U6).
  private func followCounts(of user: String, _ context: RequestContext) async throws(APIError) -> [UInt8] {
    let (app, source, target) = (context.app.id, context.app.followCountsSource, context.app.followCountsTarget)
    guard let own = FeedID(group: source, id: user), let followed = FeedID(group: target, id: user) else {
      throw .input("the user's id in the path \(Self.nameForm)")
    }
    var writer = JSONWriter(reserving: 64)
    do {
      writer.splice(#","followers_count":"#)
      writer.integer(try await feeds.followerCount(of: followed, from: [source], app: app))
      writer.splice(#","following_count":"#)
      writer.integer(try await feeds.followingCount(of: own, in: [target], app: app))
    } catch { throw failed(error, context) }
    return writer.bytes
  }

  /// `PUT user/{id}/` (feeds U3).
  func updateUser(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    let name = try userName(context)
    let data = try entityData(try object(document.root)["data"], mayBeEmpty: true)
    try context.authorize(owner: .notYetKnown)
    do { return answer(try await entities.update(name, data: data, ownChange(context)), status: 201) } catch {
      throw failed(error, context)
    }
  }

  /// `DELETE user/{id}/` (feeds U4).
  func deleteUser(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let name = try userName(context)
    try context.authorize(owner: .notYetKnown)
    do { try await entities.delete(name, ownChange(context)) } catch { throw failed(error, context) }
    return .empty(status: 200)
  }

  /// Users change themselves only, unless a rule says otherwise; that another is unknown comes first (feeds P21, P30).
  private func ownChange(_ context: RequestContext) -> Entities.Change {
    change(context) { name, _ in context.mayTouch(owner: .user(name.id)) }
  }

  // MARK: Batches, for servers (feeds U7, P28)

  /// `POST users/`.
  func addUsers(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    let body = try object(document.root)
    guard let list = body["users"], list.kind == .array else {
      throw Self.fieldError("users", "must be a list of users")
    }
    try checkBatch(list.count, "users")
    let override = try flag(body["override"], "override")
    var items: [(name: EntityName, data: [UInt8])] = []
    var places: [EntityName: Int] = [:]
    for (index, node) in list.elements.enumerated() {
      guard node.kind == .object else { throw Self.fieldError("users", "users[\(index)] must be an object") }
      guard let id = node["id"]?.string, let name = EntityName(user: id) else {
        throw Self.fieldError("users", "users[\(index)].id \(Self.nameForm)")
      }
      let data: [UInt8]
      do { data = try entityData(node["data"], mayBeEmpty: true) } catch {
        guard case .one(let fields) = error.fields, let message = fields.first?.messages.first else { throw error }
        throw Self.fieldError("users", "users[\(index)].data \(message)")
      }
      // Named twice: the last of them, or without override the first, as if each had come alone.
      if let place = places[name] {
        if override { items[place].data = data }
      } else {
        places[name] = items.count
        items.append((name, data))
      }
    }
    try context.authorize(Authorizer.checkIsServer)
    do {
      let users = try await entities.put(items, override: override, change(context))
      return APIAnswer(status: 201, open: self.list(#"{"created_users":["#, users))
    } catch { throw failed(error, context) }
  }

  private func flag(_ node: JSONNode?, _ name: String) throws(APIError) -> Bool {
    guard let node, node.kind != .null else { return false }
    guard let value = node.boolean else { throw Self.fieldError(name, "must be true or false") }
    return value
  }

  /// `GET users/?ids=`.
  func getUsers(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let names = try userNames(context.query)
    try context.authorize(Authorizer.checkIsServer)
    do {
      let users = try await entities.find(names, app: context.app.id).compactMap { $0 }
      return APIAnswer(status: 200, open: list(#"{"users":["#, users))
    } catch { throw failed(error, context) }
  }

  /// `DELETE users/?ids=`.
  func deleteUsers(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let names = try userNames(context.query)
    try context.authorize(Authorizer.checkIsServer)
    let deleted: [EntityName]
    do { deleted = try await entities.delete(names, change(context)) } catch { throw failed(error, context) }
    var writer = JSONWriter(reserving: 32 + deleted.count * 24)
    writer.splice(#"{"deleted_users":["#)
    for (index, name) in deleted.enumerated() {
      if index > 0 { writer.splice(",") }
      writer.string(name.id)
    }
    writer.splice("]")
    return APIAnswer(status: 200, open: writer.bytes)
  }

  private func userNames(_ query: RequestQuery) throws(APIError) -> [EntityName] {
    guard let ids = query.list("ids") else { throw .input("ids must name users") }
    try checkBatch(ids.count, "ids")
    var seen: Set<EntityName> = []
    var names: [EntityName] = []
    for id in ids {
      guard let name = EntityName(user: id) else { throw .input("each of ids \(Self.nameForm)") }
      if seen.insert(name).inserted { names.append(name) }
    }
    return names
  }
}
