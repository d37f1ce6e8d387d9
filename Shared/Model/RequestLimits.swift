/// How many requests an app admits, by window and kind (feeds C19; insight D95, `limits`).
public struct RequestLimits: Hashable, Sendable {
  /// A span of whole minutes in which requests are counted.
  public enum Window: UInt8, Hashable, Sendable, CaseIterable {
    case minute = 1
    case quarter = 15
    case hour = 60

    public var minutes: Int64 { Int64(rawValue) }
  }

  /// The name that stands for every kind that is not named itself.
  public static let anyKind = "*"

  /// Requests of the whole app.
  public var perApp: [Window: [String: Int]]
  /// Requests of each of its users.
  public var perUser: [Window: [String: Int]]

  public init(perApp: [Window: [String: Int]] = [:], perUser: [Window: [String: Int]] = [:]) {
    self.perApp = perApp
    self.perUser = perUser
  }

  /// The most that `limits` allow of a kind; `nil`: there is no limit.
  public static func most(_ limits: [Window: [String: Int]], _ window: Window, kind: String) -> Int? {
    guard let kinds = limits[window] else { return nil }
    return kinds[kind] ?? kinds[anyKind]
  }
}
