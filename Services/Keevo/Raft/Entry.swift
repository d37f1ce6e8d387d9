/// One entry of the log. `(term, index)` names it for ever: no two different entries share both.
public struct Entry: Hashable, Sendable {
  public enum Kind: UInt8, Hashable, Sendable {
    /// Opaque bytes for the state machine.
    case command = 1
    /// What a new leader appends first, so that something of its own term can commit.
    case noop = 2
    /// A `MembershipChange`.
    case membership = 3
  }

  public var term: UInt64
  public var index: UInt64
  public var kind: Kind
  public var payload: [UInt8]

  public init(term: UInt64, index: UInt64, kind: Kind = .command, payload: [UInt8] = []) {
    self.term = term
    self.index = index
    self.kind = kind
    self.payload = payload
  }

  /// What the entry counts for against limits in bytes: its payload, and its frame in memory and in a message.
  public var bytes: Int { payload.count + Self.overheadBytes }
  static let overheadBytes = 8
}
