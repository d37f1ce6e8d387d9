/// Appends sent to one follower and not yet acknowledged, oldest first.
struct InflightWindow: Hashable, Sendable {
  private var lastIndexes: [UInt64] = []
  private var sizes: [Int] = []
  private(set) var bytes = 0

  var count: Int { lastIndexes.count }

  func isFull(_ options: RaftOptions) -> Bool {
    count >= options.inflightMessagesMax || bytes >= options.inflightBytesMax
  }

  mutating func add(lastIndex: UInt64, bytes size: Int) {
    lastIndexes.append(lastIndex)
    sizes.append(size)
    bytes += size
  }

  /// Frees what ends at or before `index`.
  mutating func free(through index: UInt64) {
    free(lastIndexes.firstIndex { $0 > index } ?? count)
  }

  mutating func freeOldest() { free(min(1, count)) }

  mutating func removeAll() { self = InflightWindow() }

  private mutating func free(_ messages: Int) {
    bytes -= sizes[..<messages].reduce(0, +)
    lastIndexes.removeFirst(messages)
    sizes.removeFirst(messages)
  }
}
