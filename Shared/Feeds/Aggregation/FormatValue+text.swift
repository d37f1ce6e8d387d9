import Model

extension FormatValue {
  /// Appends the value as it is printed (feeds J6): strings as they are, everything else as Python would show it.
  func print(to out: inout String) {
    switch self {
    case .undefined: break
    case .string(let text): out += text
    default: show(to: &out)
    }
  }

  var text: String {
    var out = ""
    print(to: &out)
    return out
  }

  /// Appends the value as it stands inside a list: strings in quotes.
  private func show(to out: inout String) {
    switch self {
    case .undefined: out += "Undefined"
    case .none: out += "None"
    case .boolean(let value): out += value ? "True" : "False"
    case .integer(let value): out += String(value)
    case .bigInteger(let text): out += text
    case .real(let value): out += value.isNaN ? "nan" : value.isInfinite ? (value < 0 ? "-inf" : "inf") : "\(value)"
    case .string(let text): Self.quote(text, to: &out)
    case .list(let elements):
      out += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { out += ", " }
        element.show(to: &out)
      }
      out += "]"
    case .object(let members):
      out += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { out += ", " }
        Self.quote(member.name, to: &out)
        out += ": "
        member.value.show(to: &out)
      }
      out += "}"
    case .time(let time): out += time.text(separator: " ")
    }
  }

  /// A string as Python's `repr` writes it: single quotes, unless it holds them and no double ones.
  private static func quote(_ text: String, to out: inout String) {
    let quote: Unicode.Scalar = text.contains("'") && !text.contains("\"") ? "\"" : "'"
    out.unicodeScalars.append(quote)
    for scalar in text.unicodeScalars {
      switch scalar {
      case quote, "\\":
        out += "\\"
        out.unicodeScalars.append(scalar)
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{A0}":
        let digits = String(scalar.value, radix: 16)
        out += "\\x" + (digits.count < 2 ? "0" : "") + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    out.unicodeScalars.append(quote)
  }
}

extension ActivityTime {
  /// `2026-11-21 10:00:00.123456` with the separator asked for between date and time (feeds J4).
  func text(separator: Character) -> String {
    let text = description
    return String(text.prefix(10)) + String(separator) + String(text.dropFirst(11))
  }
}
