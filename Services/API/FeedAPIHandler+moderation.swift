import Auth
import Feeds
import JSON
import Model

/// Moderation only records (feeds 2.16, S6).
extension FeedAPIHandler {
  /// `POST moderation/flag/`.
  func flag(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    let node = try object(document.root)
    let subject = try subject(node, "")
    let user = try text(node, "user_id", "")
    let reason = try text(node, "reason", "", isRequired: false)
    try requireModeration(context)
    let target = try await target(subject, context)
    let now: ActivityTime
    do { now = try await entities.now(app: context.app.id) } catch { throw failed(error, context) }
    let id = ActivityID(ticks: now.ticks, low: 0x8000_0000_0000_0000 | UInt64.random(in: 0...(.max)) >> 2)
    var writer = JSONWriter(reserving: 256)
    for (name, value) in [
      (#"{"flag_id":"#, id.description), (#","target_user_id":"#, target), (#","flagged_by":"#, user),
      (#","reason":"#, reason),
    ] {
      writer.splice(name.utf8)
      writer.string(value)
    }
    writer.splice(#","created_at":""#)
    now.append(to: &writer.bytes, zone: true)
    writer.splice(#"""#)
    do {
      try await moderation.putFlag(
        id, on: subject, document: writer.bytes + [UInt8(ascii: "}")], app: context.app.id, traceID: context.traceID)
    } catch { throw failed(error, context) }
    return APIAnswer(status: 201, open: writer.bytes)
  }

  /// Whom a flag is about: the user, or who made the activity or reaction; empty if that is not there.
  private func target(_ subject: ModerationLog.Subject, _ context: RequestContext) async throws(APIError) -> String {
    switch subject.type {
    case .user: return subject.id
    case .activity:
      guard let id = ActivityID(subject.id) else { return "" }
      do { return (try await feeds.activities([id], app: context.app.id).first ?? nil)?.actorID ?? "" } catch {
        throw failed(error, context)
      }
    case .reaction:
      guard let id = ActivityID(subject.id) else { return "" }
      do { return (try await reactions.reactions([id], app: context.app.id).first ?? nil)?.userID ?? "" } catch {
        throw failed(error, context)
      }
    }
  }

  /// `POST moderation/status/`.
  func setStatus(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    let node = try object(document.root)
    let moderator = try text(node, "moderator_id", "")
    let status = try status(node, moderator, "")
    try requireModeration(context)
    try await record([status], context)
    return .empty(status: 201)
  }

  /// `POST moderation/status/batch/`.
  func setStatuses(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    let node = try object(document.root)
    let moderator = try text(node, "moderator_id", "")
    guard let list = node["updates"], list.kind == .array, (1...limits.moderationBatchMax).contains(list.count) else {
      throw Self.fieldError("updates", "must be a list of 1 to \(limits.moderationBatchMax) updates")
    }
    var statuses: [Status] = []
    var seen: Set<ModerationLog.Subject> = []
    for (index, item) in list.elements.enumerated() {
      let status = try status(item, moderator, "updates[\(index)].")
      guard seen.insert(status.subject).inserted else {
        throw Self.fieldError("updates", "updates[\(index)] names an entity a second time")
      }
      statuses.append(status)
    }
    try requireModeration(context)
    try await record(statuses, context)
    var writer = JSONWriter(reserving: 32 + statuses.count * 120)
    writer.splice(#"{"results":["#)
    for (index, status) in statuses.enumerated() {
      writer.splice(index > 0 ? #",{"entity_id":"# : #"{"entity_id":"#)
      writer.string(status.subject.id)
      writer.splice(#","entity_type":"#)
      writer.string(status.subject.type.rawValue)
      writer.splice(#","success":true,"error":""}"#)
    }
    writer.splice("]")
    return APIAnswer(status: 201, open: writer.bytes)
  }

  /// `DELETE moderation/user/cache/{user}/`: nothing of a user is cached, so nothing has to go.
  func dropModerationCache(_ context: RequestContext) throws(APIError) -> APIAnswer {
    _ = try userID(context)
    try context.authorize(Authorizer.checkIsServer)
    return .empty(status: 200)
  }

  private func requireModeration(_ context: RequestContext) throws(APIError) {
    try context.authorize(Authorizer.checkIsServer)
    guard context.app.moderation else { throw APIError(AuthError.notPermitted) }
  }

  private struct Status {
    var subject: ModerationLog.Subject
    var fields: [(name: String, value: String)]
  }

  private func status(_ node: JSONNode, _ moderator: String, _ place: String) throws(APIError) -> Status {
    let subject = try subject(node, place)
    return Status(
      subject: subject,
      fields: [
        ("entity_type", subject.type.rawValue), ("entity_id", subject.id), ("moderator_id", moderator),
        ("status", try text(node, "status", place)),
        ("recommended_action", try text(node, "recommended_action", place, isRequired: false)),
        ("latest_moderator_action", try text(node, "latest_moderator_action", place, isRequired: false)),
      ])
  }

  private func record(_ statuses: [Status], _ context: RequestContext) async throws(APIError) {
    let now: ActivityTime
    do { now = try await entities.now(app: context.app.id) } catch { throw failed(error, context) }
    let records = statuses.map { status in
      let members = status.fields.map { JSONValue.Member($0.name, .string($0.value)) }
      return (status.subject, now, JSONValue.object(members).encoded())
    }
    do {
      try await moderation.putStatuses(records, app: context.app.id, traceID: context.traceID)
    } catch { throw failed(error, context) }
  }

  private func subject(_ node: JSONNode, _ place: String) throws(APIError) -> ModerationLog.Subject {
    let name = try text(node, "entity_type", place)
    guard let type = ModerationLog.EntityType(rawValue: name) else {
      let names = ModerationLog.EntityType.allCases.map(\.rawValue).joined(separator: ", ")
      throw Self.fieldError("entity_type", "\(place)entity_type must be one of \(names)")
    }
    return ModerationLog.Subject(type: type, id: try text(node, "entity_id", place))
  }

  /// A member that is a string; not empty where it is required.
  private func text(
    _ node: JSONNode, _ name: String, _ place: String, isRequired: Bool = true
  ) throws(APIError) -> String {
    let value = node.members.first { $0.name.string == name }?.value
    guard let value, value.kind != .null else {
      if isRequired { throw Self.fieldError(name, "\(place)\(name) is required") }
      return ""
    }
    guard let text = value.string, !(isRequired && text.isEmpty) else {
      throw Self.fieldError(name, "\(place)\(name) must be a string\(isRequired ? " that is not empty" : "")")
    }
    guard text.unicodeScalars.count <= limits.moderationTextMax else {
      throw Self.fieldError(name, "\(place)\(name) may have at most \(limits.moderationTextMax) characters")
    }
    return text
  }
}
