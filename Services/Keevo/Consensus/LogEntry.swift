/// One entry of a shard's log.
struct LogEntry: Hashable, Sendable {
  enum Kind: UInt8, Sendable {
    /// Commands for the state machine.
    case command = 1
    /// What a new leader writes first.
    case noop = 2
  }

  var term: UInt64
  var index: UInt64
  var kind: Kind
  var payload: [UInt8]
}

/// What a voter must not forget: the highest term it knows and whom it voted for in it.
struct HardState: Hashable, Sendable {
  var term: UInt64
  var vote: UInt64
}
