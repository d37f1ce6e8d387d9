/// The number of an app: the tenant. Everything stored, cached, counted or published is scoped by it.
public struct AppID: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let rawValue: UInt32
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }
  public static func < (a: AppID, b: AppID) -> Bool { a.rawValue < b.rawValue }
  public var description: String { String(rawValue) }
}
