import Feeds
import KeevoClient
import Model
import Synchronization

/// Times one microsecond apart, from a fixed moment on.
final class CountingTimes: TimeSource {
  private let last = Mutex<Int64>(1_795_000_000_000_000)

  func next(_ count: Int, app: AppID) async throws(StoreError) -> [ActivityTime] {
    last.withLock { last in
      (0..<count).map { _ in
        last += 1
        return ActivityTime(microseconds: last)
      }
    }
  }
}
