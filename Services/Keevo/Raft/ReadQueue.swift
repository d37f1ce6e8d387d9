/// Reads that wait until a majority has confirmed that this leader still leads. A confirmation of one confirms all that
/// were asked before it.
struct ReadQueue: Sendable {
  struct Pending: Sendable {
    var context: ReadContext
    /// What was committed when the read was asked.
    var index: UInt64
    var confirmed: [NodeID]
  }

  private(set) var pending: [Pending] = []

  var count: Int { pending.count }
  var newest: ReadContext? { pending.last?.context }

  /// Asking twice for the same is asking once.
  mutating func add(_ context: ReadContext, index: UInt64, by node: NodeID) {
    guard !pending.contains(where: { $0.context == context }) else { return }
    pending.append(Pending(context: context, index: index, confirmed: [node]))
  }

  /// Who has confirmed the read so far, now that `node` has; empty for a read that does not wait.
  mutating func confirm(_ context: ReadContext, by node: NodeID) -> [NodeID] {
    guard let at = pending.firstIndex(where: { $0.context == context }) else { return [] }
    if !pending[at].confirmed.contains(node) { pending[at].confirmed.append(node) }
    return pending[at].confirmed
  }

  /// Takes out the read and all before it.
  mutating func release(through context: ReadContext) -> [Pending] {
    guard let at = pending.firstIndex(where: { $0.context == context }) else { return [] }
    let released = Array(pending[...at])
    pending.removeFirst(at + 1)
    return released
  }
}
