/// Why a YAML document could not be read.
struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Counted from 1.
  var line: Int
  var reason: String
  var description: String { "line \(line): \(reason)" }

  init(_ line: Int, _ reason: String) {
    self.line = line
    self.reason = reason
  }
}
