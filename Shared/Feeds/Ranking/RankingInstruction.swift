/// A step of a compiled expression, on a stack of values.
enum RankingInstruction: Hashable, Sendable {
  case number(Double)
  case text(String)
  case now
  case variable(Int)
  case negate, not
  case binary(RankingOperator)
  /// Makes 0 or 1 of the value on top.
  case truth
  /// Go on at another place; the second and third take the value on top, or keep it and turn it into 0 or 1.
  case jump(Int)
  case jumpIfFalse(Int)
  case falseOrGoOn(Int)
  case trueOrGoOn(Int)
  case call(RankingFunction, arguments: Int)
  case decay(RankingDecay)
  /// A random number of this place in the expression.
  case random(RankingFunction, arguments: Int, site: Int)
}
