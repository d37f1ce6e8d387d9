/// # Raft: how the replicas of a shard agree
///
/// A shard's replicas keep one log: a list of entries, equal on all of them as far as it is *committed*. Whoever applies
/// the committed entries in order arrives at the same state. This module is the agreement and nothing else; it follows
/// Ongaro's thesis ("Consensus: Bridging Theory and Practice", 2014) and the design of etcd's raft package, with which the
/// tests run it in lockstep.
///
/// **A pure step function.** `RaftCore` is a value. `step(input)` takes one `RaftInput` (a tick, a message, a proposal,
/// the news that a write is durable) and returns a `Ready`: what to write, to send, to apply. There is no clock, disk,
/// network or randomness inside, so a test can be the clock, the disk and the network, and a seed replays a run exactly.
///
/// **The driver's duties.** In a loop: take an input, step, then
/// 1. hand `write` to the log, in order; when it is durable, step `.persisted(write:)`;
/// 2. send `messages`, those with `afterWrite` only when that write is durable. They are votes and acknowledgements, that
///    is promises; all others may overtake the disk, so a leader's own write runs beside its followers';
/// 3. apply `committed`, whose entries are durable here; answer `reads` once their index is applied;
/// 4. fetch what `fetch` names, in the background, then step `.fetched`, or `.fetchAbandoned`;
/// 5. as the leader of a peer that was sent a snapshot and fetches nothing for a while, step `.fetchReported`: until the
///    peer acknowledges or its fetch is given up, it is sent nothing else.
///
/// **Terms and elections** (`Raft+election`). Time is divided into terms, each with at most one leader, because a voter
/// gives one vote in a term and keeps it on disk. A follower that hears nothing for a random time asks first whether it
/// *would* be elected (pre-vote), then stands. A voter refuses a candidate whose log is behind its own, and any candidate
/// while it hears from a leader (stickiness), so a replica that returns from a cut, or was removed, disturbs nobody. A
/// leader that hears from no majority for an election timeout steps down (check-quorum).
///
/// **Replication** (`Raft+replication`, `Raft+follower`). An append names the entry before its first; a follower that has
/// no such entry rejects with the end of its log as a hint, one that has it replaces whatever contradicts. Per peer the
/// leader keeps a `Progress`: *probing* for the place where the logs agree, then *replicating* ahead of acknowledgements
/// within a window of messages and bytes, or resting while a *snapshot* is fetched. An entry is committed when a majority
/// has it durably and it is of the leader's own term; older ones commit with it (figure 8 of the Raft paper says why).
/// Therefore a new leader first appends a no-op. The leader counts itself when its own write is durable, not before.
///
/// **Reads** (`Raft+reads`). The leader notes the commit index, has a majority confirm with the next heartbeats that it
/// still leads, and answers with that index (ReadIndex, thesis 6.4). One confirmation serves all reads asked before it;
/// `ReadRounds` gathers waiting reads into one request. `LeaderLease` is the rule under which a leader may answer without
/// asking, for drivers that trust their clocks' rates.
///
/// **Members** (`Raft+membership`). Changed one at a time, by an entry, in force on each replica when it knows the entry
/// committed; a leader takes a change only when its no-op and the change before have committed. A newcomer is a learner
/// first: it receives, and counts in no majority. A leader that finds itself removed tells the best voter to stand.
///
/// **Snapshots by reference**. The driver offers a `Snapshot`: index, term, members, and bytes that say where the files
/// are. A follower beyond the log's reach gets it, fetches the files beside its running state, and takes it in when they
/// are complete. Until then it keeps its old log, votes and answers.
///
/// **Memory**: entries stay until `compact`; `compactionPoint(keepingBytes:)` says where to cut. Proposals, windows and
/// waiting reads are bounded by `RaftOptions`.
///
/// **Faults.** Nothing that arrives in a message ends the process or steps the commit index back. What cannot be is
/// ignored, and `Ready.ignored` says why.
public struct RaftCore: Sendable {
  public let options: RaftOptions

  // Kept on disk.
  public internal(set) var term: UInt64
  public internal(set) var vote: NodeID?
  var log: EntryLog

  // What the log has led to.
  public internal(set) var commitIndex: UInt64
  /// Handed out to be applied.
  public internal(set) var appliedIndex: UInt64
  public internal(set) var membership: Membership
  /// Membership entries up to here are in force.
  var membershipIndex: UInt64
  /// On offer to followers that the log no longer reaches.
  public internal(set) var snapshot: Snapshot?
  public internal(set) var fetching: Snapshot?
  let startedBlank: Bool

  // Who leads.
  public internal(set) var role = Role.follower
  public internal(set) var leader: NodeID?
  var votes: [NodeID: Bool] = [:]
  var leadership = Leadership()

  // Time, in ticks.
  var timeouts: ElectionTimeouts
  var electionElapsed = 0
  var heartbeatElapsed = 0
  /// After how many ticks of silence to stand; drawn anew with every change of role or term.
  var electionTimeout = 0

  // What the driver has been asked to write, and how far it has.
  var writes = WriteQueue()
  var out = Ready()
  private var reportedSoftState = SoftState(role: .follower, leader: nil)

  /// A replica as its disk left it. `timeouts` should differ between replicas and starts. What had committed and was not
  /// applied is handed out with the first step.
  public init(options: RaftOptions, restored: Restored, timeouts: ElectionTimeouts) throws(RestoreError) {
    precondition(options.id != 0, "a replica needs a name")
    precondition(0 < options.heartbeatTicks && options.heartbeatTicks < options.electionTicks, "ticks out of order")
    precondition(options.inflightMessagesMax > 0 && options.inflightBytesMax > 0, "a window of nothing")
    try restored.check()
    self.options = options
    self.timeouts = timeouts
    term = max(restored.hardState.term, restored.entries.last?.term ?? restored.base.term)
    vote = term == restored.hardState.term ? restored.hardState.vote : nil
    log = EntryLog(base: restored.base, entries: restored.entries)
    membership = restored.membership
    membershipIndex = restored.applied
    appliedIndex = restored.applied
    snapshot = restored.snapshot
    startedBlank = restored.membership.voters.isEmpty && restored.applied == 0
    commitIndex = restored.commitIndex
    writes.handed = HardState(term: term, vote: vote, commit: restored.hardState.commit)
    writes.handedIndex = log.lastIndex
    electionTimeout = options.electionTicks + self.timeouts.next(below: options.electionTicks)
    applyMemberships()
    out.membership = nil
  }

  /// Takes one input and says what follows from it.
  public mutating func step(_ input: RaftInput) -> Ready {
    switch input {
    case .tick: tick()
    case .message(let message): receive(message)
    case .propose(let payloads): propose(payloads)
    case .change(let change): propose(change)
    case .persisted(let write): persisted(write)
    case .readIndex(let id): readIndex(ReadContext(node: options.id, id: id))
    case .transfer(let target): transfer(to: target)
    case .campaign: standForElection()
    case .offer(let snapshot): offer(snapshot)
    case .compact(let index): compact(through: index)
    case .fetched(let snapshot): install(snapshot)
    case .fetchAbandoned: fetching = nil
    case .fetchReported(let peer, let succeeded): fetchReported(peer, succeeded)
    case .unreachable(let peer): unreachable(peer)
    }
    applyMemberships()
    return takeReady()
  }

  private mutating func takeReady() -> Ready {
    handOutWrite()
    let durable = min(commitIndex, log.persisted)
    if durable > appliedIndex {
      out.committed = appliedIndex + 1..<durable + 1
      appliedIndex = durable
    }
    let softState = SoftState(role: role, leader: leader)
    if softState != reportedSoftState {
      out.softState = softState
      reportedSoftState = softState
    }
    let ready = out
    out = Ready()
    return ready
  }

  mutating func ignore(_ reason: IgnoredMessage) { out.ignored = reason }

  mutating func send(_ body: Message.Body, to node: NodeID, term: UInt64? = nil, promise: Bool = false) {
    let message = Message(from: options.id, to: node, term: term ?? self.term, body: body)
    out.messages.append(Ready.Outgoing(message: message, afterWrite: promise ? .max : nil))
  }
}
