import Synchronization

/// Hands out the identities of one client instance and keeps track of which are still open.
///
/// ```swift
/// let identity = sequencer.begin()
/// defer { sequencer.end(identity) }
/// // send the request, again with the same identity if the answer is lost
/// ```
public final class RequestSequencer: Sendable {
  private struct State {
    var next: UInt64 = 1
    /// Whether `first + position` has ended; the front is always open or the array empty.
    var ended: [Bool] = []
    var head = 0
    var first: UInt64 = 1
  }

  public let clientID: UInt64
  private let state = Mutex(State())

  public init(clientID: UInt64 = UInt64.random(in: 1...UInt64.max)) { self.clientID = clientID }

  public func begin() -> RequestIdentity {
    state.withLock { state in
      let sequence = state.next
      state.next += 1
      state.ended.append(false)
      return RequestIdentity(clientID: clientID, sequence: sequence, acknowledgedBelow: state.first)
    }
  }

  /// The request has its answer, or was given up: it will not be sent again.
  public func end(_ identity: RequestIdentity) {
    state.withLock { state in
      guard identity.sequence >= state.first else { return }
      let position = state.head + Int(identity.sequence - state.first)
      guard position < state.ended.count else { return }
      state.ended[position] = true
      while state.head < state.ended.count, state.ended[state.head] {
        state.head += 1
        state.first += 1
      }
      if state.head > 1_024, state.head * 2 > state.ended.count {
        state.ended.removeFirst(state.head)
        state.head = 0
      }
    }
  }
}
