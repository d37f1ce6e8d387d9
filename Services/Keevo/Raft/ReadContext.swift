/// Names one request for a read index: who asked, and the asker's own number for it, which it uses only once.
public struct ReadContext: Hashable, Sendable {
  public var node: NodeID
  public var id: UInt64

  public init(node: NodeID, id: UInt64) {
    self.node = node
    self.id = id
  }
}
