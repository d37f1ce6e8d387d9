import Feeds
import KeevoClient
import Model
import Synchronization

/// Times one microsecond apart.
final class SequenceTimeSource: TimeSource {
  private let last: Mutex<Int64>

  /// `offset`: microseconds after the clock's start at which it begins, so that two sources give different times.
  init(offset: Int64 = 0) { last = Mutex(Int64(ManualClock.start) * 1_000 + offset) }

  func next(_ count: Int, app: AppID) async throws(StoreError) -> [ActivityTime] {
    last.withLock { last in
      (0..<count).map { _ in
        last += 1
        return ActivityTime(microseconds: last)
      }
    }
  }
}
