import Synchronization

/// What was read lately from the state of one shard, decoded, in front of it (B4): a page of a feed finds its rows here
/// and costs neither a search of RocksDB nor a copy.
///
/// It is coherent with views. Apply, before an entry's changes go into the state, takes away what they touch and notes
/// the entry's index. A reader may put something in only while that index is its own view's: then nothing has changed
/// since the view was taken. And it may take something out only if its view is not older than what is there.
///
/// Two generations bound it: when the young one holds half of the bytes, it becomes the old one, and the former old one
/// goes. What is found in the old one is young again.
final class CoherentCache<Value: Sendable>: Sendable {
  struct Entry: Sendable {
    var value: Value
    /// The oldest view it holds for.
    var since: UInt64
    var bytes: Int
  }

  /// What an entry costs beside its bytes: headers of arrays, a place in a table.
  private static var overheadBytes: Int { 160 }

  private struct State {
    var young: [ByteKey: Entry] = [:]
    var old: [ByteKey: Entry] = [:]
    var youngBytes = 0
    /// The log index that is being applied, or was last.
    var index: UInt64
  }

  private let state: Mutex<State>
  private let generationBytesMax: Int

  init(bytesMax: Int, appliedIndex: UInt64) {
    generationBytesMax = bytesMax / 2
    state = Mutex(State(index: appliedIndex))
  }

  /// Called by apply, before the changes of the entry go into the state, with the keys they touch.
  func applying(index: UInt64, _ keys: some Sequence<ByteKey>) {
    state.withLock { state in
      state.index = index
      for key in keys {
        if let entry = state.young.removeValue(forKey: key) { state.youngBytes -= entry.bytes }
        if !state.old.isEmpty { state.old.removeValue(forKey: key) }
      }
    }
  }

  /// What a view of that index may take; `nil`: ask the view.
  func value(_ key: ByteKey, asOf index: UInt64) -> Value? {
    let (found, released) = state.withLock { state -> (Entry?, [ByteKey: Entry]) in
      if let entry = state.young[key] { return (entry, [:]) }
      guard let entry = state.old.removeValue(forKey: key) else { return (nil, [:]) }
      return (entry, Self.add(key, entry, to: &state, generationBytesMax))
    }
    // A whole generation is let go outside the lock.
    _ = released
    return found.flatMap { $0.since <= index ? $0.value : nil }
  }

  /// Keeps what a view of that index has given, in place of what was there. `since`: the oldest view it holds for.
  func keep(_ key: ByteKey, _ value: Value, bytes: Int, since: UInt64, asOf index: UInt64) {
    let bytes = bytes + key.bytes.count + Self.overheadBytes
    guard bytes <= generationBytesMax else { return }
    _ = state.withLock { state -> [ByteKey: Entry] in
      guard state.index == index else { return [:] }
      if let former = state.young.removeValue(forKey: key) { state.youngBytes -= former.bytes }
      return Self.add(key, Entry(value: value, since: since, bytes: bytes), to: &state, generationBytesMax)
    }
  }

  /// Bytes held, about.
  var bytes: Int { state.withLock { state in state.old.values.reduce(state.youngBytes) { $0 + $1.bytes } } }

  /// Gives the generation that had to go.
  private static func add(
    _ key: ByteKey, _ entry: Entry, to state: inout State, _ generationBytesMax: Int
  ) -> [ByteKey: Entry] {
    var gone: [ByteKey: Entry] = [:]
    if state.youngBytes + entry.bytes > generationBytesMax {
      gone = state.old
      state.old = state.young
      state.young = [:]
      state.youngBytes = 0
    }
    state.young[key] = entry
    state.youngBytes += entry.bytes
    return gone
  }
}
