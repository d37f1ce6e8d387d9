import KeevoClient
import Synchronization

/// Rows of one shard that were read lately, decoded, in front of the state (B4): a page's joins find most of their rows
/// here and cost neither a search of RocksDB nor a copy.
///
/// It is coherent with views. Apply, before an entry's changes go into the state, takes the rows away that they touch and
/// notes the entry's index. A reader may put a row in only while that index is its own view's: then nothing has changed
/// since the view was taken. And it may take a row out only if the row's version is not later than its view.
///
/// Two generations bound it: when the young one holds half of the bytes, it becomes the old one, and the former old one
/// goes. A row that is found in the old one is young again.
final class HotRows: Sendable {
  /// What a row costs beside its bytes: headers of two arrays, a place in a table.
  private static let overheadBytes = 160

  private struct State {
    var young: [[UInt8]: VersionedValue] = [:]
    var old: [[UInt8]: VersionedValue] = [:]
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

  /// Called by apply, before the changes of the entry go into the state.
  func applying(index: UInt64, _ changes: [StateBatch.Change]) {
    state.withLock { state in
      state.index = index
      for change in changes {
        if let row = state.young.removeValue(forKey: change.key) {
          state.youngBytes -= Self.bytes(change.key, row)
        }
        if !state.old.isEmpty { state.old.removeValue(forKey: change.key) }
      }
    }
  }

  /// The row as a view of that index has it; `nil`: ask the view.
  func value(_ key: [UInt8], asOf index: UInt64) -> VersionedValue? {
    let (found, released) = state.withLock { state -> (VersionedValue?, [[UInt8]: VersionedValue]) in
      if let row = state.young[key] { return (row, [:]) }
      guard let row = state.old.removeValue(forKey: key) else { return (nil, [:]) }
      return (row, Self.add(key, row, to: &state, generationBytesMax))
    }
    // A whole generation is let go outside the lock.
    _ = released
    return found.flatMap { $0.version.index <= index ? $0 : nil }
  }

  /// Keeps a row that a view of that index has given.
  func keep(_ key: [UInt8], _ row: VersionedValue, asOf index: UInt64) {
    guard Self.bytes(key, row) <= generationBytesMax else { return }
    _ = state.withLock { state -> [[UInt8]: VersionedValue] in
      guard state.index == index, state.young[key] == nil else { return [:] }
      return Self.add(key, row, to: &state, generationBytesMax)
    }
  }

  /// Bytes held, about.
  var bytes: Int {
    state.withLock { state in state.old.reduce(state.youngBytes) { $0 + Self.bytes($1.key, $1.value) } }
  }

  private static func bytes(_ key: [UInt8], _ row: VersionedValue) -> Int {
    key.count + row.value.count + overheadBytes
  }

  /// Gives the generation that had to go.
  private static func add(
    _ key: [UInt8], _ row: VersionedValue, to state: inout State, _ generationBytesMax: Int
  ) -> [[UInt8]: VersionedValue] {
    var gone: [[UInt8]: VersionedValue] = [:]
    let bytes = bytes(key, row)
    if state.youngBytes + bytes > generationBytesMax {
      gone = state.old
      state.old = state.young
      state.young = [:]
      state.youngBytes = 0
    }
    state.young[key] = row
    state.youngBytes += bytes
    return gone
  }
}

extension Stamp {
  /// The log index it was filled in at.
  var index: UInt64 { rawValue >> 16 & 0xFF_FFFF_FFFF }
}
