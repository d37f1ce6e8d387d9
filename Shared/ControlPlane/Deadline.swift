import EventLoop

/// A moment of the monotonic clock by which something must have happened.
struct Deadline {
  private let nanoseconds: UInt64

  init(milliseconds: Int) { nanoseconds = monotonicNanoseconds() + UInt64(max(0, milliseconds)) * 1_000_000 }

  var isOver: Bool { monotonicNanoseconds() >= nanoseconds }

  /// Rounded up, so that a wait of that length reaches the deadline.
  var millisecondsLeft: Int {
    let now = monotonicNanoseconds()
    return now >= nanoseconds ? 0 : Int((nanoseconds - now + 999_999) / 1_000_000)
  }
}
