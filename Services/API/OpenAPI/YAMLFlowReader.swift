import JSON

/// Reads what stands on one line of YAML: a scalar, or a flow collection.
struct YAMLFlowReader {
  private let line: Int
  private(set) var rest: Substring

  init(_ text: Substring, line: Int) {
    self.line = line
    rest = text
  }

  mutating func whole() throws(YAMLError) -> JSONValue {
    guard let first = rest.first else { return .null }
    if "&*!|>%@`".contains(first) { throw YAMLError(line, "\(first) is a part of YAML that is not read here") }
    if "\"'{[".contains(first) {
      let value = try value(depth: 0)
      guard rest.isEmpty else { throw YAMLError(line, "\(rest) follows a value") }
      return value
    }
    defer { rest = "" }
    return Self.plain(rest)
  }

  private mutating func value(depth: Int) throws(YAMLError) -> JSONValue {
    guard depth <= YAMLReader.depthMax else { throw YAMLError(line, "more than \(YAMLReader.depthMax) levels") }
    skipBlanks()
    switch rest.first {
    case "\"", "'": return .string(try quoted())
    case "{": return try object(depth: depth)
    case "[": return try array(depth: depth)
    default:
      let text = rest.prefix { !",]}".contains($0) }
      rest = rest.dropFirst(text.count)
      return Self.plain(Self.trimmed(text))
    }
  }

  private mutating func object(depth: Int) throws(YAMLError) -> JSONValue {
    rest.removeFirst()
    var members: [JSONValue.Member] = []
    skipBlanks()
    if take("}") { return .object([]) }
    repeat {
      skipBlanks()
      let name: String
      if rest.first == "\"" || rest.first == "'" {
        name = try quoted()
      } else {
        let text = rest.prefix { !":,{}[]".contains($0) }
        rest = rest.dropFirst(text.count)
        name = String(Self.trimmed(text))
      }
      guard take(":") else { throw YAMLError(line, "a colon is missing after \(name)") }
      members.append(JSONValue.Member(name, try value(depth: depth + 1)))
      skipBlanks()
    } while take(",")
    guard take("}") else { throw YAMLError(line, "a mapping does not end on its line") }
    return .object(members)
  }

  private mutating func array(depth: Int) throws(YAMLError) -> JSONValue {
    rest.removeFirst()
    var elements: [JSONValue] = []
    skipBlanks()
    if take("]") { return .array([]) }
    repeat {
      elements.append(try value(depth: depth + 1))
      skipBlanks()
    } while take(",")
    guard take("]") else { throw YAMLError(line, "a sequence does not end on its line") }
    return .array(elements)
  }

  mutating func take(_ character: Character) -> Bool {
    guard rest.first == character else { return false }
    rest.removeFirst()
    return true
  }

  private mutating func skipBlanks() { rest = rest.drop { $0 == " " } }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0 == " " }
    while text.last == " " { text.removeLast() }
    return text
  }

  /// A string in single quotes, where two are one, or in double quotes, with escapes.
  mutating func quoted() throws(YAMLError) -> String {
    let quote = rest.removeFirst()
    var out = ""
    while let character = rest.popFirst() {
      if character == quote {
        if quote == "'", take("'") {
          out.append("'")
          continue
        }
        return out
      }
      guard character == "\\", quote == "\"" else {
        out.append(character)
        continue
      }
      switch rest.popFirst() {
      case "\"": out.append("\"")
      case "\\": out.append("\\")
      case "/": out.append("/")
      case "n": out.append("\n")
      case "t": out.append("\t")
      case let other: throw YAMLError(line, "the escape \\\(other.map(String.init) ?? "") is not read here")
      }
    }
    throw YAMLError(line, "a quoted string does not end on its line")
  }

  /// A scalar without quotes (YAML 1.2, core schema).
  private static func plain(_ text: Substring) -> JSONValue {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .boolean(true)
    case "false", "False", "FALSE": return .boolean(false)
    default:
      // Numbers that JSON writes in the same way; other spellings are not used.
      if case .number(let number)? = try? JSONValue(parsing: String(text)) { return .number(number) }
      return .string(String(text))
    }
  }
}
