/// Why an aggregation format does not compile (feeds J8, J9).
public struct AggregationFormatError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where: counted from 1, columns in Unicode scalars.
  public var line: Int
  public var column: Int
  /// What is wrong, and what was expected.
  public var message: String
  /// Whether the format is only too large: then it compiles, and gives empty keys (J8).
  var isLimit = false

  init(_ message: String, at offset: Int, in text: [Unicode.Scalar]) {
    let before = text.prefix(offset)
    line = 1 + before.count { $0 == "\n" }
    column = 1 + (before.lastIndex(of: "\n").map { before.endIndex - $0 - 1 } ?? before.count)
    self.message = message
  }

  public var description: String { "line \(line), column \(column): \(message)" }
}
