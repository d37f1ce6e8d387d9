/// Reads a ranking expression by the grammar of feeds K3, within its bounds (K13): recursive descent, a method a rule.
struct RankingParser {
  typealias Failure = RankingLexer.Failure

  private let tokens: [RankingToken]
  private let limits: RankingLimits
  private var position = 0
  private var depth = 0
  private var nodes = 0

  private init(_ tokens: [RankingToken], _ limits: RankingLimits) {
    self.tokens = tokens
    self.limits = limits
  }

  static func parse(_ text: [UInt8], limits: RankingLimits) throws(Failure) -> RankingNode {
    guard text.count <= limits.expressionBytesMax else {
      throw Failure(
        offset: limits.expressionBytesMax, message: "an expression has at most \(limits.expressionBytesMax) bytes")
    }
    var parser = RankingParser(try RankingLexer.tokens(of: text), limits)
    let node = try parser.expression()
    guard case .end = parser.token.kind else { throw parser.unexpected("an operator or the end") }
    return node
  }

  // MARK: Words

  private var token: RankingToken { tokens[position] }

  private func isMark(_ mark: String) -> Bool {
    if case .mark(mark) = token.kind { return true }
    return false
  }

  private mutating func take(_ mark: String) -> Bool {
    guard isMark(mark) else { return false }
    position += 1
    return true
  }

  private mutating func takeAny(_ marks: [String]) -> RankingOperator? {
    guard case .mark(let mark) = token.kind, marks.contains(mark) else { return nil }
    position += 1
    return RankingOperator(rawValue: mark)
  }

  private mutating func expect(_ mark: String) throws(Failure) {
    guard take(mark) else { throw unexpected("\"\(mark)\"") }
  }

  private func unexpected(_ expected: String) -> Failure {
    Failure(offset: token.range.lowerBound, message: "expected \(expected), found \(token.shown)")
  }

  // MARK: Nodes

  private mutating func node(_ kind: RankingNode.Kind, from start: Int) throws(Failure) -> RankingNode {
    nodes += 1
    guard nodes <= limits.nodesMax else {
      throw Failure(
        offset: start, message: "an expression has at most \(limits.nodesMax) values, operators and calls")
    }
    return RankingNode(kind: kind, range: start..<tokens[max(0, position - 1)].range.upperBound)
  }

  private mutating func deeper<R>(_ body: (inout RankingParser) throws(Failure) -> R) throws(Failure) -> R {
    depth += 1
    guard depth <= limits.depthMax else {
      throw Failure(offset: token.range.lowerBound, message: "an expression has at most \(limits.depthMax) levels")
    }
    defer { depth -= 1 }
    return try body(&self)
  }

  // MARK: Rules

  private mutating func expression() throws(Failure) -> RankingNode {
    try deeper { (parser) throws(Failure) in try parser.choice() }
  }

  private mutating func choice() throws(Failure) -> RankingNode {
    let start = token.range.lowerBound
    let condition = try or()
    guard take("?") else { return condition }
    let then = try expression()
    try expect(":")
    let otherwise = try expression()
    return try node(.choice(condition, then: then, otherwise: otherwise), from: start)
  }

  private mutating func or() throws(Failure) -> RankingNode {
    let start = token.range.lowerBound
    var left = try and()
    while take("||") { left = try node(.or(left, try and()), from: start) }
    return left
  }

  private mutating func and() throws(Failure) -> RankingNode {
    let start = token.range.lowerBound
    var left = try comparison()
    while take("&&") { left = try node(.and(left, try comparison()), from: start) }
    return left
  }

  private static let comparisons = ["<", "<=", ">", ">=", "==", "!="]

  private mutating func comparison() throws(Failure) -> RankingNode {
    let start = token.range.lowerBound
    let left = try sum()
    guard let mark = takeAny(Self.comparisons) else { return left }
    let node = try node(.binary(mark, left, try sum()), from: start)
    if case .mark(let next) = token.kind, Self.comparisons.contains(next) {
      throw Failure(
        offset: token.range.lowerBound, message: "comparisons do not chain: put one of them in parentheses")
    }
    return node
  }

  private mutating func sum() throws(Failure) -> RankingNode {
    let start = token.range.lowerBound
    var left = try product()
    while let mark = takeAny(["+", "-"]) { left = try node(.binary(mark, left, try product()), from: start) }
    return left
  }

  private mutating func product() throws(Failure) -> RankingNode {
    let start = token.range.lowerBound
    var left = try unary()
    while let mark = takeAny(["*", "/", "%"]) { left = try node(.binary(mark, left, try unary()), from: start) }
    return left
  }

  private mutating func unary() throws(Failure) -> RankingNode {
    let start = token.range.lowerBound
    if take("-") { return try node(.negate(try power()), from: start) }
    if take("!") { return try node(.not(try power()), from: start) }
    return try power()
  }

  private mutating func power() throws(Failure) -> RankingNode {
    let start = token.range.lowerBound
    let base = try atom()
    guard take("^") else { return base }
    let exponent = try deeper { (parser) throws(Failure) in try parser.unary() }
    return try node(.binary(.power, base, exponent), from: start)
  }

  private mutating func atom() throws(Failure) -> RankingNode {
    let start = token.range.lowerBound
    switch token.kind {
    case .number(let value):
      position += 1
      return try node(.number(value), from: start)
    case .text(let text):
      position += 1
      return try node(.text(text), from: start)
    case .name(let name):
      position += 1
      return isMark("(") ? try call(name, from: start) : try path(name, from: start)
    case .mark("("):
      position += 1
      let inner = try expression()
      try expect(")")
      return RankingNode(kind: .group(inner), range: start..<tokens[position - 1].range.upperBound)
    case .mark, .end: throw unexpected("a number, a text, a field, a function or \"(\"")
    }
  }

  private mutating func path(_ first: String, from start: Int) throws(Failure) -> RankingNode {
    var names = [first]
    while take(".") {
      guard case .name(let name) = token.kind else { throw unexpected("the name of a member") }
      names.append(name)
      position += 1
    }
    if isMark("(") { throw Failure(offset: token.range.lowerBound, message: "a function's name has no point in it") }
    return try node(.path(names), from: start)
  }

  private mutating func call(_ name: String, from start: Int) throws(Failure) -> RankingNode {
    try expect("(")
    var arguments: [RankingNode] = []
    if !take(")") {
      repeat { arguments.append(try expression()) } while take(",")
      guard take(")") else { throw unexpected("\",\" or \")\"") }
    }
    return try node(.call(name, arguments), from: start)
  }
}
