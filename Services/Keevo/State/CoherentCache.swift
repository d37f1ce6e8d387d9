import Model
import Synchronization

/// What was read lately from the state of one shard, decoded, in front of it (B4): a page of a feed finds its rows here
/// and costs neither a search of RocksDB nor a copy.
///
/// It is coherent with views. Apply, before an entry's changes go into the state, takes away what they touch and notes
/// the entry's index. A reader may put something in only while that index is its own view's: then nothing has changed
/// since the view was taken. And it may take something out only if its view is not older than what is there.
final class CoherentCache<Value: Sendable>: Sendable {
  private struct Entry: Sendable {
    var value: Value
    /// The oldest view it holds for.
    var since: UInt64
  }

  /// What an entry costs beside its bytes: headers of arrays, a place in a table.
  private static var overheadBytes: Int { 160 }

  private struct State {
    var entries: GenerationCache<Entry>
    /// The log index that is being applied, or was last.
    var index: UInt64
  }

  private let state: Mutex<State>

  init(bytesMax: Int, appliedIndex: UInt64) {
    state = Mutex(State(entries: GenerationCache(bytesMax: bytesMax), index: appliedIndex))
  }

  /// Called by apply, before the changes of the entry go into the state, with the keys they touch.
  func applying(index: UInt64, _ keys: some Sequence<ByteKey>) {
    state.withLock { state in
      state.index = index
      for key in keys { state.entries.remove(key) }
    }
  }

  /// What a view of that index may take; `nil`: ask the view.
  func value(_ key: ByteKey, asOf index: UInt64) -> Value? {
    // The garbage is let go outside the lock.
    let found = state.withLock { $0.entries.value(key) }.value
    return found.flatMap { $0.since <= index ? $0.value : nil }
  }

  /// Keeps what a view of that index has given, in place of what was there. `since`: the oldest view it holds for.
  func keep(_ key: ByteKey, _ value: Value, bytes: Int, since: UInt64, asOf index: UInt64) {
    let bytes = bytes + key.bytes.count + Self.overheadBytes
    _ = state.withLock { state -> GenerationCache<Entry>.Garbage in
      guard state.index == index else { return [:] }
      return state.entries.keep(key, Entry(value: value, since: since), bytes: bytes)
    }
  }

  /// Bytes held, about.
  var bytes: Int { state.withLock { $0.entries.bytes } }
}
