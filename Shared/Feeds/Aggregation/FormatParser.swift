/// Reads the words of an aggregation format as statements and expressions (feeds J2), by recursive descent.
struct FormatParser {
  let text: [Unicode.Scalar]
  let tokens: [FormatToken]
  var position = 0
  /// How deep the parser is inside statements and brackets.
  var level = 0
  /// Names that the format reads.
  var names: Set<String> = []

  init(_ text: [Unicode.Scalar]) throws(AggregationFormatError) {
    self.text = text
    tokens = try FormatLexer.tokens(of: text)
  }

  mutating func parse() throws(AggregationFormatError) -> [FormatStatement] {
    let body = try statements(inside: false)
    if peek != .end { throw error("there is no {% if %} that this belongs to") }
    return body
  }

  // MARK: Words

  var peek: FormatToken.Kind { tokens[position].kind }

  func error(_ message: String, at offset: Int? = nil) -> AggregationFormatError {
    AggregationFormatError(message, at: offset ?? tokens[position].offset, in: text)
  }

  /// What is legal, but more than a format may have: every key it gives is empty (J8).
  func tooMuch(_ message: String) -> AggregationFormatError {
    var error = error(message)
    error.isLimit = true
    return error
  }

  mutating func advance() { if position < tokens.count - 1 { position += 1 } }

  mutating func take(_ symbol: String) -> Bool {
    guard peek == .symbol(symbol) else { return false }
    advance()
    return true
  }

  mutating func takeName(_ name: String) -> Bool {
    guard peek == .name(name) else { return false }
    advance()
    return true
  }

  mutating func expect(_ kind: FormatToken.Kind, _ what: String) throws(AggregationFormatError) {
    guard peek == kind else { throw error("\(what) is expected here, not \(shown)") }
    advance()
  }

  /// The next word, for messages.
  var shown: String {
    switch peek {
    case .text: "text"
    case .string(let text): "the string \"\(text)\""
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .name(let name): "\"\(name)\""
    case .symbol(let symbol): "\"\(symbol)\""
    case .printStart: "{{"
    case .printEnd: "}}"
    case .statementStart: "{%"
    case .statementEnd: "%}"
    case .end: "the end"
    }
  }

  /// Runs `body` one level deeper (J8).
  mutating func deeper<Result>(
    _ body: (inout FormatParser) throws(AggregationFormatError) -> Result
  ) throws(AggregationFormatError) -> Result {
    level += 1
    guard level <= AggregationFormat.levelsMax else {
      throw tooMuch("the format nests deeper than \(AggregationFormat.levelsMax) levels")
    }
    defer { level -= 1 }
    return try body(&self)
  }

  // MARK: Statements

  private mutating func statements(inside: Bool) throws(AggregationFormatError) -> [FormatStatement] {
    var out: [FormatStatement] = []
    while true {
      switch peek {
      case .text(let text):
        advance()
        out.append(.text(text))
      case .printStart:
        advance()
        out.append(.print(try expression()))
        try expect(.printEnd, "}}")
      case .statementStart:
        guard case .name(let word) = tokens[position + 1].kind else {
          advance()
          throw error("if or set is expected here, not \(shown)")
        }
        if ["elif", "else", "endif"].contains(word) {
          if inside { return out }
          throw error("there is no {% if %} that {% \(word) %} belongs to")
        }
        advance()
        out.append(try statement(word))
      default: return out
      }
    }
  }

  private mutating func statement(_ word: String) throws(AggregationFormatError) -> FormatStatement {
    let start = tokens[position - 1].offset
    switch word {
    case "if":
      return try deeper { parser throws(AggregationFormatError) in try parser.choice(from: start) }
    case "set":
      advance()
      guard case .name(let name) = peek, !FormatParser.reserved.contains(name) else {
        throw error("a name is expected here, not \(shown)")
      }
      advance()
      try expect(.symbol("="), "=")
      let value = try expression()
      try expect(.statementEnd, "%}")
      return .set(name, value)
    case "for": throw error("loops are not part of the format")
    default: throw error("\"\(word)\" is no statement: if and set are")
    }
  }

  private mutating func choice(from start: Int) throws(AggregationFormatError) -> FormatStatement {
    var branches: [(condition: FormatExpression?, body: [FormatStatement])] = []
    var hasElse = false
    advance()
    var condition: FormatExpression? = try expression()
    while true {
      try expect(.statementEnd, "%}")
      branches.append((condition, try statements(inside: true)))
      guard peek == .statementStart, case .name(let word) = tokens[position + 1].kind else {
        throw error("{% if %} has no {% endif %}", at: start)
      }
      advance()
      if hasElse, word != "endif" { throw error("after {% else %} only {% endif %} may come") }
      advance()
      switch word {
      case "elif": condition = try expression()
      case "else":
        condition = nil
        hasElse = true
      default:
        try expect(.statementEnd, "%}")
        return .choice(branches)
      }
    }
  }

  /// Words that cannot name a variable.
  static let reserved: Set<String> = [
    "and", "or", "not", "in", "is", "if", "elif", "else", "endif", "set", "for", "true", "false", "none", "True",
    "False", "None",
  ]
}
