/// How a shard agrees on its log: a pure step function that owns no clock, thread, disk or network (design notes of the
/// store, "Seam"). The driver steps it, writes what `Ready` holds, and tells it when that is durable.
///
/// With one voter nothing has to be sent; a replicating core adds messages to `Ready` and to the inputs.
protocol Consensus: Sendable {
  mutating func step(_ input: ConsensusInput) -> Ready
  var status: ConsensusStatus { get }
}

enum ConsensusInput: Sendable {
  /// Monotonic nanoseconds.
  case tick(UInt64)
  /// Entries to append, if this node leads.
  case propose([(kind: LogEntry.Kind, payload: [UInt8])])
  /// Everything handed out up to this index, and the hard state handed out with it, is durable here.
  case persisted(index: UInt64)
  /// Asks from which index on an answer is linearizable.
  case readIndex(id: UInt64)
}

/// What must happen after a step, in this order: write, then the rest.
struct Ready: Sendable {
  var hardState: HardState?
  /// To be appended, in order. Empty for a proposal that was refused.
  var entries: [LogEntry] = []
  /// Newly committed indexes.
  var committed: Range<UInt64> = 0..<0
  var permits: [ReadPermit] = []
  /// Until when (monotonic nanoseconds) this node may answer reads from what it has applied; 0: not at all.
  var leaseUntil: UInt64 = 0
}

/// The read of that id may be answered from a state that has applied `index`; `nil`: not by this node.
struct ReadPermit: Hashable, Sendable {
  var id: UInt64
  var index: UInt64?
}

struct ConsensusStatus: Hashable, Sendable {
  enum Role: String, Sendable { case follower, leader }
  var role: Role
  var term: UInt64
  var lastIndex: UInt64
  var commitIndex: UInt64
}
