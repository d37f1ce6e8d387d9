import EventLoop

/// How the engine starts work beside a request, pauses, and sets a deadline: passed in, so that tests own it.
public struct FeedRuntime: Sendable {
  /// Runs work that no caller waits for.
  public var spawn: @Sendable (_ work: @escaping @Sendable () async -> Void) -> Void
  public var sleep: @Sendable (_ nanoseconds: UInt64) async -> Void
  /// Runs `work` after so many nanoseconds; gives what cancels it. `nil`: there are no deadlines.
  public var timer:
    (@Sendable (_ nanoseconds: UInt64, _ work: @escaping @Sendable () -> Void) -> (@Sendable () -> Void)?)?

  public init(
    spawn: @escaping @Sendable (_ work: @escaping @Sendable () async -> Void) -> Void,
    sleep: @escaping @Sendable (_ nanoseconds: UInt64) async -> Void,
    timer: (@Sendable (_ nanoseconds: UInt64, _ work: @escaping @Sendable () -> Void) -> (@Sendable () -> Void)?)? = nil
  ) {
    self.spawn = spawn
    self.sleep = sleep
    self.timer = timer
  }

  /// Stays on the caller's event loop where there is one.
  public static let live = FeedRuntime(
    spawn: { work in
      if let loop = EventLoop.current {
        Task(executorPreference: loop) { await work() }
      } else {
        Task { await work() }
      }
    },
    sleep: { nanoseconds in
      if let loop = EventLoop.current {
        await loop.sleep(nanoseconds: nanoseconds)
      } else {
        // Only a cancelled task is woken early, and such a one wants to end.
        try? await Task.sleep(nanoseconds: nanoseconds)
      }
    },
    timer: { nanoseconds, work in
      guard let loop = EventLoop.current else { return nil }
      let timer = loop.schedule(afterNanoseconds: nanoseconds) { work() }
      return { loop.cancel(timer) }
    })
}
