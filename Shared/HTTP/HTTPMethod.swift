/// A request method the router knows; others are kept as text and answered 405 or 501.
public enum HTTPMethod: Hashable, Sendable, CustomStringConvertible {
  case get, head, post, put, patch, delete, options
  case other(String)

  public var description: String {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .patch: "PATCH"
    case .delete: "DELETE"
    case .options: "OPTIONS"
    case .other(let name): name
    }
  }
}
