/// Splits a ranking expression into words (feeds K3).
struct RankingLexer {
  /// A place and what is wrong there.
  struct Failure: Error, Hashable {
    var offset: Int
    var message: String
  }

  private static let marks = ["||", "&&", "<=", ">=", "==", "!="]
  private static let singles: Set<UInt8> = Set("?:<>+-*/%^!().,".utf8)

  private let bytes: [UInt8]
  private var position = 0
  private var tokens: [RankingToken] = []

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The words of the text, and one for its end.
  static func tokens(of text: [UInt8]) throws(Failure) -> [RankingToken] {
    var lexer = RankingLexer(text)
    while try lexer.next() {}
    lexer.tokens.append(RankingToken(kind: .end, range: text.count..<text.count))
    return lexer.tokens
  }

  private mutating func next() throws(Failure) -> Bool {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    guard position < bytes.count else { return false }
    let start = position
    let kind: RankingToken.Kind
    let byte = bytes[position]
    if Self.isNameStart(byte) {
      kind = name()
    } else if Self.isDigit(byte) || byte == UInt8(ascii: ".") && startsFraction {
      kind = try number()
    } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
      kind = try text(endedBy: byte)
    } else {
      kind = try mark()
    }
    tokens.append(RankingToken(kind: kind, range: start..<position))
    return true
  }

  /// Letters, digits and `_`; bytes of other alphabets count as letters.
  private static func isNameStart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), 0x80...: true
    default: false
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  /// Whether the point here begins a number: not after a name, where it leads to a member.
  private var startsFraction: Bool {
    guard position + 1 < bytes.count, Self.isDigit(bytes[position + 1]) else { return false }
    if case .name = tokens.last?.kind { return false }
    return true
  }

  private mutating func name() -> RankingToken.Kind {
    let start = position
    while position < bytes.count, Self.isNameStart(bytes[position]) || Self.isDigit(bytes[position]) { position += 1 }
    return .name(String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func number() throws(Failure) -> RankingToken.Kind {
    let start = position
    func digits(_ lexer: inout RankingLexer) {
      while lexer.position < lexer.bytes.count, Self.isDigit(lexer.bytes[lexer.position]) { lexer.position += 1 }
    }
    digits(&self)
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      digits(&self)
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      var after = position + 1
      if after < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[after]) { after += 1 }
      if after < bytes.count, Self.isDigit(bytes[after]) {
        position = after
        digits(&self)
      }
    }
    if position < bytes.count, Self.isNameStart(bytes[position]) {
      throw Failure(
        offset: position,
        message: "a number cannot go on with a letter here; times with units stand in \"functions\" only")
    }
    guard let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)), value.isFinite else {
      throw Failure(offset: start, message: "this number is too great")
    }
    return .number(value)
  }

  private mutating func text(endedBy quote: UInt8) throws(Failure) -> RankingToken.Kind {
    let start = position
    position += 1
    var content: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == quote { return .text(String(decoding: content, as: UTF8.self)) }
      if byte == UInt8(ascii: "\\") {
        guard position < bytes.count,
          [UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\"")].contains(bytes[position])
        else { throw Failure(offset: position - 1, message: "after \\ in a text there must be \\, ' or \"") }
        content.append(bytes[position])
        position += 1
      } else {
        content.append(byte)
      }
    }
    throw Failure(offset: start, message: "the text has no closing quote")
  }

  private mutating func mark() throws(Failure) -> RankingToken.Kind {
    if position + 1 < bytes.count {
      let two = String(decoding: bytes[position...position + 1], as: UTF8.self)
      if Self.marks.contains(two) {
        position += 2
        return .mark(two)
      }
    }
    guard Self.singles.contains(bytes[position]) else {
      let character = String(UnicodeScalar(bytes[position]))
      throw Failure(offset: position, message: "unexpected character \"\(character)\"")
    }
    position += 1
    return .mark(String(UnicodeScalar(bytes[position - 1])))
  }
}
