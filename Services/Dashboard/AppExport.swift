import ControlPlane
import JSON

/// An app's settings as a file that `apply` accepts with an empty plan (insight D90). Secrets stay references.
enum AppExport {
  static func document(_ app: StoredApp, schema: AppSchema) -> JSONValue {
    let described = [JSONValue.Member("id", .integer(app.id))] + (ApplyPlanner.document(app).members ?? [])
    let groups = app.groups.values.sorted { $0.slug < $1.slug }.map { group in
      let order = (schema.feedGroup["properties"]?.members ?? []).map(\.name)
      let members = order.compactMap { name in group.document[name].map { JSONValue.Member(name, $0) } }
      return JSONValue.object([.init("slug", .string(group.slug))] + members)
    }
    var members: [JSONValue.Member] = [
      .init("version", .integer(1)), .init("app", .object(described)), .init("feed_groups", .array(groups)),
    ]
    for name in schema.sectionNames {
      if let section = app.sections[name] { members.append(.init(name, section)) }
    }
    return .object(members)
  }

  /// The text with indentation, one member a line.
  static func text(_ value: JSONValue, indent: String = "") -> String {
    let inner = indent + "  "
    switch value {
    case .object(let members) where !members.isEmpty:
      let lines = members.map { "\(inner)\(JSONValue.string($0.name)): \(text($0.value, indent: inner))" }
      return "{\n\(lines.joined(separator: ",\n"))\n\(indent)}"
    case .array(let elements) where !elements.isEmpty:
      return "[\n\(elements.map { inner + text($0, indent: inner) }.joined(separator: ",\n"))\n\(indent)]"
    default: return value.description
    }
  }
}
