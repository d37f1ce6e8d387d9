import JSON

/// One thing that is wrong in an app's file: where, what, and what to write instead (insight D91).
struct ConfigProblem: Hashable, Sendable {
  /// JSON pointer (RFC 6901); empty for the whole file.
  var pointer: String
  /// Counted from 1.
  var line: Int
  var column: Int
  var message: String
  var advice: String

  /// One line for a person.
  func text(file: String) -> String {
    "\(file):\(line):\(column): \(pointer.isEmpty ? "/" : pointer): \(message). \(advice)\(advice.hasSuffix("?") ? "" : ".")"
  }

  var json: JSONValue {
    .object([
      .init("pointer", .string(pointer)), .init("line", .integer(line)), .init("column", .integer(column)),
      .init("message", .string(message)), .init("advice", .string(advice)),
    ])
  }
}
