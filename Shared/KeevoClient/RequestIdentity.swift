/// What makes a write repeatable: the same client and sequence are applied once, and answered alike however often they
/// come (B2).
public struct RequestIdentity: Hashable, Sendable {
  /// 64 random bits of one client instance; never 0.
  public var clientID: UInt64
  /// Counts up from 1 within the client instance.
  public var sequence: UInt64
  /// Sequences below this one have been answered and will never be sent again; at most `sequence`.
  public var acknowledgedBelow: UInt64
  public init(clientID: UInt64, sequence: UInt64, acknowledgedBelow: UInt64) {
    self.clientID = clientID
    self.sequence = sequence
    self.acknowledgedBelow = acknowledgedBelow
  }
}
