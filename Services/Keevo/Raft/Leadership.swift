/// What only a leader has, and forgets when it stops being one.
struct Leadership: Sendable {
  struct Peer: Hashable, Sendable {
    var id: NodeID
    var progress: Progress
  }

  /// All other members, sorted.
  var peers: [Peer] = []
  /// Payload bytes proposed in this term and not committed; may be too low, never too high.
  var uncommittedBytes = 0
  /// No membership change before this has committed.
  var pendingChangeIndex: UInt64 = 0
  /// Whom leadership is being handed to.
  var transferTarget: NodeID?
  /// A transfer was begun in this term: the target may have been told to stand, stickiness protects the lease no longer.
  var transferBegun = false
  var reads = ReadQueue()
  /// Reads that came before the term's no-op had committed.
  var postponedReads: [ReadContext] = []

  func slot(of node: NodeID) -> Int? { peers.firstIndex { $0.id == node } }
}
