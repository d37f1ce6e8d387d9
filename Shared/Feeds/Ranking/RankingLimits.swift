/// Bounds of ranking methods (feeds K13); past them a definition is refused.
public struct RankingLimits: Hashable, Sendable {
  /// Bytes of `score`.
  public var expressionBytesMax = 2_048
  /// Levels of parentheses, calls, signs and alternatives inside each other.
  public var depthMax = 64
  /// Values, operators and calls.
  public var nodesMax = 256
  /// Entries of `functions`.
  public var functionsMax = 64
  public init() {}
}
