/// A compiled expression of the aggregation format (feeds J2). Its depth is bounded by `AggregationFormat.levelsMax`.
indirect enum FormatExpression: Sendable {
  case value(FormatValue)
  case name(String)
  case list([FormatExpression])
  case or(FormatExpression, FormatExpression)
  case and(FormatExpression, FormatExpression)
  case not(FormatExpression)
  case compare(FormatComparison, FormatExpression, FormatExpression)
  case isDefined(FormatExpression, Bool)
  case arithmetic(FormatArithmetic, FormatExpression, FormatExpression)
  case negative(FormatExpression)
  case filter(FormatFilter, FormatExpression, [FormatExpression])
  case member(FormatExpression, String)
  case index(FormatExpression, FormatExpression)
  /// A method of a value, by its name.
  case call(FormatExpression, String, [FormatExpression])
  /// A call of what is no method: an error when it is run.
  case wrongCall
  case choice(FormatExpression, condition: FormatExpression, otherwise: FormatExpression)
}

enum FormatComparison: Sendable { case equal, unequal, less, lessOrEqual, greater, greaterOrEqual, isIn, isNotIn }

enum FormatArithmetic: Sendable { case add, subtract, concatenate, multiply, divide, divideWhole, remainder }

enum FormatStatement: Sendable {
  case text(String)
  case print(FormatExpression)
  case set(String, FormatExpression)
  /// Branches in order; the last one's condition is `nil` for `else`.
  case choice([(condition: FormatExpression?, body: [FormatStatement])])
}

/// The filters of feeds J5.
enum FormatFilter: String, Sendable {
  case lower, upper, capitalize, title, trim, length, count, `default`, d, replace, truncate, first, last, join, sort
  case unique, int, float, string, abs, round, list
}
