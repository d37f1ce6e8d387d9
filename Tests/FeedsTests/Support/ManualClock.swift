import Synchronization

/// A clock that only tests move, in milliseconds.
final class ManualClock: Sendable {
  /// 2026-11-21T10:00:00Z.
  static let start: UInt64 = 1_795_255_200_000
  private let state = Mutex(ManualClock.start)

  var milliseconds: UInt64 { state.withLock { $0 } }
  func advance(_ milliseconds: UInt64) { state.withLock { $0 += milliseconds } }
}
