import Auth
import Feeds
import JSON
import Model

extension FeedAPIHandler {
  /// `POST feed_targets/{slug}/{id}/activity_to_targets/`, one item or a list (feeds 2.6, F21).
  func updateTargets(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    let (feed, _) = try context.feed()
    let root = document.root
    let isList = root.kind == .array
    guard !isList || root.count > 0 else { throw .input("the list of changes may not be empty") }
    guard !isList || root.count <= limits.activitiesPerUpdateMax else {
      throw .input(
        "a request may change at most \(limits.activitiesPerUpdateMax) activities, this one has \(root.count)")
    }
    var requests: [TargetsChange] = []
    for node in isList ? Array(root.elements) : [root] { requests.append(try targetsChange(node, context)) }
    try context.authorize { identity throws(AuthError) in try Authorizer.checkIsServer(identity) }
    let outcomes: [TargetsOutcome]
    do {
      outcomes = try await feeds.updateTargets(requests, in: feed, context.change)
    } catch { throw failed(error, context) }
    var writer = JSONWriter(reserving: outcomes.reduce(64) { $0 + 2 * $1.activity.body.count + 128 })
    writer.splice("{")
    if let first = outcomes.first { Self.write(first, to: &writer) }
    if isList {
      writer.splice(#","results":["#)
      for (index, outcome) in outcomes.enumerated() {
        writer.splice(index > 0 ? ",{" : "{")
        Self.write(outcome, to: &writer)
        writer.splice("}")
      }
      writer.splice("]")
    }
    return APIAnswer(status: 201, open: writer.bytes)
  }

  private static func write(_ outcome: TargetsOutcome, to writer: inout JSONWriter) {
    writer.splice(#""activity":"#)
    PageWriter.write(outcome.activity, origin: nil, to: &writer)
    for (name, feeds) in [(#","added":["#, outcome.added), (#","removed":["#, outcome.removed)] {
      writer.splice(name.utf8)
      for (index, feed) in feeds.enumerated() {
        if index > 0 { writer.splice(",") }
        writer.string(feed.description)
      }
      writer.splice("]")
    }
  }

  /// One item. Beside a list that is not empty, an empty one counts as absent; an empty `new_targets` alone clears.
  private func targetsChange(_ node: JSONNode, _ context: RequestContext) throws(APIError) -> TargetsChange {
    guard node.kind == .object else { throw .input("a change of targets must be an object") }
    let id: ActivityID
    do { id = try ActivityInput.identity(node) } catch { throw Self.refusal(error) }
    func list(_ name: String, _ node: JSONNode?) throws(APIError) -> [FeedID]? {
      guard let node, node.kind != .null else { return nil }
      guard node.count <= limits.targetsMax else {
        throw .input("a request may name at most \(limits.targetsMax) feeds in \(name), this one has \(node.count)")
      }
      return try feeds(name, node, context)
    }
    let new = try list("new_targets", node["new_targets"])
    let added = try list("added_targets", node["added_targets"])
    let removed = try list("removed_targets", node["removed_targets"])
    guard new != nil || added != nil || removed != nil else {
      throw .input("name new_targets, or added_targets and removed_targets")
    }
    let isEdit = added?.isEmpty == false || removed?.isEmpty == false
    if let new, !new.isEmpty || !isEdit {
      guard !isEdit else { throw .input("new_targets goes without added_targets and removed_targets") }
      return TargetsChange(id: id, change: .replace(new))
    }
    if let feed = added?.first(where: { removed?.contains($0) == true }) {
      throw .input("the feed \(feed) is both added and removed")
    }
    return TargetsChange(id: id, change: .edit(added: added ?? [], removed: removed ?? []))
  }
}
