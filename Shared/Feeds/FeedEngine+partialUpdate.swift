import JSON
import Jobs
import KeevoClient
import Model

/// Partial updates (feeds 2.8, F15–F17): content alone changes, in the one place where it lies, so that every feed shows it at
/// once and no job follows.
extension FeedEngine {
  public func update(
    _ changes: [ActivityChange], limits: ActivityLimits, _ context: ChangeContext
  ) async throws(FeedError) -> [StoredActivity] {
    // Several changes of one activity are one write, in their order.
    var order: [ActivityID] = []
    var byID: [ActivityID: [ActivityChange]] = [:]
    for change in changes {
      if byID[change.id] == nil { order.append(change.id) }
      byID[change.id, default: []].append(change)
    }
    let ids = order
    let changed = try await change(ids, context) { (index, state) throws(FeedError) -> ActivityPlan? in
      let id = ids[index]
      guard let record = state.record, record.idVersion == id.version else { throw .missing(id) }
      var content = try ActivityContent(record)
      for change in byID[id] ?? [] { try content.apply(change) }
      let input = try content.input(limits)
      var after = ActivityRecord(
        idVersion: record.idVersion, foreignIDHash: record.foreignIDHash, placements: [],
        body: ActivityBody(input, id: record.id(of: id), time: ActivityTime(ticks: id.ticks), to: []))
      after.more = record.more
      return ActivityPlan(record: after, kept: state.placements, actor: input.actor)
    }
    await show("update", changed, context)
    var stored: [ActivityID: StoredActivity] = [:]
    for change in changed { if let change { stored[change.id] = change.stored } }
    return changes.compactMap { stored[$0.id] }
  }
}

/// The members of a stored activity that callers set.
private struct ActivityContent {
  var members: [JSONValue.Member]

  init(_ record: ActivityRecord) throws(FeedError) {
    members = try record.members().filter { !["id", "time", "origin", "to"].contains($0.name) }
    members.removeAll { ["target", "foreign_id"].contains($0.name) && $0.value == .string("") }
  }

  mutating func apply(_ change: ActivityChange) throws(FeedError) {
    do { try change.apply(to: &members) } catch { throw .activity(error) }
  }

  /// The content as an add would read it, with the same checks.
  func input(_ limits: ActivityLimits) throws(FeedError) -> ActivityInput {
    let document: JSONDocument
    do { document = try JSONDocument(JSONValue.object(members).encoded()) } catch {
      throw .invalid("the activity would be too deep or have too many members: \(error.reason.rawValue)")
    }
    do { return try ActivityInput(json: document.root, limits: limits) } catch { throw .activity(error) }
  }
}

extension ActivityRecord {
  /// The body's members; `origin` is `null`.
  func members() throws(FeedError) -> [JSONValue.Member] {
    let text = body[..<originOffset] + Array("null".utf8) + body[originOffset...]
    do {
      guard let members = try JSONValue(parsing: Array(text)).members else {
        throw FeedError.store(.unknownFormat("an activity's body is no object"))
      }
      return members
    } catch {
      throw .store(.unknownFormat("an activity's body cannot be read: \(error)"))
    }
  }

  /// The actor in the body; empty if that cannot be read.
  var actor: String {
    guard let members = try? members() else { return "" }
    return members.first { $0.name == "actor" }?.value.string ?? ""
  }

  /// The id with the version bits of the record.
  func id(of id: ActivityID) -> ActivityID { ActivityID(ticks: id.ticks, low: id.low, version: idVersion) }
}
