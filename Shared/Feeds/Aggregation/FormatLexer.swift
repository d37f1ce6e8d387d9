/// One word of an aggregation format.
struct FormatToken: Sendable {
  enum Kind: Hashable, Sendable {
    case text(String)
    case string(String)
    case integer(Int64)
    case real(Double)
    case name(String)
    case symbol(String)
    /// `{{`, `}}`, `{%`, `%}`.
    case printStart, printEnd, statementStart, statementEnd
    case end
  }
  var kind: Kind
  /// In Unicode scalars from the start of the format.
  var offset: Int
}

/// Cuts an aggregation format into words (feeds J2): text outside braces, names, numbers, strings and symbols inside.
/// A `-` next to a brace trims the white space on its outer side.
struct FormatLexer {
  let text: [Unicode.Scalar]
  private var position = 0
  private var tokens: [FormatToken] = []
  /// Whether the closing brace before the text that comes trims it.
  private var trimsNext = false

  init(_ text: [Unicode.Scalar]) { self.text = text }

  static func tokens(of text: [Unicode.Scalar]) throws(AggregationFormatError) -> [FormatToken] {
    var lexer = FormatLexer(text)
    while lexer.position < text.count { try lexer.readOutside() }
    lexer.tokens.append(FormatToken(kind: .end, offset: text.count))
    return lexer.tokens
  }

  private func error(_ message: String, at offset: Int) -> AggregationFormatError {
    AggregationFormatError(message, at: offset, in: text)
  }

  private func at(_ index: Int) -> Unicode.Scalar? { index < text.count ? text[index] : nil }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }

  /// Text up to the next brace, and what the brace opens.
  private mutating func readOutside() throws(AggregationFormatError) {
    let start = position
    while position < text.count, !opens(position) { position += 1 }
    var plain = text[start..<position]
    if trimsNext { plain = plain.drop(while: Self.isSpace) }
    trimsNext = false
    let opening = position < text.count
    if opening, at(position + 2) == "-" {
      while let last = plain.last, Self.isSpace(last) { plain.removeLast() }
    }
    if !plain.isEmpty {
      var out = String.UnicodeScalarView()
      out.append(contentsOf: plain)
      tokens.append(FormatToken(kind: .text(String(out)), offset: start))
    }
    if opening { try readInside() }
  }

  private func opens(_ index: Int) -> Bool {
    guard text[index] == "{", let next = at(index + 1) else { return false }
    return next == "{" || next == "%" || next == "#"
  }

  private mutating func readInside() throws(AggregationFormatError) {
    let start = position
    let kind = text[position + 1]
    position += 2
    if kind == "#" { return try skipComment(from: start) }
    tokens.append(FormatToken(kind: kind == "{" ? .printStart : .statementStart, offset: start))
    if at(position) == "-" { position += 1 }
    while true {
      while let next = at(position), Self.isSpace(next) { position += 1 }
      guard position < text.count else {
        throw error("\(kind == "{" ? "{{" : "{%") is never closed", at: start)
      }
      let trims = at(position) == "-"
      let close = trims ? position + 1 : position
      if at(close) == (kind == "{" ? "}" : "%"), at(close + 1) == "}" {
        tokens.append(FormatToken(kind: kind == "{" ? .printEnd : .statementEnd, offset: position))
        position = close + 2
        trimsNext = trims
        return
      }
      try readWord()
    }
  }

  private mutating func skipComment(from start: Int) throws(AggregationFormatError) {
    while position + 1 < text.count, !(text[position] == "#" && text[position + 1] == "}") { position += 1 }
    guard position + 1 < text.count else { throw error("{# is never closed", at: start) }
    trimsNext = text[position - 1] == "-" && position - 1 > start + 1
    position += 2
  }

  private mutating func readWord() throws(AggregationFormatError) {
    let start = position
    let first = text[position]
    if first == "'" || first == "\"" { return try readString(first) }
    if Self.isDigit(first) { return try readNumber() }
    if Self.startsName(first) {
      while let next = at(position), Self.startsName(next) || Self.isDigit(next) { position += 1 }
      return append(.name(String(String.UnicodeScalarView(text[start..<position]))), start)
    }
    for symbol in ["==", "!=", "<=", ">=", "//"] where text[position...].starts(with: symbol.unicodeScalars) {
      position += 2
      return append(.symbol(symbol), start)
    }
    guard "+-*/%~|.,()[]<>=".unicodeScalars.contains(first) else {
      throw error("\"\(first)\" is not expected in an expression", at: start)
    }
    position += 1
    append(.symbol(String(first)), start)
  }

  private mutating func append(_ kind: FormatToken.Kind, _ offset: Int) {
    tokens.append(FormatToken(kind: kind, offset: offset))
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

  private static func startsName(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar.properties.isAlphabetic
  }

  private mutating func readNumber() throws(AggregationFormatError) {
    let start = position
    func skipDigits() { while let next = at(position), Self.isDigit(next) { position += 1 } }
    skipDigits()
    var isReal = false
    if at(position) == ".", let next = at(position + 1), Self.isDigit(next) {
      isReal = true
      position += 1
      skipDigits()
    }
    if at(position) == "e" || at(position) == "E" {
      let sign = at(position + 1) == "+" || at(position + 1) == "-" ? 2 : 1
      if let next = at(position + sign), Self.isDigit(next) {
        isReal = true
        position += sign
        skipDigits()
      }
    }
    let digits = String(String.UnicodeScalarView(text[start..<position]))
    if isReal, let value = Double(digits), value.isFinite { return append(.real(value), start) }
    guard !isReal, let value = Int64(digits) else { throw error("the number \(digits) is too large", at: start) }
    append(.integer(value), start)
  }

  private mutating func readString(_ quote: Unicode.Scalar) throws(AggregationFormatError) {
    let start = position
    position += 1
    var out = String.UnicodeScalarView()
    while let next = at(position) {
      position += 1
      if next == quote { return append(.string(String(out)), start) }
      guard next == "\\", let escaped = at(position) else {
        out.append(next)
        continue
      }
      position += 1
      switch escaped {
      case "n": out.append("\n")
      case "t": out.append("\t")
      case "r": out.append("\r")
      case "\\", "'", "\"": out.append(escaped)
      default:
        out.append("\\")
        out.append(escaped)
      }
    }
    throw error("the string is never closed", at: start)
  }
}
