import JSON

/// The JSON Schema of an app's file (insight D95), as shipped in this program.
struct AppSchema: Sendable {
  let root: JSONValue

  /// The schema's text, as `dashboard-api schema` prints it.
  static var text: [UInt8] { PackageResources.app_config_schema_json }

  /// - Throws: only if the shipped text is no JSON, which a test rules out.
  init() throws(JSONError) { root = try JSONValue(parsing: Self.text) }

  /// Follows `$ref` as far as it goes; other members beside `$ref` (a default) win over those referred to.
  func resolved(_ schema: JSONValue) -> JSONValue {
    guard let reference = schema["$ref"]?.string, reference.hasPrefix("#/$defs/"),
      let target = root["$defs"]?[String(reference.dropFirst(8))]
    else { return schema }
    let own = (schema.members ?? []).filter { $0.name != "$ref" }
    let inherited = (resolved(target).members ?? []).filter { member in !own.contains { $0.name == member.name } }
    return .object(own + inherited)
  }

  /// The schema of an object's member; `nil` where the schema says nothing about it.
  func member(_ name: String, of schema: JSONValue) -> JSONValue? {
    let schema = resolved(schema)
    if let known = schema["properties"]?[name] { return resolved(known) }
    if let other = schema["additionalProperties"], other.members != nil { return resolved(other) }
    return nil
  }

  /// Whether an object's names are the user's own (a map), so that it is a collection.
  func isMap(_ schema: JSONValue) -> Bool { resolved(schema)["additionalProperties"]?.members != nil }

  /// Whether the value is a reference to a secret (insight D92).
  func isSecret(_ schema: JSONValue) -> Bool { resolved(schema)["properties"]?["from_env"] != nil }

  var feedGroup: JSONValue { root["$defs"]?["feed_group"] ?? .object([]) }

  func section(_ name: String) -> JSONValue { member(name, of: root) ?? .object([]) }

  /// The members of a file that are neither its version, the app itself nor its groups.
  var sectionNames: [String] {
    (root["properties"]?.members ?? []).map(\.name)
      .filter { !["$schema", "version", "app", "feed_groups"].contains($0) }
  }

  /// The member that names an element of this list, where there is one: then the list is a collection.
  static func key(ofList section: String) -> String? {
    switch section {
    case "push", "policies": "name"
    case "members": "email"
    default: nil
    }
  }
}
