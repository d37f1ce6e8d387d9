/// Why a ranking method cannot be used: everything that is wrong with it, with places (feeds K7, K11a).
public struct RankingDefinitionError: Error, Hashable, Sendable, CustomStringConvertible {
  public struct Problem: Hashable, Sendable, CustomStringConvertible {
    /// JSON pointer inside the definition: `/score`, `/functions/fresh/scale`.
    public var pointer: String
    /// Counted from 1, in characters, for problems inside the expression.
    public var line: Int?
    public var column: Int?
    /// What is wrong, and what was expected.
    public var message: String

    public init(_ pointer: String, line: Int? = nil, column: Int? = nil, _ message: String) {
      self.pointer = pointer
      self.line = line
      self.column = column
      self.message = message
    }

    public var description: String {
      guard let line, let column else { return "\(pointer): \(message)" }
      return "\(pointer), line \(line), column \(column): \(message)"
    }
  }

  /// At least one.
  public var problems: [Problem]

  public init(problems: [Problem]) { self.problems = problems }

  public var description: String { problems.map(\.description).joined(separator: "; ") }
}
