import Auth
import Feeds
import JSON
import Model

extension FeedAPIHandler {
  /// `GET audit_logs/` (feeds 2.15, S3, S4).
  func auditLogs(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let query = try auditQuery(context.query)
    try context.authorize(Authorizer.checkIsServer)
    let page: AuditLog.Page
    do { page = try await feeds.auditLogs(query, app: context.app.id) } catch { throw failed(error, context) }
    var writer = JSONWriter(reserving: 64 + page.entries.count * 220)
    writer.splice(#"{"audit_logs":["#)
    for (index, entry) in page.entries.enumerated() {
      if index > 0 { writer.splice(",") }
      Self.write(entry, to: &writer)
    }
    writer.splice(#"],"next":"#)
    writer.string(page.older.map { Base64URL.encode($0) } ?? "")
    writer.splice(#","prev":"#)
    writer.string(page.newer.map { Base64URL.encode($0) } ?? "")
    return APIAnswer(status: 200, open: writer.bytes)
  }

  private static func write(_ entry: AuditEntry, to writer: inout JSONWriter) {
    for (name, value) in [
      (#"{"id":"#, entry.id.description), (#","entity_type":"#, entry.entityType.name),
      (#","entity_id":"#, entry.entityID), (#","action":"#, entry.action.name), (#","user_id":"#, entry.userID),
    ] {
      writer.splice(name.utf8)
      writer.string(value)
    }
    writer.splice(#","custom":{},"created_at":""#)
    entry.createdAt.append(to: &writer.bytes, zone: true)
    writer.splice(#""}"#)
  }

  private func auditQuery(_ query: RequestQuery) throws(APIError) -> AuditLog.Query {
    func text(_ name: String) throws(APIError) -> String? {
      try query.scalar(name).flatMap { $0.isEmpty ? nil : $0 }
    }
    func cursor(_ name: String) throws(APIError) -> [UInt8]? {
      guard let value = try text(name) else { return nil }
      guard let bytes = Base64URL.decode(value.utf8), bytes.count == AuditLog.cursorBytes else {
        throw .input("\(name) must be what an earlier page gave")
      }
      return bytes
    }
    var wanted = AuditLog.Query()
    switch (try text("entity_type"), try text("entity_id")) {
    case (let type?, let id?):
      guard let type = AuditEntry.EntityType(name: type) else {
        let names = AuditEntry.EntityType.allCases.map(\.name).joined(separator: ", ")
        throw .input("entity_type must be one of \(names)")
      }
      wanted.entity = (type, id)
    case (nil, nil): break
    default: throw .input("entity_type and entity_id go together")
    }
    wanted.userID = try text("user_id")
    wanted.limit = min(try query.integer("limit", default: limits.pageDefault), limits.pageMax)
    wanted.older = try cursor("next")
    wanted.newer = try cursor("prev")
    guard wanted.older == nil || wanted.newer == nil else { throw .input("name next or prev, not both") }
    return wanted
  }
}
