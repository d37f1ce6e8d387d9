import EventLoop

/// One timer for the deadlines of many calls. Most calls end long before their deadline, so a timer each would fill the
/// loop's queue with dead ones: this one stands at the earliest deadline noted, and finds the next when it rings.
final class DeadlineTimer {
  private let loop: EventLoop
  private var timer: EventLoop.Timer?
  private var dueNanoseconds = UInt64.max
  /// Ends what is due at the time given and returns the earliest deadline left, `UInt64.max` for none.
  var onDue: ((UInt64) -> UInt64)?

  init(loop: EventLoop) { self.loop = loop }

  func note(_ deadlineNanoseconds: UInt64) {
    guard deadlineNanoseconds < dueNanoseconds else { return }
    if let timer { loop.cancel(timer) }
    dueNanoseconds = deadlineNanoseconds
    let now = monotonicNanoseconds()
    timer = loop.schedule(afterNanoseconds: deadlineNanoseconds > now ? deadlineNanoseconds - now : 0) { [self] in
      timer = nil
      dueNanoseconds = .max
      if let next = onDue?(monotonicNanoseconds()), next != .max { note(next) }
    }
  }

  func cancel() {
    if let timer { loop.cancel(timer) }
    timer = nil
    onDue = nil
  }
}
