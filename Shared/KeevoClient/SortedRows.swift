/// The rows of one partition in key order, for the in-memory double: a sorted array, searched by halving.
struct SortedRows {
  private(set) var keys: [[UInt8]] = []
  private(set) var values: [VersionedValue] = []

  var isEmpty: Bool { keys.isEmpty }

  /// The position of the first key that is not below `key`.
  func lowerBound(_ key: [UInt8]) -> Int {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if keys[middle].lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  subscript(key: [UInt8]) -> VersionedValue? {
    let index = lowerBound(key)
    return index < keys.count && keys[index] == key ? values[index] : nil
  }

  mutating func put(_ key: [UInt8], _ value: VersionedValue) {
    let index = lowerBound(key)
    if index < keys.count, keys[index] == key {
      values[index] = value
    } else {
      keys.insert(key, at: index)
      values.insert(value, at: index)
    }
  }

  /// Whether there was a row.
  mutating func remove(_ key: [UInt8]) -> Bool {
    let index = lowerBound(key)
    guard index < keys.count, keys[index] == key else { return false }
    keys.remove(at: index)
    values.remove(at: index)
    return true
  }

  mutating func remove(_ range: Range<Int>) {
    keys.removeSubrange(range)
    values.removeSubrange(range)
  }

  /// The positions of a range: `start` inclusive, `end` exclusive, both whole keys.
  func positions(from start: [UInt8], to end: [UInt8]) -> Range<Int> {
    let low = lowerBound(start)
    return low..<max(low, lowerBound(end))
  }
}

extension RowKey {
  /// Class, space and rest in one: sorts as the store does within a partition.
  var sortKey: [UInt8] { [rowClass.rawValue, space] + rest }

  init?(sortKey: [UInt8]) {
    guard sortKey.count >= 2, let rowClass = RowClass(rawValue: sortKey[0]) else { return nil }
    self.init(rowClass: rowClass, space: sortKey[1], rest: Array(sortKey[2...]))
  }
}

extension RowRange {
  var sortStart: [UInt8] { [rowClass.rawValue, space] + start }
  /// First key past the range. A space of 0xFF ends with its class.
  var sortEnd: [UInt8] {
    if !end.isEmpty { return [rowClass.rawValue, space] + end }
    return space == 0xFF ? [rowClass.rawValue + 1] : [rowClass.rawValue, space + 1]
  }
}
