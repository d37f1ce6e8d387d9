/// One step from one membership to the next: a single member added, promoted, demoted or removed, so that any majority
/// before and any majority after share a member (Raft thesis, section 4.1).
public struct MembershipChange: Hashable, Sendable {
  public enum Kind: UInt8, Hashable, Sendable {
    /// A newcomer, or a learner that has caught up.
    case addVoter = 1
    /// A newcomer, or a voter that shall only receive.
    case addLearner = 2
    case remove = 3
  }

  public var kind: Kind
  public var node: NodeID
  /// For the driver: the member's address, for instance. The core does not look at it.
  public var context: [UInt8]

  public init(_ kind: Kind, _ node: NodeID, context: [UInt8] = []) {
    self.kind = kind
    self.node = node
    self.context = context
  }

  /// As an entry's payload: the kind in a byte, the node in eight (low byte first), then the context.
  public var encoded: [UInt8] {
    var bytes = [kind.rawValue]
    for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: node >> UInt64(shift))) }
    return bytes + context
  }

  /// `nil` for bytes that are no change.
  public init?(decoding payload: [UInt8]) {
    guard payload.count >= 9, let kind = Kind(rawValue: payload[0]) else { return nil }
    let node = (1...8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(payload[$1]) }
    guard node != 0 else { return nil }
    self.init(kind, node, context: Array(payload[9...]))
  }
}
