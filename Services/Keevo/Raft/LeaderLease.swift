/// When a leader may answer reads from its own state without asking anybody. Times are monotonic nanoseconds.
///
/// Let E be the election timeout at its shortest (`electionTicks`), before which no follower stands or votes after it
/// heard from its leader. A majority stored the leader's entry *after* the leader read the clock and proposed it; for E
/// from then none of them stands, nobody without the entry wins their votes. So the leader is the only one for `duration`
/// from the proposal of any entry that has since committed, if `duration` is E less what clocks may err.
///
/// **Assumed**: clock rates differ by less than 5 %, monotonic clocks do not step, and no follower acts on a message as
/// though it had arrived earlier by more than 0.4 E. `duration` = E / 2 leaves room for all of it. Who cannot assume this
/// uses `readIndex`.
public struct LeaderLease: Sendable {
  private struct Anchor: Sendable {
    var index: UInt64
    var proposedAt: UInt64
  }

  public let duration: UInt64
  private var term: UInt64 = 0
  private var anchors: [Anchor] = []
  private var renewedAt: UInt64?

  /// Anchors kept; a leader that proposes faster renews by some of its entries only.
  static let anchorsMax = 1024

  public init(duration: UInt64) { self.duration = duration }

  /// An entry was appended by the leader of `term`. `time` was read before it was handed to the core.
  public mutating func proposed(index: UInt64, term: UInt64, at time: UInt64) {
    if term != self.term { self = LeaderLease(duration: duration, term: term) }
    guard anchors.count < Self.anchorsMax else { return }
    anchors.append(Anchor(index: index, proposedAt: time))
  }

  /// The leader of `term` has committed up to `index`.
  public mutating func committed(through index: UInt64, term: UInt64) {
    guard term == self.term, let end = anchors.lastIndex(where: { $0.index <= index }) else { return }
    renewedAt = max(renewedAt ?? 0, anchors[end].proposedAt)
    anchors.removeFirst(end + 1)
  }

  /// Whether a read that arrived before `time` was read may be answered now from a state that has applied the core's
  /// commit index.
  public func holds(for core: RaftCore, at time: UInt64) -> Bool {
    guard core.mayUseLease, core.term == term, let renewedAt else { return false }
    return time < renewedAt &+ duration
  }
}

extension LeaderLease {
  private init(duration: UInt64, term: UInt64) {
    self.duration = duration
    self.term = term
  }
}
