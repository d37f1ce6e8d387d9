/// A place in the log and the term of the entry there.
public struct LogPosition: Hashable, Sendable {
  public var index: UInt64
  public var term: UInt64

  public init(index: UInt64 = 0, term: UInt64 = 0) {
    self.index = index
    self.term = term
  }
}
