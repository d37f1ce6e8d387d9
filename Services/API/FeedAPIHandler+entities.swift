import Auth
import Feeds
import JSON
import KeevoClient
import Model

/// What users and collection objects have in common (feeds 3.10, 3.11).
extension FeedAPIHandler {
  /// The body as an object; an empty list counts as one (feeds C5).
  func object(_ node: JSONNode) throws(APIError) -> JSONNode {
    guard node.kind == .object || node.kind == .array && node.count == 0 else {
      throw .input("the body must be an object")
    }
    return node
  }

  /// The bytes of the member `data` as sent; where it may be empty, `null`, `[]` and absence are `{}` (feeds O3, U1).
  func entityData(_ node: JSONNode?, mayBeEmpty: Bool) throws(APIError) -> [UInt8] {
    guard let node, node.kind != .null, !(node.kind == .array && node.count == 0) else {
      if mayBeEmpty { return Array("{}".utf8) }
      throw Self.fieldError("data", "must be an object with at least one member")
    }
    guard node.kind == .object else { throw Self.fieldError("data", "must be an object") }
    if !mayBeEmpty, node.count == 0 { throw Self.fieldError("data", "must be an object with at least one member") }
    try checkDataSize(node, "data")
    return Array(node.raw)
  }

  func checkDataSize(_ node: JSONNode, _ field: String) throws(APIError) {
    guard node.raw.count <= limits.entityDataBytesMax else {
      throw Self.fieldError(
        field, "may have at most \(limits.entityDataBytesMax) bytes of JSON, this one has \(node.raw.count)")
    }
  }

  static let nameForm = "must consist of letters, digits, - and _, 1 to \(EntityName.nameBytesMax) of them"

  func checkBatch(_ count: Int, _ what: String) throws(APIError) {
    guard count <= limits.entitiesPerRequestMax else {
      throw .input("a request may have at most \(limits.entitiesPerRequestMax) \(what), this one has \(count)")
    }
  }

  func change(
    _ context: RequestContext,
    mayChange: @escaping @Sendable (EntityName, Entity) -> Bool = { _, _ in true }
  ) -> Entities.Change {
    Entities.Change(
      app: context.app.id, time: context.times?.first, isRetry: context.isRetry, traceID: context.traceID,
      author: context.app.auditLogs ? context.auditUser ?? "" : nil, mayChange: mayChange)
  }

  /// A whole answer that is one user or object.
  func answer(_ entity: Entity, status: Int) -> APIAnswer {
    APIAnswer(status: status, open: Array(entity.body.dropLast()))
  }

  /// The list of a batch, after the text that opens it.
  func list(_ opening: StaticString, _ entities: [Entity], closing: StaticString = "]") -> [UInt8] {
    var writer = JSONWriter(reserving: entities.reduce(64) { $0 + $1.body.count + 1 })
    writer.splice(opening)
    for (index, entity) in entities.enumerated() {
      if index > 0 { writer.splice(",") }
      writer.splice(entity.body)
    }
    writer.splice(closing)
    return writer.bytes
  }

  func failed(_ error: EntityError, _ context: RequestContext) -> APIError {
    switch error {
    case .unknown(let name):
      APIError(
        status: 404, code: 16, exception: "DoesNotExistException", detail: "\(Self.text(name)) does not exist")
    case .conflict(.user(let id)):
      APIError(
        status: 409, code: 22, exception: "ConflictException",
        detail: "\(Self.text(.user(id))) exists already; send get_or_create=true to get it")
    case .conflict(let name):
      // Code 4 it is, whatever the status says (feeds O5).
      APIError(
        status: 409, code: 4, exception: "InputException", detail: "\(Self.text(name)) exists already")
    case .notPermitted: APIError(AuthError.notPermitted)
    case .feed(let error): failed(error, context)
    }
  }

  private static func text(_ name: EntityName) -> String {
    switch name {
    case .user(let id): "the user \(id)"
    case .object(let collection, let id): "the object \(collection):\(id)"
    }
  }
}
