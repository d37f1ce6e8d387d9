import ControlPlane
import Glibc
import JSON

/// The references to secrets in an app's settings (insight D92): where they stand, and what they resolve to.
struct SecretReferences {
  let schema: AppSchema
  static let secretBytesMax = 64 << 10

  /// Path to reference, in the form of `PlanItem.path`.
  func all(in value: JSONValue, _ rule: JSONValue, path: String, key: String? = nil) -> [String: JSONValue] {
    let rule = schema.resolved(rule)
    if let branches = rule["oneOf"]?.array {
      return branches.reduce(into: [:]) { found, branch in
        let branch = schema.resolved(branch)
        // Of kinds of object told apart by `type`, the one that is meant.
        if let type = branch["properties"]?["type"]?["const"], type != value["type"] { return }
        found.merge(all(in: value, branch, path: path), uniquingKeysWith: { $1 })
      }
    }
    switch value {
    case .object(let members):
      if schema.isSecret(rule) { return [path: value] }
      return members.reduce(into: [:]) { found, member in
        guard let inner = schema.member(member.name, of: rule) else { return }
        let place = JSONPointer.appending(member.name, to: path)
        found.merge(all(in: member.value, inner, path: place), uniquingKeysWith: { $1 })
      }
    case .array(let elements):
      guard let items = rule["items"] else { return [:] }
      return elements.enumerated().reduce(into: [:]) { found, element in
        let name = key.flatMap { element.element[$0]?.string }
        let place = name.map { JSONPointer.appending($0, to: path) } ?? JSONPointer.appending(element.offset, to: path)
        found.merge(all(in: element.element, items, path: place), uniquingKeysWith: { $1 })
      }
    default: return [:]
    }
  }

  enum Resolved {
    case value([UInt8])
    /// What is wrong, and what to do.
    case missing(String, String)
  }

  /// Reads the environment or the file that a reference names. A line end at the end of a file does not count.
  static func resolve(_ reference: JSONValue) -> Resolved {
    if let name = reference["from_env"]?.string {
      guard let text = getenv(name).map({ String(cString: $0) }), !text.isEmpty else {
        return .missing("the environment variable \(name) is not set", "Set it where dashboard-api apply runs")
      }
      return .value(Array(text.utf8))
    }
    guard let path = reference["from_file"]?.string else {
      return .missing("the reference names no source", "Write {\"from_env\":\"NAME\"} or {\"from_file\":\"PATH\"}")
    }
    guard var bytes = FileBytes.read(path: path, bytesMax: secretBytesMax) else {
      let reason = String(cString: strerror(errno))
      return .missing("the file \(path) cannot be read: \(reason)", "Name a readable file of at most 64 KiB")
    }
    while bytes.last == UInt8(ascii: "\n") || bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    return .value(bytes)
  }
}
