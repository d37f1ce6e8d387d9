/// The part of the log that is in memory: everything after `base`, in order. Older entries are forgotten by the driver's
/// wish (`compact`), measured in bytes; followers that need them get a snapshot.
struct EntryLog: Sendable {
  private(set) var base: LogPosition
  /// Entries from `head` on are alive; what lies before is dropped when it makes up half.
  private var storage: [Entry]
  private var head = 0
  private(set) var bytes = 0
  /// Up to here the entries are durable on this replica.
  private(set) var persisted: UInt64

  init(base: LogPosition, entries: [Entry]) {
    self.base = base
    storage = entries
    persisted = base.index + UInt64(entries.count)
    bytes = entries.reduce(0) { $0 + $1.bytes }
  }

  var firstIndex: UInt64 { base.index + 1 }
  var lastIndex: UInt64 { base.index + UInt64(storage.count - head) }
  var lastTerm: UInt64 { storage.count > head ? storage[storage.count - 1].term : base.term }

  private func slot(_ index: UInt64) -> Int { head + Int(index - firstIndex) }

  /// `nil` outside of the log. The entry before the first is known by its term.
  func term(at index: UInt64) -> UInt64? {
    guard index >= base.index, index <= lastIndex else { return nil }
    return index == base.index ? base.term : storage[slot(index)].term
  }

  func holds(_ position: LogPosition) -> Bool { term(at: position.index) == position.term }

  /// The entries of a range that lies within the log.
  func entries(in range: Range<UInt64>) -> ArraySlice<Entry> {
    range.isEmpty ? [] : storage[slot(range.lowerBound)..<slot(range.upperBound - 1) + 1]
  }

  /// From an index on: as many as `bytesMax` holds, at least one. Empty behind the end.
  func entries(from index: UInt64, bytesMax: Int) -> ArraySlice<Entry> {
    guard index >= firstIndex, index <= lastIndex else { return [] }
    let start = slot(index)
    var end = start + 1
    var size = storage[start].bytes
    while end < storage.count {
      size += storage[end].bytes
      if size > bytesMax { break }
      end += 1
    }
    return storage[start..<end]
  }

  mutating func append(_ entry: Entry) {
    storage.append(entry)
    bytes += entry.bytes
  }

  /// Forgets entries from `index` on: another leader's log has others there.
  mutating func truncate(from index: UInt64) {
    guard index >= firstIndex, index <= lastIndex else { return }
    let cut = slot(index)
    bytes -= storage[cut...].reduce(0) { $0 + $1.bytes }
    storage.removeSubrange(cut...)
    persisted = min(persisted, index - 1)
  }

  mutating func persist(through index: UInt64) { persisted = max(persisted, min(index, lastIndex)) }

  /// Forgets entries up to and with `index`.
  mutating func compact(through index: UInt64) {
    guard index >= firstIndex, index <= lastIndex, let term = term(at: index) else { return }
    let cut = slot(index) + 1
    bytes -= storage[head..<cut].reduce(0) { $0 + $1.bytes }
    for dead in head..<cut { storage[dead].payload = [] }
    head = cut
    base = LogPosition(index: index, term: term)
    if head * 2 >= storage.count {
      storage.removeFirst(head)
      head = 0
    }
  }

  /// Starts anew after a state that came by files. Until its installation is durable, what counts as persisted here is
  /// what was committed before.
  mutating func restart(after position: LogPosition, committedBefore commit: UInt64) {
    base = position
    storage = []
    head = 0
    bytes = 0
    persisted = min(persisted, commit)
  }
}
