import KeevoClient
import Model

/// A page of rows as they are stored, decoded.
struct ScannedPage: Sendable {
  var rows: [Row] = []
  var next: [UInt8] = []
  /// Of keys and values together.
  var bytes = 0
}

/// The first page of a range, as a cache keeps it with where its rows point.
struct HeldPage: Sendable {
  /// What a row of the page points at.
  enum Target: Sendable {
    case nothing
    /// What the row before points at.
    case same
    case row(shard: Int, ByteKey)
  }

  /// Of one prefix of keys; a cursor of a client begins elsewhere and is not kept.
  static let perPrefixMax = 4
  static let bytesMax = 65_536

  var start: [UInt8]
  var end: [UInt8]
  var limit: Int
  var page: ScannedPage
  /// `nil` for a scan without a join.
  var join: JoinRule?
  var targets: [Target] = []

  func answers(start: [UInt8], end: [UInt8], limit: Int, join: JoinRule?) -> Bool {
    self.limit == limit && self.start == start && self.end == end && self.join == join
  }

  /// What it costs to keep: the bytes, and for each row the headers of its arrays.
  var heldBytes: Int { page.bytes + 192 * page.rows.count }
}
