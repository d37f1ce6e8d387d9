import ControlPlane
import JSON

/// An app's file that has passed the schema.
struct AppFile: Sendable {
  /// A file of more bytes is refused: two hundred groups with long formats take about one mebibyte.
  static let bytesMax = 4 << 20

  struct Invalid: Error, Sendable {
    var problems: [ConfigProblem]
  }

  let value: JSONValue
  /// SHA-256 of the bytes, hexadecimal, for the audit row.
  let hash: String
  private let document: JSONDocument
  private let lines: LineIndex

  /// Parses and validates; throws every problem there is.
  init(_ bytes: [UInt8], schema: AppSchema) throws(Invalid) {
    lines = LineIndex(bytes)
    hash = Hexadecimal.text(Cryptography.sha256(bytes))
    do {
      document = try JSONDocument(bytes)
    } catch {
      let place = lines.place(of: error.offset)
      throw Invalid(problems: [
        ConfigProblem(
          pointer: "", line: place.line, column: place.column, message: error.reason.rawValue,
          advice: AppFile.advice(for: error.reason))
      ])
    }
    value = JSONValue(document.root)
    var validator = SchemaValidator(schema: schema, lines: lines)
    validator.check(document.root, schema.root, "")
    AppFile.checkDoubles(document.root, &validator)
    guard validator.problems.isEmpty else { throw Invalid(problems: validator.problems) }
  }

  /// A problem at the place a pointer names, or at the nearest place above it that the file has.
  func problem(_ pointer: String, _ message: String, _ advice: String) -> ConfigProblem {
    var node = document.root
    for part in pointer.split(separator: "/") {
      let name = String(part)
      if let index = Int(name), node.kind == .array,
        let element = node.elements.dropFirst(index).first(where: { _ in true })
      {
        node = element
      } else if let member = node.members.first(where: { $0.name.string == name }) {
        node = member.value
      } else {
        break
      }
    }
    let place = lines.place(of: node.range.lowerBound)
    return ConfigProblem(pointer: pointer, line: place.line, column: place.column, message: message, advice: advice)
  }

  /// What lists name twice: the schema cannot say it.
  private static func checkDoubles(_ root: JSONNode, _ validator: inout SchemaValidator) {
    let lists = [("feed_groups", "slug"), ("push", "name"), ("policies", "name"), ("members", "email")]
    for (list, key) in lists {
      guard let elements = root.members.first(where: { $0.name.string == list })?.value.elements else { continue }
      var seen: [String: Int] = [:]
      for (index, element) in elements.enumerated() {
        guard let node = element.members.first(where: { $0.name.string == key })?.value, let name = node.string else {
          continue
        }
        if let first = seen[name] {
          validator.report(
            node, "/\(list)/\(index)/\(key)", "\(key) \"\(name)\" occurs twice, first at /\(list)/\(first)",
            "Remove one of them or give it another \(key)")
        } else {
          seen[name] = index
        }
      }
    }
  }

  private static func advice(for reason: JSONError.Reason) -> String {
    switch reason {
    case .empty: "Write at least {\"version\":1,\"app\":{\"name\":\"…\"}}"
    case .unexpectedEnd: "Close what is open: a quote, a bracket or a brace"
    case .unexpectedByte:
      "Look for a missing or surplus comma, a missing quote, or a comment (JSON has none) just before this place"
    case .trailingBytes: "Remove what follows the closing brace"
    case .duplicateName: "Remove one of the two members"
    case .invalidLiteral: "Write true, false, null, a number, or text in double quotes"
    case .invalidNumber: "Write a number such as 5 or 0.25"
    default: "Correct the text at this place"
    }
  }
}
