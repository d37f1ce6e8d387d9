import JSON
import Model

/// A ranking method of a feed group, compiled: made once for a definition, used by any number of reads (feeds K1).
///
/// ```swift
/// let method = try RankingMethod(JSONValue(parsing: #"{"score":"popularity ^ 0.5","defaults":{"popularity":1}}"#))
/// ```
public struct RankingMethod: Hashable, Sendable {
  let program: RankingProgram
  let text: [UInt8]
  let defaults: RankingDefaults

  /// Compiles a definition, the form of insight D33: `{score, defaults, functions}`.
  ///
  /// - Throws: everything that is wrong with it, but of the expression only the first thing.
  public init(
    _ definition: JSONValue, limits: RankingLimits = RankingLimits()
  ) throws(RankingDefinitionError) {
    var reader = RankingDefinitionReader(limits: limits)
    let parts = reader.read(definition)
    guard reader.problems.isEmpty, let parts else { throw RankingDefinitionError(problems: reader.problems) }
    text = Array(parts.score.utf8)
    defaults = parts.defaults
    do {
      let root = try RankingParser.parse(text, limits: limits)
      program = try RankingCompiler.compile(
        root, text: text, functions: parts.functions, defaults: parts.defaults)
    } catch {
      throw RankingDefinitionError(problems: [Self.problem(error, in: Array(parts.score.utf8))])
    }
  }

  /// The kinds of reactions it counts; `RankingScorer` wants their numbers in this order.
  public var reactionKinds: [String] { program.reactionKinds }

  /// The counters of analytics it uses, in the order `RankingScorer` wants them.
  public var analyticsNames: [String] { program.analyticsNames }

  /// A failure's place as line and column, counted from 1 in characters.
  static func place(_ offset: Int, in text: [UInt8]) -> (line: Int, column: Int) {
    let before = text.prefix(offset)
    let lines = before.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let column = (lines.last ?? []).count { $0 & 0xC0 != 0x80 }
    return (max(1, lines.count), column + 1)
  }

  private static func problem(
    _ failure: RankingLexer.Failure, in text: [UInt8]
  ) -> RankingDefinitionError.Problem {
    let place = place(failure.offset, in: text)
    return RankingDefinitionError.Problem("/score", line: place.line, column: place.column, failure.message)
  }
}
