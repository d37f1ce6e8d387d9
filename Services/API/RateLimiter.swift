import Model
import Synchronization

/// Counts requests by app and kind in windows of one minute (feeds C18–C20); one process counts for itself.
final class RateLimiter: Sendable {
  /// What the headers of an answer say.
  struct State: Hashable, Sendable {
    var limit: Int
    var remaining: Int
    /// Unix seconds at which the window ends.
    var resetSeconds: Int64
    var isExceeded: Bool
  }

  private struct Key: Hashable {
    let app: AppID
    let kind: Route.Kind
  }

  private struct Counts {
    var minute: Int64 = 0
    var counts: [Key: Int] = [:]
  }

  private let perMinuteMax: Int
  private let counts = Mutex(Counts())

  init(perMinuteMax: Int) { self.perMinuteMax = perMinuteMax }

  /// Counts one request.
  func count(app: AppID, kind: Route.Kind, nowSeconds: Int64) -> State {
    let minute = nowSeconds / 60
    let used = counts.withLock { state in
      if state.minute != minute {
        // Windows end for all at once, so that nothing is left of apps that have gone.
        state.minute = minute
        state.counts.removeAll(keepingCapacity: true)
      }
      let used = state.counts[Key(app: app, kind: kind), default: 0] + 1
      state.counts[Key(app: app, kind: kind)] = used
      return used
    }
    return State(
      limit: perMinuteMax, remaining: max(0, perMinuteMax - used), resetSeconds: (minute + 1) * 60,
      isExceeded: used > perMinuteMax)
  }

  /// What answers say that belong to no app: refusals before the key is known.
  func idle(nowSeconds: Int64) -> State {
    State(
      limit: perMinuteMax, remaining: perMinuteMax, resetSeconds: (nowSeconds / 60 + 1) * 60, isExceeded: false)
  }
}
