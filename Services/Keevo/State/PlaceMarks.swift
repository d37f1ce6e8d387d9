import KeevoClient
import Synchronization

/// The log index at which each partition of a shard was last changed, by a hash of its place: tells without a look at any row that
/// nothing in some partitions has changed since. Partitions that share a mark are taken for changed together.
final class PlaceMarks: Sendable {
  static let bits: UInt32 = 16

  private let marks: Mutex<[UInt64]>

  /// - Parameter index: what was applied when the shard was opened.
  init(index: UInt64) { marks = Mutex([UInt64](repeating: index, count: 1 << Int(Self.bits))) }

  /// Fibonacci hashing: the low bits of all places of a shard are much the same.
  private static func mark(_ place: UInt32) -> Int { Int((place &* 0x9E37_79B1) >> (32 - bits)) }

  /// Called by apply, before the changes of the entry go into the state.
  func applying(index: UInt64, _ changes: [StateBatch.Change]) {
    var places: [UInt32] = []
    var last: ArraySlice<UInt8> = []
    for change in changes where change.key.first != 0 {
      guard let name = StoredKey.placeBytes(change.key), name != last else { continue }
      last = name
      places.append(name.withUnsafeBytes { Partition.place(of: $0) })
    }
    marks.withLock { marks in
      for place in places { marks[Self.mark(place)] = index }
    }
  }

  /// Whether no entry after that one has changed anything at this place, as far as apply has come.
  func isUnchanged(_ place: UInt32, since index: UInt64) -> Bool {
    marks.withLock { $0[Self.mark(place)] <= index }
  }
}
