/// A part of a parsed ranking expression (feeds K3) and the bytes it came from.
struct RankingNode: Hashable, Sendable {
  indirect enum Kind: Hashable, Sendable {
    case number(Double)
    case text(String)
    case path([String])
    case call(String, [RankingNode])
    case negate(RankingNode)
    case not(RankingNode)
    case binary(RankingOperator, RankingNode, RankingNode)
    case and(RankingNode, RankingNode)
    case or(RankingNode, RankingNode)
    case choice(RankingNode, then: RankingNode, otherwise: RankingNode)
    /// What stood in parentheses: one summand, whatever is in it.
    case group(RankingNode)
  }

  var kind: Kind
  var range: Range<Int>
}

/// What stands between two values.
enum RankingOperator: String, Hashable, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case remainder = "%"
  case power = "^"
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case equal = "=="
  case notEqual = "!="
}
