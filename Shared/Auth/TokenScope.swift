/// What a server token may do: three lists that must all match (feeds A4–A6).
public struct TokenScope: Hashable, Sendable {
  /// The values of one claim.
  public enum Values: Hashable, Sendable {
    case any
    case only([String])

    /// One value, `*`, or a comma-separated list (feeds A5).
    public init(claim text: String) {
      let items = text.split(separator: ",").map { String($0.trimmingSpaces) }
      self = items.contains("*") ? .any : .only(items)
    }

    public func contains(_ value: some StringProtocol) -> Bool {
      switch self {
      case .any: true
      case .only(let values): values.contains { $0 == value }
      }
    }
  }

  public var resource: Values
  public var action: Values
  /// Slug and id joined without a separator (feeds A6).
  public var feed: Values

  public init(resource: Values, action: Values, feed: Values) {
    self.resource = resource
    self.action = action
    self.feed = feed
  }
}

extension Substring {
  fileprivate var trimmingSpaces: Substring {
    var rest = self
    while rest.first == " " { rest.removeFirst() }
    while rest.last == " " { rest.removeLast() }
    return rest
  }
}
