extension Message.Body {
  var isCandidacy: Bool {
    switch self {
    case .preVote, .vote: true
    default: false
    }
  }

  var isResponse: Bool {
    switch self {
    case .preVoteResponse, .voteResponse, .appendAccepted, .appendRejected, .termNotice, .heartbeatResponse: true
    default: false
    }
  }

  var isTransfer: Bool {
    switch self {
    case .preVote(let candidacy), .vote(let candidacy): candidacy.isTransfer
    default: false
    }
  }
}

extension Message {
  /// What is wrong with the message whatever the receiver's state. What passes can be calculated with without overflow.
  func fault(for receiver: NodeID) -> IgnoredMessage? {
    guard to == receiver, from != 0, from != receiver else { return .misaddressed }
    if case .readIndex(let context) = body { return context.node == from ? nil : .malformedRead }
    guard term > 0, term < numberMax else { return .numberOutOfRange }
    switch body {
    case .preVote(let candidacy), .vote(let candidacy):
      return max(candidacy.lastIndex, candidacy.lastTerm) < numberMax ? nil : .numberOutOfRange
    case .append(let append):
      return append.fault(term: term)
    case .snapshot(let snapshot):
      guard max(snapshot.index, snapshot.term) < numberMax else { return .numberOutOfRange }
      let sound =
        snapshot.index > 0 && snapshot.term > 0 && snapshot.term <= term && snapshot.membership.isValid
        && snapshot.reference.count <= Snapshot.referenceBytesMax
      return sound ? nil : .malformedSnapshot
    case .appendAccepted(let index), .heartbeat(let index, _), .readIndexResponse(_, let index):
      return index < numberMax ? nil : .numberOutOfRange
    case .appendRejected(let previous, let last):
      return max(previous, last) < numberMax ? nil : .numberOutOfRange
    case .preVoteResponse, .voteResponse, .termNotice, .heartbeatResponse, .timeoutNow, .readIndex:
      return nil
    }
  }
}

extension Message.Append {
  fileprivate func fault(term: UInt64) -> IgnoredMessage? {
    guard max(previousIndex, previousTerm, commit) < numberMax else { return .numberOutOfRange }
    guard previousTerm <= term, (previousIndex == 0) == (previousTerm == 0) else { return .malformedEntries }
    var before = LogPosition(index: previousIndex, term: previousTerm)
    for entry in entries {
      guard entry.index == before.index + 1, entry.term >= max(1, before.term), entry.term <= term else {
        return .malformedEntries
      }
      before = LogPosition(index: entry.index, term: entry.term)
    }
    return nil
  }
}
