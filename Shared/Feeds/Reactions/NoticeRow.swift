import Jobs
import KeevoClient
import Model

/// The row beside the activity that a reaction puts into its target feeds (feeds R8): up to which version of the reaction
/// it is in step, and by which feeds. A late writer that knows less is refused by it. Format 1.
struct NoticeRow: Hashable, Sendable {
  static let key = RowKey(space: UInt8(ascii: "n"))

  /// The version of the reaction's record.
  var order: Stamp
  var feeds: [[UInt8]]

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(order.rawValue)
    out.integer(UInt16(feeds.count))
    for feed in feeds { out.short(feed) }
    return out.bytes
  }

  init(order: Stamp, feeds: [[UInt8]]) {
    self.order = order
    self.feeds = feeds
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    order = Stamp(try reader.integer())
    feeds = []
    for _ in 0..<(try reader.integer(UInt16.self)) { feeds.append(try reader.short()) }
  }
}
