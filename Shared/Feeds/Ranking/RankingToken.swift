/// A word of a ranking expression and where it stands.
struct RankingToken: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case number(Double)
    case text(String)
    case name(String)
    /// An operator, a bracket, a comma or a point.
    case mark(String)
    case end
  }

  var kind: Kind
  /// Bytes of the expression.
  var range: Range<Int>

  /// For messages.
  var shown: String {
    switch kind {
    case .number(let value): "the number \(value)"
    case .text(let text): "the text '\(text)'"
    case .name(let name): "the name \(name)"
    case .mark(let mark): "\"\(mark)\""
    case .end: "the end of the expression"
    }
  }
}
