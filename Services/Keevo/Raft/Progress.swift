/// What a leader knows of one peer, and how it therefore sends to it.
public struct Progress: Hashable, Sendable {
  public enum State: UInt8, Hashable, Sendable {
    /// Where the logs agree is not known: one append at a time, then wait.
    case probe
    /// Appends follow each other without waiting, within the window.
    case replicate
    /// The log does not reach back far enough; files are on their way, appends rest.
    case snapshot
  }

  public internal(set) var state = State.probe
  /// The peer's log equals the leader's up to here.
  public internal(set) var match: UInt64 = 0
  /// What to send next.
  public internal(set) var next: UInt64
  /// A probe is on its way.
  public internal(set) var probeSent = false
  /// Heard from since the last check of the quorum.
  public internal(set) var recentlyActive = false
  public internal(set) var pendingSnapshot: UInt64 = 0
  var inflight = InflightWindow()

  public var inflightMessages: Int { inflight.count }
  public var inflightBytes: Int { inflight.bytes }

  init(next: UInt64, recentlyActive: Bool = false) {
    self.next = next
    self.recentlyActive = recentlyActive
  }

  func isPaused(_ options: RaftOptions) -> Bool {
    switch state {
    case .probe: probeSent
    case .replicate: inflight.isFull(options)
    case .snapshot: true
    }
  }

  mutating func becomeProbe() {
    // After a snapshot the peer will have at least that, if all went well.
    let known = max(match, state == .snapshot ? pendingSnapshot : 0)
    enter(.probe)
    next = known + 1
  }

  mutating func becomeReplicate() {
    enter(.replicate)
    next = match + 1
  }

  mutating func becomeSnapshot(_ index: UInt64) {
    enter(.snapshot)
    pendingSnapshot = index
  }

  private mutating func enter(_ state: State) {
    self.state = state
    probeSent = false
    pendingSnapshot = 0
    inflight.removeAll()
  }

  /// An acknowledgement; false if it says nothing new.
  mutating func acknowledge(_ index: UInt64) -> Bool {
    next = max(next, index + 1)
    guard index > match else { return false }
    match = index
    probeSent = false
    return true
  }

  /// A rejection of an append after `previous` by a peer whose log ends at `last`; false if it comes too late to count.
  mutating func reject(previous: UInt64, last: UInt64) -> Bool {
    if state == .replicate {
      guard previous > match else { return false }
      next = match + 1
      return true
    }
    guard next == previous + 1 else { return false }
    next = max(1, min(previous, last + 1))
    probeSent = false
    return true
  }
}
