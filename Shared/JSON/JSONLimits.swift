/// Bounds of what the scanner takes; past them: a typed error.
public struct JSONLimits: Hashable, Sendable {
  /// Levels of lists and objects inside each other, 1…63.
  public var depthMax: Int
  /// Members of one object.
  public var membersMax: Int

  public static let depthCeiling = 63

  public init(depthMax: Int = JSONLimits.depthCeiling, membersMax: Int = 1_000) {
    precondition((1...Self.depthCeiling).contains(depthMax) && membersMax > 0)
    self.depthMax = depthMax
    self.membersMax = membersMax
  }
}
