import JSON

/// Reads the part of YAML 1.2 that the API's description is written in, as JSON values: block mappings and sequences, flow
/// collections on one line, plain and quoted scalars, literal blocks (`|`), comments. Anchors, tags, folded blocks and scalars
/// over several lines are refused, so that nothing is read wrongly.
struct YAMLReader {
  private struct Line {
    var number: Int
    var indent: Int
    /// Without indentation, trailing blanks and comment; empty for a blank line.
    var text: Substring
    /// As it stands, for literal blocks.
    var whole: Substring
  }

  /// Levels of a document.
  static let depthMax = 64

  private var lines: [Line] = []
  private var position = 0

  static func value(of bytes: [UInt8]) throws(YAMLError) -> JSONValue {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw YAMLError(1, "the text is not UTF-8") }
    var reader = try YAMLReader(text)
    guard let first = reader.current else { return .null }
    let value = try reader.block(indent: first.indent, depth: 0)
    if let rest = reader.current { throw YAMLError(rest.number, "the indentation fits nothing above") }
    return value
  }

  private init(_ text: String) throws(YAMLError) {
    for (index, whole) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let indent = whole.prefix { $0 == " " }.count
      let content = whole.dropFirst(indent)
      if content.first == "\t" { throw YAMLError(index + 1, "a tab in the indentation") }
      lines.append(Line(number: index + 1, indent: indent, text: Self.withoutComment(content), whole: whole))
    }
    if lines.first?.text == "---" { lines[0].text = "" }
  }

  /// A `#` at the start or after a blank begins a comment, but not inside quotes.
  private static func withoutComment(_ text: Substring) -> Substring {
    var quote: Character?
    var before: Character = " "
    var end = text.endIndex
    for index in text.indices {
      let character = text[index]
      if let open = quote {
        if character == open, before != "\\" || open == "'" { quote = nil }
      } else if character == "#", before == " " {
        end = index
        break
      } else if character == "\"" || character == "'", before == " " || "[{,:".contains(before) {
        quote = character
      }
      before = character
    }
    var rest = text[..<end]
    while rest.last == " " || rest.last == "\r" { rest.removeLast() }
    return rest
  }

  /// The next line that holds something.
  private var current: Line? {
    mutating get {
      while position < lines.count, lines[position].text.isEmpty { position += 1 }
      return position < lines.count ? lines[position] : nil
    }
  }

  // MARK: Blocks

  private mutating func block(indent: Int, depth: Int) throws(YAMLError) -> JSONValue {
    guard let line = current else { return .null }
    guard depth <= Self.depthMax else { throw YAMLError(line.number, "more than \(Self.depthMax) levels") }
    if Self.isItem(line.text) { return try sequence(indent: indent, depth: depth) }
    if try Self.key(of: line.text, line.number) != nil { return try mapping(indent: indent, depth: depth) }
    position += 1
    return try scalar(line.text, line.number)
  }

  private static func isItem(_ text: Substring) -> Bool { text == "-" || text.hasPrefix("- ") }

  private mutating func sequence(indent: Int, depth: Int) throws(YAMLError) -> JSONValue {
    var elements: [JSONValue] = []
    while let line = current, line.indent == indent, Self.isItem(line.text) {
      var rest = line.text.dropFirst()
      let blanks = rest.prefix { $0 == " " }.count
      rest = rest.dropFirst(blanks)
      if rest.isEmpty {
        position += 1
        elements.append(try nested(below: indent, depth: depth))
      } else {
        // What follows the dash is a block of its own, indented to where it begins.
        lines[position].indent = indent + 1 + blanks
        lines[position].text = rest
        elements.append(try block(indent: indent + 1 + blanks, depth: depth + 1))
      }
    }
    return .array(elements)
  }

  private mutating func mapping(indent: Int, depth: Int) throws(YAMLError) -> JSONValue {
    var members: [JSONValue.Member] = []
    var names: Set<String> = []
    while let line = current, line.indent == indent, let (name, rest) = try Self.key(of: line.text, line.number) {
      guard names.insert(name).inserted else { throw YAMLError(line.number, "the key \(name) is there twice") }
      position += 1
      let value: JSONValue
      if rest.isEmpty {
        // A sequence may stand as far left as its key.
        if let next = current, next.indent == indent, Self.isItem(next.text) {
          value = try sequence(indent: indent, depth: depth + 1)
        } else {
          value = try nested(below: indent, depth: depth)
        }
      } else if rest == "|" || rest == "|-" {
        value = .string(literal(below: indent, keepsEnd: rest == "|"))
      } else {
        value = try scalar(rest, line.number)
      }
      members.append(JSONValue.Member(name, value))
    }
    if let next = current, next.indent > indent { throw YAMLError(next.number, "the indentation fits nothing above") }
    return .object(members)
  }

  /// What is indented deeper than `indent`; nothing is null.
  private mutating func nested(below indent: Int, depth: Int) throws(YAMLError) -> JSONValue {
    guard let next = current, next.indent > indent else { return .null }
    return try block(indent: next.indent, depth: depth + 1)
  }

  /// The lines of a literal block, without the indentation of its first.
  private mutating func literal(below indent: Int, keepsEnd: Bool) -> String {
    var body: [Substring] = []
    var inner: Int?
    while position < lines.count {
      let line = lines[position]
      let isBlank = line.whole.allSatisfy { $0 == " " || $0 == "\r" }
      if !isBlank, line.indent <= indent { break }
      if !isBlank, inner == nil { inner = line.indent }
      body.append(isBlank ? "" : line.whole.dropFirst(inner ?? 0))
      position += 1
    }
    while body.last == "" { body.removeLast() }
    return body.joined(separator: "\n") + (keepsEnd && !body.isEmpty ? "\n" : "")
  }

  /// The key a line begins with, and what follows its colon; `nil` if the line is no member.
  private static func key(of text: Substring, _ line: Int) throws(YAMLError) -> (String, Substring)? {
    guard let first = text.first else { return nil }
    if first == "\"" || first == "'" {
      var reader = YAMLFlowReader(text, line: line)
      let name = try reader.quoted()
      guard reader.take(":") else { return nil }
      return (name, trimmed(reader.rest))
    }
    if "{[".contains(first) { return nil }
    var index = text.startIndex
    while index < text.endIndex {
      let next = text.index(after: index)
      if text[index] == ":", next == text.endIndex || text[next] == " " {
        return (String(text[..<index]), trimmed(text[next...]))
      }
      index = next
    }
    return nil
  }

  private static func trimmed(_ text: Substring) -> Substring { text.drop { $0 == " " } }

  private func scalar(_ text: Substring, _ line: Int) throws(YAMLError) -> JSONValue {
    var reader = YAMLFlowReader(text, line: line)
    return try reader.whole()
  }
}
