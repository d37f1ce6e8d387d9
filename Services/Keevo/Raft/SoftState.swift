/// What is nice to know and need not be kept.
public struct SoftState: Hashable, Sendable {
  public var role: Role
  public var leader: NodeID?
}
