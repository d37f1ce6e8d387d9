import KeevoClient
import Synchronization

/// One watcher's place in a ring.
final class WatchReader: Sendable {
  private struct State {
    var next: UInt64
    var pending: [WatchEvent] = []
    var position = 0
    var hasEnded = false
    var mustWait = false
  }

  private let ring: WatchRing
  private let state: Mutex<State>

  init(ring: WatchRing, fromIndex: UInt64) {
    self.ring = ring
    state = Mutex(State(next: fromIndex))
  }

  static func stream(_ ring: WatchRing, fromIndex: UInt64) -> WatchStream {
    let reader = WatchReader(ring: ring, fromIndex: fromIndex)
    return WatchStream(unfolding: { try await reader.next() })
  }

  /// The next event; `nil` after `compacted`, cancellation, or the node's end. One caller at a time.
  func next() async throws(StoreError) -> WatchEvent? {
    while true {
      if let event = takePending() { return event }
      let (hasEnded, mustWait, from) = state.withLock { ($0.hasEnded, $0.mustWait, $0.next) }
      if hasEnded || Task.isCancelled { return nil }
      if mustWait {
        guard await ring.wait(from: from) else { throw .overloaded("too many watchers wait on this shard") }
        if Task.isCancelled { return nil }
        if ring.isClosed { throw .unavailable("the node is stopping") }
      }
      switch try ring.page(from: from) {
      case .compacted(let oldest):
        state.withLock { $0.hasEnded = true }
        return .compacted(oldestIndex: oldest)
      case .changes(let events, let upTo):
        state.withLock { state in
          state.pending = events
          state.position = 0
          state.next = max(from, upTo + 1)
          state.pending.append(.progress(index: max(from - 1, upTo)))
          state.mustWait = true
        }
      }
    }
  }

  private func takePending() -> WatchEvent? {
    state.withLock { state in
      guard state.position < state.pending.count else { return nil }
      defer { state.position += 1 }
      return state.pending[state.position]
    }
  }
}
