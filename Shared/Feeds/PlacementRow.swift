import Jobs
import KeevoClient

/// A placement beyond the record's header (B8): a row of the activity's partition under the hash of its feed and its epoch,
/// so that what an entry cites is one lookup. Every change of such rows changes the record too, whose version orders them.
/// Format 1.
enum PlacementRow {
  /// Where the store writes its stamp in the key of a new one.
  static let epochOffset = 8

  static func key(feedHash: UInt64, epoch: Stamp) -> RowKey {
    RowKey(
      space: FeedKeys.placementSpace, rest: FeedKeys.bigEndian(feedHash) + FeedKeys.bigEndian(epoch.rawValue))
  }

  static func key(_ placement: Placement) -> RowKey {
    key(feedHash: FeedKeys.feedHash(placement.feed), epoch: placement.epoch)
  }

  static func value(_ placement: Placement) -> [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(placement.kind.rawValue)
    out.integer(placement.row ?? 0)
    out.short(placement.feed)
    return out.bytes
  }

  static func placement(_ rest: [UInt8], _ value: [UInt8]) throws(FormatError) -> Placement {
    guard rest.count == 16 else { throw .malformed("the key of a placement") }
    var reader = ByteReader(value)
    _ = try reader.format(1...1)
    let kind = try reader.placementKind()
    let row: UInt16 = try reader.integer()
    return Placement(
      feed: try reader.short(), kind: kind, epoch: Stamp(FeedKeys.integer(rest[8..<16])), row: row)
  }

  static let range = RowRange(space: FeedKeys.placementSpace)
}
