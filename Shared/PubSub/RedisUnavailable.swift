/// Redis could not be reached, or did not take a message in time.
public struct RedisUnavailable: Error, Hashable, Sendable, CustomStringConvertible {
  public var address: String
  public var reason: String
  public var description: String { "Redis at \(address) is not there: \(reason)" }
}
