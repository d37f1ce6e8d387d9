import JSON

/// How the validator speaks: values, types and forms in words.
enum SchemaWords {
  static func name(of node: JSONNode) -> String {
    switch node.kind {
    case .null: "null"
    case .true, .false: "a boolean"
    case .number: node.integer == nil ? "the number \(node.numberText ?? "")" : "an integer"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }

  static func typeName(of node: JSONNode) -> String {
    switch node.kind {
    case .null: "null"
    case .true, .false: "boolean"
    case .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }

  static func type(_ name: String) -> String {
    switch name {
    case "integer": "an integer, written plainly as 5000"
    case "number": "a number"
    case "string": "a string in double quotes"
    case "boolean": "true or false"
    case "array": "a list: [ … ]"
    case "object": "an object: { … }"
    default: name
    }
  }

  /// The value, cut if it is long.
  static func shown(_ node: JSONNode) -> String {
    switch node.kind {
    case .array, .object: return name(of: node)
    default:
      let text = String(decoding: node.raw, as: UTF8.self)
      return text.count > 60 ? "\(text.prefix(60))…" : text
    }
  }

  static func list(_ words: [String]) -> String {
    words.count < 2 ? (words.first ?? "") : "\(words.dropLast().joined(separator: ", ")) or \(words[words.count - 1])"
  }

  static func choices(_ values: [String?]) -> String { list(values.compactMap { $0 }.map { "\"\($0)\"" }) }

  static func example(_ rule: JSONValue) -> String {
    if let value = rule["const"] { return value.description }
    if let values = rule["enum"]?.array { return list(values.map(\.description)) }
    if let branches = rule["oneOf"]?.array, let last = branches.last { return example(last) }
    if let pattern = rule["pattern"]?.string { return form(pattern) }
    return rule["type"]?.string.map(type) ?? "…"
  }

  static func form(_ pattern: String) -> String {
    switch pattern {
    case "^[a-z0-9-]{2,40}$": "2 to 40 lower-case letters, digits or -"
    case "^[A-Za-z0-9_-]{1,64}$": "1 to 64 letters, digits, _ or -"
    case "^[a-z0-9_]{1,64}$": "1 to 64 lower-case letters, digits or _"
    case "^[0-9]+(ms|s|m|h|d)$": "a number and a unit (ms, s, m, h, d), such as \"30m\""
    case "^[A-Z_][A-Z0-9_]*$": "the name of an environment variable, such as \"HOOK_KEY\""
    case "^https?://": "a URL that begins with https:// or http://"
    case "^(\\*\\.)?[A-Za-z0-9.-]+$": "a host name, such as \"example.org\" or \"*.example.org\""
    default: "text that matches \(pattern)"
    }
  }

  /// Whether the text matches a pattern of the schema; those begin with `^`.
  static func matches(_ text: String, _ pattern: String) -> Bool {
    let isWhole = pattern.hasSuffix("$")
    guard let regex = try? Regex(isWhole ? String(pattern.dropLast()) : pattern).asciiOnlyCharacterClasses() else {
      return false
    }
    let bounded = regex.matchingSemantics(.unicodeScalar)
    return isWhole ? text.wholeMatch(of: bounded) != nil : text.prefixMatch(of: bounded) != nil
  }

  static func hasFormat(_ text: String, _ format: String) -> Bool {
    let hasSpace = text.unicodeScalars.contains { $0.properties.isWhitespace || $0.value < 0x20 }
    switch format {
    case "uri":
      guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://"), !hasSpace else { return false }
      let scheme = text[..<colon].utf8
      let host = text[colon...].dropFirst(3).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
      return !host.isEmpty && matches(String(decoding: Array(scheme), as: UTF8.self), "^[A-Za-z][A-Za-z0-9+.-]*$")
    case "email":
      let parts = text.split(separator: "@", omittingEmptySubsequences: false)
      return parts.count == 2 && !parts[0].isEmpty && !parts[1].isEmpty && !hasSpace
    default: return true
    }
  }

  /// The candidate closest to `word` (Levenshtein), if it is close enough to be a slip.
  static func nearest(_ word: String, to candidates: [String]) -> String? {
    let bytes = Array(word.utf8.prefix(64))
    func distance(_ other: [UInt8]) -> Int {
      var row = Array(0...other.count)
      for (i, x) in bytes.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in other.enumerated() {
          let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (x == y ? 0 : 1))
          diagonal = row[j + 1]
          row[j + 1] = next
        }
      }
      return row[other.count]
    }
    let best = candidates.map { (distance(Array($0.utf8)), $0) }.min { $0.0 < $1.0 }
    guard let best, best.0 <= max(1, bytes.count / 3) else { return nil }
    return best.1
  }
}
