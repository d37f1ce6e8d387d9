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

  init(feed: [UInt8], kind: Kind, epoch: Stamp = .zero) {
    self.feed = feed
    self.kind = kind
    self.epoch = epoch
  }
}
