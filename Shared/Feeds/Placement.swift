import KeevoClient

/// That an activity is in a feed in its own right, and since which write (B8).
struct Placement: Hashable, Sendable {
  enum Kind: UInt8, Sendable {
    case own = 0
    case to = 1
    /// By `add_to_many`: not given to followers (feeds F20).
    case many = 2
  }

  var feed: [UInt8]
  var kind: Kind
  /// The stamp of the sub-batch that made it; zero while it is still to be written.
  var epoch: Stamp
  /// Its number among the rows of its write when it lies beyond the record's header (B8); there it stays.
  var row: UInt16?

  init(feed: [UInt8], kind: Kind, epoch: Stamp = .zero, row: UInt16? = nil) {
    self.feed = feed
    self.kind = kind
    self.epoch = epoch
    self.row = row
  }
}

/// The order in which placements were made: by their write, in it those of the header before those in rows.
struct PlacementOrder: Hashable, Comparable, Sendable {
  var epoch: Stamp
  var inRow: Bool
  var number: Int

  static func < (a: PlacementOrder, b: PlacementOrder) -> Bool {
    if a.epoch != b.epoch { return a.epoch < b.epoch }
    if a.inRow != b.inRow { return !a.inRow }
    return a.number < b.number
  }
}

/// A placement that an entry cites and that stands.
struct CitedPlacement: Hashable, Sendable {
  var feed: [UInt8]
  var kind: Placement.Kind
  var order: PlacementOrder
}
