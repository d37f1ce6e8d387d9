import Feeds
import JSON
import Model

/// Writes pages from stored bytes: an activity's body is copied, only its `origin` put in between.
enum PageWriter {
  /// Writes an activity of a page.
  private typealias Write = (FeedItem, inout JSONWriter) -> Void

  /// Each activity as stored, or as it has been written already in the order of the page.
  private static func writer(_ bodies: [[UInt8]]?) -> Write {
    guard let bodies else { return { item, writer in write(item.activity, origin: item.origin, to: &writer) } }
    var rest = bodies[...]
    return { _, writer in if let body = rest.popFirst() { writer.splice(body) } }
  }

  /// The open body of a flat page: exactly `results` and `next` (feeds C12).
  static func open(_ page: FlatPage, bodies: [[UInt8]]? = nil, next: String) -> [UInt8] {
    let bytes = page.items.reduce(next.utf8.count + 96) { $0 + $1.activity.body.count + 80 }
    var writer = JSONWriter(reserving: bytes)
    let activity = self.writer(bodies)
    writer.splice(#"{"results":["#)
    for (index, item) in page.items.enumerated() {
      if index > 0 { writer.splice(",") }
      activity(item, &writer)
    }
    writer.splice(#"],"next":"#)
    writer.string(next)
    return writer.bytes
  }

  /// The open body of an aggregated page: `results` and `next`, and what is not marked of a notification feed (feeds G2).
  static func open(_ page: AggregatedPage, bodies: [[UInt8]]? = nil, next: String) -> [UInt8] {
    let bytes = page.groups.reduce(next.utf8.count + 128) { sum, group in
      group.items.reduce(sum + 320 + group.key.utf8.count) { $0 + $1.activity.body.count + 80 }
    }
    var writer = JSONWriter(reserving: bytes)
    let activity = self.writer(bodies)
    writer.splice(#"{"results":["#)
    for (index, group) in page.groups.enumerated() {
      if index > 0 { writer.splice(",") }
      write(group, isNotification: page.unmarked != nil, to: &writer, activity)
    }
    writer.splice(#"],"next":"#)
    writer.string(next)
    if let unmarked = page.unmarked {
      writer.splice(#","unseen":"#)
      writer.integer(unmarked.unseen)
      writer.splice(#","unread":"#)
      writer.integer(unmarked.unread)
    }
    return writer.bytes
  }

  private static func write(
    _ group: ActivityGroup, isNotification: Bool, to writer: inout JSONWriter, _ activity: Write
  ) {
    writer.splice(#"{"id":""#)
    group.id.append(to: &writer.bytes)
    writer.splice(#"","group":"#)
    writer.string(group.key)
    writer.splice(#","verb":"#)
    writer.splice(group.verb)
    writer.splice(#","activity_count":"#)
    writer.integer(group.activityCount)
    writer.splice(#","actor_count":"#)
    writer.integer(group.actorCount)
    if isNotification {
      writer.splice(#","is_seen":"#)
      writer.boolean(group.isSeen)
      writer.splice(#","is_read":"#)
      writer.boolean(group.isRead)
    }
    writer.splice(#","created_at":""#)
    group.createdAt.append(to: &writer.bytes)
    writer.splice(#"","updated_at":""#)
    group.updatedAt.append(to: &writer.bytes)
    writer.splice(#"","activities":["#)
    for (index, item) in group.items.enumerated() {
      if index > 0 { writer.splice(",") }
      activity(item, &writer)
    }
    writer.splice("]")
    if let score = group.score {
      writer.splice(#","score":"#)
      writer.splice(RankingScorer.text(score).utf8)
    }
    writer.splice("}")
  }

  /// One activity as read from a feed.
  static func write(_ activity: StoredActivity, origin: FeedID?, to writer: inout JSONWriter) {
    writer.splice(activity.body[..<activity.originOffset])
    if let origin {
      writer.splice("\"")
      writer.splice(origin.group.utf8)
      writer.splice(":")
      writer.splice(origin.id.utf8)
      writer.splice("\"")
    } else {
      writer.splice("null")
    }
    writer.splice(activity.body[activity.originOffset...])
  }
}
