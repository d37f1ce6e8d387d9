/// Expressions, by rising strength of what binds them (feeds J2).
extension FormatParser {
  mutating func expression() throws(AggregationFormatError) -> FormatExpression {
    try deeper { parser throws(AggregationFormatError) in
      let value = try parser.or()
      guard parser.takeName("if") else { return value }
      let condition = try parser.or()
      guard parser.takeName("else") else { return .choice(value, condition: condition, otherwise: .value(.undefined)) }
      return .choice(value, condition: condition, otherwise: try parser.expression())
    }
  }

  /// Joins operands of one strength from left to right. Each join makes the compiled form one level deeper.
  private mutating func chain(
    _ operand: (inout FormatParser) throws(AggregationFormatError) -> FormatExpression,
    _ join: (inout FormatParser) -> ((FormatExpression, FormatExpression) -> FormatExpression)?
  ) throws(AggregationFormatError) -> FormatExpression {
    var left = try operand(&self)
    var joins = 0
    while let make = join(&self) {
      joins += 1
      guard joins <= Self.joinsMax else { throw tooMuch("the expression joins more than \(Self.joinsMax) values") }
      left = make(left, try operand(&self))
    }
    return left
  }

  /// Operands, filters or members that one chain may join: so deep an evaluation of it nests.
  private static let joinsMax = 500

  private mutating func or() throws(AggregationFormatError) -> FormatExpression {
    try chain(
      { parser throws(AggregationFormatError) in try parser.and() },
      { parser in parser.takeName("or") ? { .or($0, $1) } : nil })
  }

  private mutating func and() throws(AggregationFormatError) -> FormatExpression {
    try chain(
      { parser throws(AggregationFormatError) in try parser.not() },
      { parser in parser.takeName("and") ? { .and($0, $1) } : nil })
  }

  private mutating func not() throws(AggregationFormatError) -> FormatExpression {
    if takeName("not") {
      return try deeper { parser throws(AggregationFormatError) in .not(try parser.not()) }
    }
    return try comparison()
  }

  private mutating func comparison() throws(AggregationFormatError) -> FormatExpression {
    let left = try sum()
    switch peek {
    case .symbol("=="): return try compared(.equal, left)
    case .symbol("!="): return try compared(.unequal, left)
    case .symbol("<"): return try compared(.less, left)
    case .symbol("<="): return try compared(.lessOrEqual, left)
    case .symbol(">"): return try compared(.greater, left)
    case .symbol(">="): return try compared(.greaterOrEqual, left)
    case .name("in"): return try compared(.isIn, left)
    case .name("not"):
      guard tokens[position + 1].kind == .name("in") else { throw error("\"in\" is expected after \"not\"") }
      advance()
      return try compared(.isNotIn, left)
    case .name("is"):
      advance()
      let negated = takeName("not")
      guard takeName("defined") else { throw error("\"defined\" is expected after \"is\", not \(shown)") }
      return .isDefined(left, !negated)
    default: return left
    }
  }

  private mutating func compared(
    _ comparison: FormatComparison, _ left: FormatExpression
  ) throws(AggregationFormatError) -> FormatExpression {
    advance()
    return .compare(comparison, left, try sum())
  }

  private mutating func sum() throws(AggregationFormatError) -> FormatExpression {
    try chain(
      { parser throws(AggregationFormatError) in try parser.product() },
      { parser in parser.arithmetic(["+": .add, "-": .subtract, "~": .concatenate]) })
  }

  private mutating func product() throws(AggregationFormatError) -> FormatExpression {
    try chain(
      { parser throws(AggregationFormatError) in try parser.filtered() },
      { parser in parser.arithmetic(["*": .multiply, "/": .divide, "//": .divideWhole, "%": .remainder]) })
  }

  private mutating func arithmetic(
    _ operators: [String: FormatArithmetic]
  ) -> ((FormatExpression, FormatExpression) -> FormatExpression)? {
    guard case .symbol(let symbol) = peek, let found = operators[symbol] else { return nil }
    advance()
    return { .arithmetic(found, $0, $1) }
  }

  /// A sign binds stronger than a filter, as in Jinja.
  private mutating func signed() throws(AggregationFormatError) -> FormatExpression {
    guard take("-") else { return try postfixed() }
    return try deeper { parser throws(AggregationFormatError) in .negative(try parser.signed()) }
  }

  private mutating func filtered() throws(AggregationFormatError) -> FormatExpression {
    var value = try signed()
    var joins = 0
    while take("|") {
      joins += 1
      guard joins <= Self.joinsMax else { throw tooMuch("more than \(Self.joinsMax) filters follow one another") }
      guard case .name(let name) = peek else { throw error("the name of a filter is expected here, not \(shown)") }
      guard let filter = FormatFilter(rawValue: name) else { throw error("there is no filter \"\(name)\"") }
      advance()
      value = .filter(filter, value, peek == .symbol("(") ? try arguments() : [])
    }
    return value
  }

  private mutating func postfixed() throws(AggregationFormatError) -> FormatExpression {
    var value = try atom()
    var joins = 0
    while true {
      joins += 1
      guard joins <= Self.joinsMax else { throw tooMuch("more than \(Self.joinsMax) members follow one another") }
      if take(".") {
        let name: String
        switch peek {
        case .name(let word): name = word
        // Jinja's `list.0`.
        case .integer(let number): name = String(number)
        default: throw error("the name of a member is expected here, not \(shown)")
        }
        advance()
        value = peek == .symbol("(") ? .call(value, name, try arguments()) : .member(value, name)
      } else if take("[") {
        value = .index(value, try expression())
        try expect(.symbol("]"), "]")
      } else if peek == .symbol("(") {
        _ = try arguments()
        value = .wrongCall
      } else {
        return value
      }
    }
  }

  private mutating func arguments() throws(AggregationFormatError) -> [FormatExpression] {
    try expect(.symbol("("), "(")
    return try items(until: ")")
  }

  private mutating func items(until end: String) throws(AggregationFormatError) -> [FormatExpression] {
    var out: [FormatExpression] = []
    while !take(end) {
      out.append(try expression())
      if take(end) { break }
      try expect(.symbol(","), "\",\" or \"\(end)\"")
    }
    return out
  }

  private mutating func atom() throws(AggregationFormatError) -> FormatExpression {
    switch peek {
    case .string(let text):
      advance()
      return .value(.string(text))
    case .integer(let value):
      advance()
      return .value(.integer(value))
    case .real(let value):
      advance()
      return .value(.real(value))
    case .symbol("("):
      advance()
      let value = try expression()
      try expect(.symbol(")"), ")")
      return value
    case .symbol("["):
      advance()
      return .list(try items(until: "]"))
    case .name(let name):
      switch name {
      case "true", "True":
        advance()
        return .value(.boolean(true))
      case "false", "False":
        advance()
        return .value(.boolean(false))
      case "none", "None":
        advance()
        return .value(.none)
      default:
        guard !FormatParser.reserved.contains(name) else { throw error("a value is expected here, not \"\(name)\"") }
        advance()
        names.insert(name)
        return .name(name)
      }
    default: throw error("a value is expected here, not \(shown)")
    }
  }
}
