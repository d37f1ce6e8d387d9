import Feeds
import JSON
import Model

/// Writes pages from stored bytes: an activity's body is copied, only its `origin` put in between.
enum PageWriter {
  /// The open body of a flat page: exactly `results` and `next` (feeds C12).
  static func open(_ page: FlatPage, next: String) -> [UInt8] {
    let bytes = page.items.reduce(next.utf8.count + 96) { $0 + $1.activity.body.count + 80 }
    var writer = JSONWriter(reserving: bytes)
    writer.splice(#"{"results":["#)
    for (index, item) in page.items.enumerated() {
      if index > 0 { writer.splice(",") }
      write(item.activity, origin: item.origin, to: &writer)
    }
    writer.splice(#"],"next":"#)
    writer.string(next)
    return writer.bytes
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
