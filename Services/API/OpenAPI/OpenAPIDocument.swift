import JSON

/// The API's description in the forms it is served in: as written, as JSON, and as a page for people.
struct OpenAPIDocument: Sendable {
  let yaml: [UInt8]
  /// `nil` if the document cannot be read as YAML.
  let json: [UInt8]?
  let page: [UInt8]?
  /// Why there is no JSON and no page.
  let problem: String?

  init(yaml: [UInt8]) {
    self.yaml = yaml
    do throws(YAMLError) {
      let value = try YAMLReader.value(of: yaml)
      json = value.encoded()
      page = Array(OpenAPIPage(value).html.utf8)
      problem = nil
    } catch {
      json = nil
      page = nil
      problem = error.description
    }
  }

  /// What a path asks for; `nil` for any other path.
  enum Form: String, Sendable {
    case yaml = "/openapi.yaml"
    case json = "/openapi.json"
    case page = "/openapi"

    init?(path: String) {
      self.init(rawValue: path.utf8.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path)
    }

    var contentType: String {
      switch self {
      case .yaml: "application/yaml; charset=utf-8"
      case .json: "application/json; charset=utf-8"
      case .page: "text/html; charset=utf-8"
      }
    }
  }

  func bytes(as form: Form) -> [UInt8]? {
    switch form {
    case .yaml: yaml
    case .json: json
    case .page: page
    }
  }
}
