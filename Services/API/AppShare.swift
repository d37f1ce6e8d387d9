import Model
import Synchronization

/// How many pieces of costly work each app has under way, so that one app does not take what all share.
final class AppShare: Sendable {
  let limit: Int
  private let counts = Mutex<[AppID: Int]>([:])

  init(limit: Int) { self.limit = limit }

  /// `false`: the app has its share under way. Each `true` is ended by `leave`.
  func enter(_ app: AppID) -> Bool {
    counts.withLock { counts in
      let count = counts[app, default: 0]
      if count >= limit { return false }
      counts[app] = count + 1
      return true
    }
  }

  func leave(_ app: AppID) {
    counts.withLock { counts in
      let count = counts[app, default: 0] - 1
      counts[app] = count > 0 ? count : nil
    }
  }
}
