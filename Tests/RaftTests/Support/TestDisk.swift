import Raft

/// What a replica has on disk: the hard state, the log after `base`, and one image of the state.
struct TestDisk {
  var hardState = HardState()
  var base = LogPosition()
  var entries: [Entry] = []
  /// The image: up to where it has applied, and who the members were. `nil` on an empty disk.
  var image: Snapshot?

  /// Empty, or as the first members of a group begin.
  init(founding membership: Membership? = nil) {
    guard let membership else { return }
    let founding = Restored.founding(membership)
    hardState = founding.hardState
    base = founding.base
    image = founding.snapshot
  }

  var lastIndex: UInt64 { base.index + UInt64(entries.count) }

  func term(at index: UInt64) -> UInt64? {
    guard index >= base.index, index <= lastIndex else { return nil }
    return index == base.index ? base.term : entries[Int(index - base.index) - 1].term
  }

  /// Carries out a write, or of its entries only the first few, as when the machine stops in the middle.
  mutating func carryOut(_ write: Ready.Write, entriesMax: Int = .max) {
    if let install = write.install {
      image = install
      base = LogPosition(index: install.index, term: install.term)
      entries = []
    }
    if let state = write.hardState { hardState = state }
    let written = write.entries.prefix(entriesMax)
    guard let first = written.first else { return }
    entries.removeSubrange(Int(first.index - base.index) - 1..<entries.count)
    entries.append(contentsOf: written)
  }

  /// Forgets entries up to `index`, which the image holds.
  mutating func compact(through index: UInt64) {
    guard index > base.index, let term = term(at: index) else { return }
    entries.removeFirst(Int(index - base.index))
    base = LogPosition(index: index, term: term)
  }

  func restored() -> Restored {
    var restored = Restored()
    restored.hardState = hardState
    restored.base = base
    restored.entries = entries
    restored.applied = image?.index ?? 0
    restored.membership = image?.membership ?? Membership()
    restored.snapshot = image
    return restored
  }
}
