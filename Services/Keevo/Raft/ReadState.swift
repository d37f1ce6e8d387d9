/// A read may be answered from a state that has applied `index`; `nil`: not confirmed, ask again.
public struct ReadState: Hashable, Sendable {
  public var id: UInt64
  public var index: UInt64?
}
