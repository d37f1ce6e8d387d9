import JSON
import Model

extension ReactionTree {
  /// The reaction as it is shown everywhere (feeds 2.9, R1, R6, C9a): the same members in the same order, its user a
  /// reference that enrichment fills in (H12).
  public func append(to text: inout ReferenceText) {
    text.splice(#"{"id":""#)
    text.splice(reaction.id.description.utf8)
    text.splice(#"","kind":""#)
    text.splice(reaction.kind.utf8)
    text.splice(#"","activity_id":""#)
    text.splice(reaction.activityID.description.utf8)
    text.splice(#"","user_id":""#)
    text.splice(reaction.userID.utf8)
    text.splice(#"","user":"#)
    text.reference(Reference(user: reaction.userID))
    text.splice(#","data":"#)
    text.splice(reaction.data)
    text.splice(#","parent":""#)
    if let parent = reaction.parent { text.splice(parent.description.utf8) }
    text.splice("\"")
    if !reaction.targetFeeds.isEmpty {
      text.splice(#","target_feeds":["#)
      for (index, feed) in reaction.targetFeeds.enumerated() {
        text.splice(index == 0 ? "\"" : ",\"")
        text.splice(feed.description.utf8)
        text.splice("\"")
      }
      text.splice("]")
    }
    text.splice(#","latest_children":"#)
    Self.append(latestChildren, to: &text)
    text.splice(#","children_counts":"#)
    Self.append(childrenCounts, to: &text)
    if let ownChildren {
      text.splice(#","own_children":"#)
      Self.append(ownChildren, to: &text)
    }
    for (name, time) in [
      ("created_at", reaction.createdAt), ("updated_at", reaction.updatedAt), ("deleted_at", reaction.deletedAt),
    ] {
      guard let time else { continue }
      text.splice(",\"\(name)\":\"\(time.text(zone: true))\"".utf8)
    }
    text.splice("}")
  }

  /// An object of kinds.
  public static func append(_ kinds: [ReactionKind], to text: inout ReferenceText) {
    text.splice("{")
    for (index, kind) in kinds.enumerated() {
      text.splice("\(index > 0 ? "," : "")\"\(kind.kind)\":[".utf8)
      for (place, tree) in kind.reactions.enumerated() {
        if place > 0 { text.splice(",") }
        tree.append(to: &text)
      }
      text.splice("]")
    }
    text.splice("}")
  }

  /// An object of numbers.
  public static func append(_ counts: [ReactionCount], to text: inout ReferenceText) {
    text.splice("{")
    for (index, count) in counts.enumerated() {
      text.splice("\(index > 0 ? "," : "")\"\(count.kind)\":\(count.count)".utf8)
    }
    text.splice("}")
  }

  public var text: ReferenceText {
    var text = ReferenceText()
    append(to: &text)
    return text
  }
}
