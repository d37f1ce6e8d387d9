/// Finds line and column of a byte of a text.
struct LineIndex: Sendable {
  private let bytes: [UInt8]
  /// Where each line begins.
  private let starts: [Int]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    starts = [0] + bytes.indices.filter { bytes[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
  }

  /// Both count from 1; a column is a character (Unicode scalar), not a byte.
  func place(of offset: Int) -> (line: Int, column: Int) {
    let offset = min(max(0, offset), bytes.count)
    var low = 0
    var high = starts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= offset { low = middle } else { high = middle }
    }
    let characters = bytes[starts[low]..<offset].count { $0 & 0xC0 != 0x80 }
    return (low + 1, characters + 1)
  }
}
