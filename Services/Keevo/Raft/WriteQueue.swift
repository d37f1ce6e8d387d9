/// What was handed out to be written, and what of it is durable.
struct WriteQueue: Sendable {
  private struct Pending: Sendable {
    var number: UInt64
    /// The log's end with this write; lowered when a later one overwrites some of it.
    var lastIndex: UInt64
    /// The term in which the write holds this replica's vote for itself.
    var ownVoteTerm: UInt64?
  }

  /// The hard state and the last index that went out.
  var handed = HardState()
  var handedIndex: UInt64 = 0
  private(set) var newest: UInt64 = 0
  private var pending: [Pending] = []

  var hasPending: Bool { !pending.isEmpty }

  mutating func add(lastIndex: UInt64, ownVoteTerm: UInt64?) -> UInt64 {
    newest += 1
    handedIndex = lastIndex
    pending.append(Pending(number: newest, lastIndex: lastIndex, ownVoteTerm: ownVoteTerm))
    return newest
  }

  /// Entries from `index` on are replaced: writes of the old ones say nothing about the new.
  mutating func truncate(from index: UInt64) {
    handedIndex = min(handedIndex, index - 1)
    for at in pending.indices { pending[at].lastIndex = min(pending[at].lastIndex, index - 1) }
  }

  /// The write and all before it are durable. Returns up to where the log is, and the term of an own vote among them.
  mutating func persisted(_ number: UInt64) -> (lastIndex: UInt64, ownVoteTerm: UInt64?) {
    var result: (lastIndex: UInt64, ownVoteTerm: UInt64?) = (0, nil)
    while let first = pending.first, first.number <= number {
      result = (first.lastIndex, first.ownVoteTerm ?? result.ownVoteTerm)
      pending.removeFirst()
    }
    return result
  }
}
