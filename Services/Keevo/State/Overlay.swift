import KeevoClient
import Model

/// The changes of one log entry, before they go to the state: later commands of the entry see them.
///
/// Keys are sorted only when someone reads a range, and then partition by partition: most entries never do.
struct Overlay {
  private let base: any StateReader
  /// Stored value by stored key; a `nil` inside is a deletion.
  private var changes: [ByteKey: [UInt8]?] = [:]
  /// Changed keys in the order of their first change.
  private var order: [[UInt8]] = []
  private var indexed = 0
  /// Per key prefix, sorted keys; may hold keys whose change was taken back.
  private var index: [[UInt8]: [[UInt8]]] = [:]
  /// What to restore, newest last, since the last savepoint.
  private var undo: [(key: [UInt8], before: [UInt8]??)] = []

  init(base: any StateReader) { self.base = base }

  func value(_ key: [UInt8]) throws(StoreError) -> [UInt8]? {
    if let changed = changes[ByteKey(key)] { return changed }
    return try base.value(key)
  }

  mutating func set(_ key: [UInt8], _ value: [UInt8]?) {
    let before = changes.updateValue(value, forKey: ByteKey(key))
    if before == nil { order.append(key) }
    undo.append((key, before))
  }

  mutating func savepoint() { undo.removeAll(keepingCapacity: true) }

  /// Takes back everything since the savepoint.
  mutating func rollback() {
    for step in undo.reversed() {
      let key = ByteKey(step.key)
      if let before = step.before { changes[key] = .some(before) } else { changes.removeValue(forKey: key) }
    }
    undo.removeAll(keepingCapacity: true)
  }

  /// Visits the rows of a range that lies within one prefix (partition, class and space), ascending.
  mutating func scan(
    prefix: [UInt8], from start: [UInt8], to end: [UInt8],
    _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool
  ) throws(StoreError) {
    let keys = sortedKeys(prefix).filter { !$0.lexicographicallyPrecedes(start) && $0.lexicographicallyPrecedes(end) }
    var position = 0
    var goesOn = true
    func emit(_ key: [UInt8]) -> Bool {
      guard let change = changes[ByteKey(key)], let value = change else { return true }
      return key.withUnsafeBytes { key in value.withUnsafeBytes { visit(key, $0) } }
    }
    try base.scan(from: start, to: end, reverse: false) { key, value in
      while position < keys.count, keys[position].lexicographicallyPrecedes(key) {
        goesOn = emit(keys[position])
        position += 1
        if !goesOn { return false }
      }
      if position < keys.count, keys[position].elementsEqual(key) {
        let own = keys[position]
        position += 1
        // A change that was taken back leaves the row of the state.
        goesOn = changes.keys.contains(ByteKey(own)) ? emit(own) : visit(key, value)
      } else {
        goesOn = visit(key, value)
      }
      return goesOn
    }
    while goesOn, position < keys.count {
      goesOn = emit(keys[position])
      position += 1
    }
  }

  private mutating func sortedKeys(_ prefix: [UInt8]) -> [[UInt8]] {
    if indexed < order.count {
      var fresh: [[UInt8]: [[UInt8]]] = [:]
      for key in order[indexed...] {
        guard let length = key.withUnsafeBytes({ StoredKey.prefixLength($0) }) else { continue }
        fresh[Array(key[..<length]), default: []].append(key)
      }
      indexed = order.count
      for (prefix, keys) in fresh {
        var all = index[prefix] ?? []
        all += keys
        all.sort { $0.lexicographicallyPrecedes($1) }
        // A key that was taken back and changed again has come twice.
        var unique: [[UInt8]] = []
        unique.reserveCapacity(all.count)
        for key in all where unique.last != key { unique.append(key) }
        index[prefix] = unique
      }
    }
    return index[prefix] ?? []
  }

  /// Everything changed, in the order of first change.
  func batch() -> StateBatch {
    var batch = StateBatch()
    var seen: Set<[UInt8]> = []
    let mayRepeat = order.count != changes.count
    for key in order {
      guard let change = changes[ByteKey(key)] else { continue }
      if mayRepeat, !seen.insert(key).inserted { continue }
      batch.changes.append(StateBatch.Change(key: key, value: change))
    }
    return batch
  }
}
