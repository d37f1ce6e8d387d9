extension RaftCore {
  /// A read of this replica: asked of itself when it leads, else of whom it follows.
  mutating func readIndex(_ context: ReadContext) {
    switch role {
    case .leader: request(context)
    case .follower where leader != nil:
      if let leader { send(.readIndex(context), to: leader, term: 0) }
    default: out.reads.append(ReadState(id: context.id, index: nil))
    }
  }

  /// A follower's read. It is not passed on: whoever asks the wrong replica asks again when it knows better.
  mutating func forwardedRead(_ context: ReadContext) {
    guard role == .leader else { return ignore(.wrongRole) }
    request(context)
  }

  private mutating func request(_ context: ReadContext) {
    // Before something of its own term has committed a leader does not know what is committed.
    guard hasCommittedInTerm else {
      guard leadership.postponedReads.count < options.pendingReadsMax else { return refuse(context) }
      leadership.postponedReads.append(context)
      return
    }
    if membership.isOnlyVoter(options.id) { return answer(context, commitIndex) }
    guard leadership.reads.count < options.pendingReadsMax else { return refuse(context) }
    leadership.reads.add(context, index: commitIndex, by: options.id)
    broadcastHeartbeat(context)
  }

  mutating func releasePostponedReads() {
    let postponed = leadership.postponedReads
    leadership.postponedReads = []
    for context in postponed { request(context) }
  }

  mutating func confirmed(_ context: ReadContext, by node: NodeID) {
    let nodes = leadership.reads.confirm(context, by: node)
    guard membership.verdict({ nodes.contains($0) ? true : nil }) == .won else { return }
    for read in leadership.reads.release(through: context) { answer(read.context, read.index) }
  }

  private mutating func answer(_ context: ReadContext, _ index: UInt64) {
    if context.node == options.id {
      out.reads.append(ReadState(id: context.id, index: index))
    } else {
      send(.readIndexResponse(context, index: index), to: context.node)
    }
  }

  private mutating func refuse(_ context: ReadContext) {
    ignore(.tooManyReads)
    if context.node == options.id { out.reads.append(ReadState(id: context.id, index: nil)) }
  }

  /// Leadership ends, and with it what it could have confirmed. Those who asked here are told; others ask again.
  mutating func refuseWaitingReads() {
    let waiting = leadership.postponedReads + leadership.reads.pending.map(\.context)
    for context in waiting where context.node == options.id {
      out.reads.append(ReadState(id: context.id, index: nil))
    }
  }

  /// Whether `LeaderLease` may be used: this leader knows what is committed, and has asked nobody to take its place.
  public var mayUseLease: Bool { role == .leader && hasCommittedInTerm && !leadership.transferBegun }
}
