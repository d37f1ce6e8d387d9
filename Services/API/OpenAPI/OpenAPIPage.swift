import JSON

/// The API's description as one page of HTML, without scripts and without anything from elsewhere.
struct OpenAPIPage {
  private let document: JSONValue
  private(set) var html = ""

  private static let methods = ["get", "post", "put", "patch", "delete"]
  /// Levels of a schema that are written out; deeper ones are named by their type.
  private static let schemaDepthMax = 6

  init(_ document: JSONValue) {
    self.document = document
    let info = document["info"]
    let title = info?["title"]?.string ?? "API"
    html += """
      <!doctype html><html lang="en"><head><meta charset="utf-8"><title>\(Self.escaped(title))</title>
      <meta name="viewport" content="width=device-width, initial-scale=1"><style>\(Self.style)</style></head><body><main>
      <h1>\(Self.escaped(title)) <small>\(Self.escaped(info?["version"]?.string ?? ""))</small></h1>
      \(Self.prose(info?["description"]?.string))
      <p>This document as <a href="/openapi.yaml">YAML</a> and <a href="/openapi.json">JSON</a>.</p>
      """
    contents()
    for tag in tags { section(tag.name, tag.description) }
    schemas()
    html += "</main></body></html>\n"
  }

  // MARK: Contents

  private struct Operation {
    var path: String
    var method: String
    var value: JSONValue
    /// What holds for all methods of the path.
    var shared: [JSONValue]
    var id: String { value["operationId"]?.string ?? "\(method)-\(path)" }
  }

  private var operations: [Operation] {
    (document["paths"]?.members ?? []).flatMap { path in
      (path.value.members ?? []).filter { Self.methods.contains($0.name) }.map { member in
        Operation(
          path: path.name, method: member.name, value: member.value, shared: path.value["parameters"]?.array ?? [])
      }
    }
  }

  private var tags: [(name: String, description: String?)] {
    var tags = (document["tags"]?.array ?? []).map { ($0["name"]?.string ?? "", $0["description"]?.string) }
    for operation in operations {
      for tag in operation.value["tags"]?.array ?? [] {
        guard let name = tag.string, !tags.contains(where: { $0.0 == name }) else { continue }
        tags.append((name, nil))
      }
    }
    return tags
  }

  private func operations(of tag: String) -> [Operation] {
    operations.filter { $0.value["tags"]?.array?.contains(.string(tag)) == true }
  }

  private mutating func contents() {
    html += "<nav>"
    for tag in tags {
      html += "<p><b>\(Self.escaped(tag.name))</b><br>"
      for operation in operations(of: tag.name) {
        html +=
          "<a href=\"#\(Self.escaped(operation.id))\"><i class=\"\(operation.method)\">\(operation.method.uppercased())</i> "
          + "\(Self.escaped(operation.path))</a><br>"
      }
      html += "</p>"
    }
    html += "</nav>"
  }

  // MARK: Operations

  private mutating func section(_ tag: String, _ description: String?) {
    html += "<h2>\(Self.escaped(tag))</h2>\(Self.prose(description))"
    for operation in operations(of: tag) { write(operation) }
  }

  private mutating func write(_ operation: Operation) {
    html +=
      "<section id=\"\(Self.escaped(operation.id))\"><h3><i class=\"\(operation.method)\">\(operation.method.uppercased())</i> "
      + "<code>\(Self.escaped(operation.path))</code></h3>"
      + "<p><b>\(Self.inline(operation.value["summary"]?.string ?? ""))</b></p>"
      + Self.prose(operation.value["description"]?.string)
    let parameters = (operation.shared + (operation.value["parameters"]?.array ?? [])).map(resolved)
    if !parameters.isEmpty {
      html += "<table><tr><th>parameter</th><th>in</th><th>type</th><th></th></tr>"
      for parameter in parameters {
        let isRequired = parameter["required"]?.boolean == true
        html +=
          "<tr><td><code>\(Self.escaped(parameter["name"]?.string ?? ""))</code>\(isRequired ? " <em>required</em>" : "")</td>"
          + "<td>\(Self.escaped(parameter["in"]?.string ?? ""))</td><td>\(brief(parameter["schema"] ?? .null))</td>"
          + "<td>\(Self.inline(parameter["description"]?.string ?? ""))</td></tr>"
      }
      html += "</table>"
    }
    if let body = operation.value["requestBody"].map(resolved) {
      html += "<h4>body</h4>"
      content(body)
    }
    for response in operation.value["responses"]?.members ?? [] {
      let value = resolved(response.value)
      html +=
        "<details><summary><b>\(Self.escaped(response.name))</b> \(Self.inline(value["description"]?.string ?? ""))"
        + "</summary>"
      content(value)
      html += "</details>"
    }
    html += "</section>"
  }

  private mutating func content(_ value: JSONValue) {
    for form in value["content"]?.members ?? [] {
      html += "<p><small>\(Self.escaped(form.name))</small></p>" + schema(form.value["schema"] ?? .null, depth: 0)
    }
  }

  // MARK: Schemas

  private mutating func schemas() {
    html += "<h2>schemas</h2>"
    for member in document["components"]?["schemas"]?.members ?? [] {
      html +=
        "<section id=\"schema-\(Self.escaped(member.name))\"><h3><code>\(Self.escaped(member.name))</code></h3>"
        + schema(member.value, depth: 0) + "</section>"
    }
  }

  /// What `$ref` names, followed as often as needed.
  private func resolved(_ value: JSONValue) -> JSONValue {
    var value = value
    for _ in 0..<8 {
      guard let reference = value["$ref"]?.string else { return value }
      var found: JSONValue? = document
      for part in reference.dropFirst(2).split(separator: "/") { found = found?[String(part)] }
      value = found ?? .null
    }
    return value
  }

  /// A schema in a few words.
  private func brief(_ schema: JSONValue) -> String {
    if let reference = schema["$ref"]?.string, let name = reference.split(separator: "/").last {
      return "<a href=\"#schema-\(Self.escaped(String(name)))\">\(Self.escaped(String(name)))</a>"
    }
    for word in ["oneOf", "anyOf", "allOf"] {
      guard let parts = schema[word]?.array else { continue }
      return parts.map(brief).joined(separator: word == "allOf" ? " and " : " or ")
    }
    if let constant = schema["const"] { return "<code>\(Self.escaped(constant.description))</code>" }
    if let values = schema["enum"]?.array {
      return values.map { "<code>\(Self.escaped($0.description))</code>" }.joined(separator: ", ")
    }
    guard let type = schema["type"]?.string else { return "any" }
    if type == "array" { return "list of \(brief(schema["items"] ?? .null))" }
    var text = Self.escaped(schema["format"]?.string ?? type)
    if let pattern = schema["pattern"]?.string { text += " <code>\(Self.escaped(pattern))</code>" }
    let bounds = ["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "default"].compactMap {
      name in
      schema[name].map { "\(name) \($0)" }
    }
    if !bounds.isEmpty { text += " <small>\(Self.escaped(bounds.joined(separator: ", ")))</small>" }
    return text
  }

  /// A schema with its members.
  private func schema(_ value: JSONValue, depth: Int) -> String {
    var text = Self.prose(value["description"]?.string)
    guard depth < Self.schemaDepthMax else { return text + brief(value) }
    for word in ["allOf", "oneOf", "anyOf"] {
      guard let parts = value[word]?.array else { continue }
      let name = ["allOf": "all of", "oneOf": "one of", "anyOf": "any of"][word] ?? word
      let items = parts.map { "<li>\(isStructured($0) ? schema($0, depth: depth + 1) : brief($0))</li>" }
      return text + "<p>\(name)</p><ul>\(items.joined())</ul>"
    }
    if let members = value["properties"]?.members {
      let required = value["required"]?.array?.compactMap(\.string) ?? []
      text += "<table>"
      for member in members {
        let description = Self.inline(member.value["description"]?.string ?? "")
        text +=
          "<tr><td><code>\(Self.escaped(member.name))</code>\(required.contains(member.name) ? " <em>required</em>" : "")</td>"
          + "<td>\(isStructured(member.value) ? schema(member.value, depth: depth + 1) : brief(member.value))</td>"
          + "<td>\(isStructured(member.value) ? "" : description)</td></tr>"
      }
      return text + "</table>"
    }
    if let items = value["items"], isStructured(items) {
      return text + "<p>list of</p>" + schema(items, depth: depth + 1)
    }
    return text + "<p>\(brief(value))</p>"
  }

  private func isStructured(_ value: JSONValue) -> Bool {
    value["properties"] != nil || value["items"].map(isStructured) == true
      || ["oneOf", "allOf", "anyOf"].contains { value[$0]?.array?.contains(where: isStructured) == true }
  }

  // MARK: Text

  static func escaped(_ text: String) -> String {
    var out = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "'": out += "&#39;"
      default: out.unicodeScalars.append(character)
      }
    }
    return out
  }

  /// Text with `code` between backticks.
  private static func inline(_ text: String) -> String {
    let parts = text.split(separator: "`", omittingEmptySubsequences: false)
    return parts.enumerated().map { index, part in
      let text = escaped(String(part))
      guard index % 2 == 1 else { return text }
      return index == parts.count - 1 ? "`" + text : "<code>\(text)</code>"
    }.joined()
  }

  /// Paragraphs, apart by a blank line.
  private static func prose(_ text: String?) -> String {
    guard let text else { return "" }
    var paragraphs: [[Substring]] = [[]]
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.allSatisfy({ $0 == " " }) {
        paragraphs.append([])
      } else {
        paragraphs[paragraphs.count - 1].append(line)
      }
    }
    return paragraphs.filter { !$0.isEmpty }.map { "<p>\(inline($0.joined(separator: " ")))</p>" }.joined()
  }

  private static let style = """
    :root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:0}main{max-width:70rem;margin:auto;padding:1rem}
    code{font:13px ui-monospace,monospace}section{border-top:1px solid #8884;padding:.5rem 0}table{border-collapse:collapse;width:100%}
    td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;border-bottom:1px solid #8882}em{color:#b42;font-size:.85em}
    i{font:bold 12px ui-monospace,monospace;display:inline-block;min-width:4.2em}.get{color:#17803d}.post{color:#1d5fbf}
    .put,.patch{color:#9a6700}.delete{color:#b3261e}nav a{text-decoration:none}details{margin:.2rem 0}summary{cursor:pointer}
    """
}
