/// Everything that can happen to a replica.
public enum RaftInput: Sendable {
  /// A unit of time has passed.
  case tick
  case message(Message)
  /// Payloads to append, in this order, if this replica leads.
  case propose([[UInt8]])
  case change(MembershipChange)
  /// Everything in this write, and in all before it, is durable.
  case persisted(write: UInt64)
  /// From which index on is an answer linearizable? `id` is used only once by this replica.
  case readIndex(id: UInt64)
  case transfer(to: NodeID)
  /// Stand for election now, for tests and for operators who know that nobody leads: a living leader's lease does not
  /// expect it.
  case campaign
  /// The driver has a newer state to offer to followers.
  case offer(Snapshot)
  /// Forget entries up to here; no further than the snapshot on offer.
  case compact(through: UInt64)
  /// The files of a snapshot that `Ready.fetch` named lie complete and durable beside the state, not yet in its place.
  case fetched(Snapshot)
  /// The fetch that `Ready.fetch` asked for came to nothing; the leader will send another reference.
  case fetchAbandoned
  /// As leader: a follower's fetch has ended: it will acknowledge by itself, or it failed and must be offered anew.
  case fetchReported(peer: NodeID, succeeded: Bool)
  /// The transport lost messages to this peer.
  case unreachable(NodeID)
}
