/// Finds what serves a method and path.
///
/// A pattern is a path whose segments are fixed or parameters: `/feed/{group}/{id}/`; a last `{name...}` takes the rest,
/// one segment or more. A fixed segment wins over a parameter. The trailing slash makes no difference, doubled slashes
/// are one (spec/feeds-api.md C2). Segments are percent-decoded one by one, so `%2F` never separates.
///
///     var router = Router<Endpoint>()
///     router.add(.get, "/api/v1.0/feed/{group}/{id}/", .readFeed)
///     switch router.match(request.method, path: request.path) { … }
public struct Router<Value: Sendable>: Sendable {
  public enum Match: Sendable {
    case found(Value, PathParameters)
    /// The path exists, the method does not: answer 405 with these in `Allow` (or a preflight, for OPTIONS).
    case methodNotAllowed(allow: [HTTPMethod])
    case notFound
    /// The path cannot be decoded: answer 400.
    case malformed
  }

  private struct Node: Sendable {
    var fixed: [(name: [UInt8], node: Int)] = []
    var parameter: (name: String, node: Int)?
    var rest: (name: String, node: Int)?
    var values: [(method: HTTPMethod, value: Value)] = []
  }

  private var nodes = [Node()]

  public init() {}

  /// Adds a route. The same method and pattern twice, or two names for one parameter, is a programmer's error.
  public mutating func add(_ method: HTTPMethod, _ pattern: String, _ value: Value) {
    var current = 0
    let segments = pattern.split(separator: "/")
    for (index, segment) in segments.enumerated() {
      if segment.hasPrefix("{"), segment.hasSuffix("...}") {
        precondition(index == segments.count - 1, "\(pattern): only the last segment takes the rest")
        current = child(of: current, \.rest, named: String(segment.dropFirst().dropLast(4)), pattern)
      } else if segment.hasPrefix("{"), segment.hasSuffix("}") {
        current = child(of: current, \.parameter, named: String(segment.dropFirst().dropLast()), pattern)
      } else {
        current = fixedChild(of: current, Array(segment.utf8))
      }
    }
    precondition(!nodes[current].values.contains { $0.method == method }, "\(method) \(pattern) is there twice")
    nodes[current].values.append((method, value))
  }

  private mutating func child(
    of node: Int, _ path: WritableKeyPath<Node, (name: String, node: Int)?>, named name: String, _ pattern: String
  ) -> Int {
    if let known = nodes[node][keyPath: path] {
      precondition(known.name == name, "\(pattern): the parameter is called {\(known.name)} elsewhere")
      return known.node
    }
    nodes.append(Node())
    nodes[node][keyPath: path] = (name, nodes.count - 1)
    return nodes.count - 1
  }

  private mutating func fixedChild(of node: Int, _ name: [UInt8]) -> Int {
    if let known = nodes[node].fixed.first(where: { $0.name == name }) { return known.node }
    nodes.append(Node())
    nodes[node].fixed.append((name, nodes.count - 1))
    return nodes.count - 1
  }

  /// The route of `path`, which is as sent: not decoded, without query. HEAD finds GET's route where it has none of its
  /// own; the server leaves the body out.
  public func match(_ method: HTTPMethod, path: String) -> Match {
    var segments: [String] = []
    for segment in path.utf8.split(separator: 0x2F) {
      guard let text = PercentEncoding.decode(segment) else { return .malformed }
      segments.append(text)
    }
    var parameters = PathParameters()
    guard let node = find(segments[...], from: 0, &parameters) else { return .notFound }
    let values = nodes[node].values
    if let found = values.first(where: { $0.method == method }) { return .found(found.value, parameters) }
    if method == .head, let found = values.first(where: { $0.method == .get }) {
      return .found(found.value, parameters)
    }
    var allow = values.map(\.method)
    if allow.contains(.get), !allow.contains(.head) { allow.append(.head) }
    return .methodNotAllowed(allow: allow)
  }

  private func find(_ segments: ArraySlice<String>, from node: Int, _ parameters: inout PathParameters) -> Int? {
    guard let segment = segments.first else { return nodes[node].values.isEmpty ? nil : node }
    for (name, next) in nodes[node].fixed where segment.utf8.count == name.count && segment.utf8.elementsEqual(name) {
      if let found = find(segments.dropFirst(), from: next, &parameters) { return found }
    }
    if let (name, next) = nodes[node].parameter {
      parameters.pairs.append((name, segment))
      if let found = find(segments.dropFirst(), from: next, &parameters) { return found }
      parameters.pairs.removeLast()
    }
    if let (name, next) = nodes[node].rest {
      parameters.pairs.append((name, segments.joined(separator: "/")))
      return next
    }
    return nil
  }
}

/// The parameters that a path gave, decoded.
public struct PathParameters: Sendable {
  var pairs: [(name: String, value: String)] = []

  public init() {}

  /// The parameter of that name; `nil` when the route's pattern has none such.
  public subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

  /// Every parameter in the order of the path.
  public var values: [String] { pairs.map(\.value) }
}
