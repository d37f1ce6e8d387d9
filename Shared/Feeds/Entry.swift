import Jobs
import KeevoClient
import Model

/// The key of a feed's row for an activity (B10): what it is, by which source it came, and what it cites.
struct EntryKey: Hashable, Sendable {
  static let bytes = 40
  /// The byte after an entry's key that makes the key of its *hide* row.
  static let hideMark: UInt8 = 1

  var ticks: UInt64
  var low: UInt64
  /// 0 for the feed's own and `to` rows, otherwise the hash of the source feed.
  var via: UInt64
  var placement: Stamp
  /// Zero for the feed's own.
  var edge: Stamp

  init(_ id: ActivityID, via: UInt64, placement: Stamp, edge: Stamp) {
    ticks = id.ticks
    low = id.low
    self.via = via
    self.placement = placement
    self.edge = edge
  }

  /// Reads the key of an entry or of its hide row.
  init?(_ rest: [UInt8]) {
    guard rest.count == Self.bytes || rest.count == Self.bytes + 1 else { return nil }
    ticks = ~FeedKeys.integer(rest[0..<8])
    low = ~FeedKeys.integer(rest[8..<16])
    via = FeedKeys.integer(rest[16..<24])
    placement = Stamp(FeedKeys.integer(rest[24..<32]))
    edge = Stamp(FeedKeys.integer(rest[32..<40]))
  }

  static func isHide(_ rest: [UInt8]) -> Bool { rest.count == bytes + 1 }

  /// The id; its version bits are the record's.
  var id: ActivityID { ActivityID(ticks: ticks, low: low) }

  /// Everything of the key but the edge: what a fan-out's rows have in common.
  var prefix: [UInt8] {
    FeedKeys.inverted(id) + FeedKeys.bigEndian(via) + FeedKeys.bigEndian(placement.rawValue)
  }

  var rest: [UInt8] { prefix + FeedKeys.bigEndian(edge.rawValue) }
  var row: RowKey { RowKey(space: FeedKeys.entrySpace, rest: rest) }
  var hide: RowKey { RowKey(space: FeedKeys.entrySpace, rest: rest + [Self.hideMark]) }

  /// The entries of one activity in a feed.
  static func range(_ id: ActivityID) -> RowRange {
    RowRange(space: FeedKeys.entrySpace, prefix: FeedKeys.inverted(id))
  }

  /// The entries and hide rows that cite one placement of one source.
  static func range(_ id: ActivityID, via: UInt64, placement: Stamp) -> RowRange {
    RowRange(
      space: FeedKeys.entrySpace, prefix: EntryKey(id, via: via, placement: placement, edge: .zero).prefix)
  }

  /// How an entry names its activity's record.
  static let join = JoinRule(keyOffset: 0, length: 16, inverted: true, space: FeedKeys.recordSpace)
}

/// What an entry's row holds: format 1, the placement's kind, and when the activity arrived at the source.
///
/// Aggregated feeds hold no such rows: see `EntrySet`.
struct EntryValue: Hashable, Sendable {
  /// Where the store writes the arrival in an own row.
  static let arrivalOffset = 2

  var kind: Placement.Kind
  var arrival: Stamp

  var encoded: [UInt8] { [1, kind.rawValue] + FeedKeys.bigEndian(arrival.rawValue) }

  init(kind: Placement.Kind, arrival: Stamp) {
    self.kind = kind
    self.arrival = arrival
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    let flags: UInt8 = try reader.integer()
    guard let kind = Placement.Kind(rawValue: flags & 3), flags & ~3 == 0 else {
      throw .malformed("flags \(flags) of an entry")
    }
    self.kind = kind
    arrival = Stamp(try reader.integer())
  }
}
