import Synchronization

/// The log index at which each slot of a shard was last changed: tells without a look at the rows that nothing in some
/// slots has changed since. Coarse on purpose: a slot holds many partitions.
final class SlotMarks: Sendable {
  private let slotStart: Int
  private let marks: Mutex<[UInt64]>

  /// - Parameter index: what was applied when the shard was opened.
  init(slotStart: UInt32, slotEnd: UInt32, index: UInt64) {
    self.slotStart = Int(slotStart)
    marks = Mutex([UInt64](repeating: index, count: Int(slotEnd - slotStart)))
  }

  /// Called by apply, before the changes of the entry go into the state.
  func applying(index: UInt64, _ changes: [StateBatch.Change]) {
    marks.withLock { marks in
      for change in changes where change.key.count > 2 && change.key[0] != 0 {
        let place = Int(change.key[1]) << 8 + Int(change.key[2]) - slotStart
        if marks.indices.contains(place) { marks[place] = index }
      }
    }
  }

  /// Whether no entry after that one has changed anything in these slots, as far as apply has come.
  func areUnchanged(_ slots: [UInt32], since index: UInt64) -> Bool {
    marks.withLock { marks in slots.allSatisfy { marks[Int($0) - slotStart] <= index } }
  }
}
