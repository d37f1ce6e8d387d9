import KeevoClient
import Synchronization

/// The digest of the joined scan that a held page was part of last, and for which state it was made: while none of the
/// slots it depends on has changed, it need not be made again.
final class HeldDigest: Sendable {
  struct Made: Sendable {
    var alsoGet: [RowKey]
    var digest: [UInt8]
    /// Of the views it was made from, in the order of the page's `slots`.
    var indexes: [UInt64]
  }

  private let made = Mutex<Made?>(nil)

  var value: Made? { made.withLock { $0 } }

  func set(_ new: Made) { made.withLock { $0 = new } }
}
