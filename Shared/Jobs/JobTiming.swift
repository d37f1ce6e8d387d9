import EventLoop
import Telemetry

/// Times of leases and retries; clocks are passed in, so that tests own them.
public struct JobTiming: Sendable {
  /// A job may be taken over when its row was seen unchanged for so long. Renewed each third.
  public var leaseNanoseconds: UInt64 = 2_000_000_000
  /// The first pause after a failure; doubled each time, with jitter.
  public var backOffMilliseconds: UInt64 = 200
  public var backOffMillisecondsMax: UInt64 = 60_000
  /// Failures in a row after which a job becomes a dead letter.
  public var attemptsMax: UInt16 = 50
  public var monotonicNanoseconds: @Sendable () -> UInt64
  /// Milliseconds since 1970.
  public var wallMilliseconds: @Sendable () -> UInt64

  public init(
    monotonicNanoseconds: @escaping @Sendable () -> UInt64 = processMonotonicNanoseconds,
    wallMilliseconds: @escaping @Sendable () -> UInt64
  ) {
    self.monotonicNanoseconds = monotonicNanoseconds
    self.wallMilliseconds = wallMilliseconds
  }

  /// The pause before the next attempt: exponential, between a half and the whole of it (`jitter` 0…1).
  public func backOff(attempts: UInt16, jitter: Double) -> UInt64 {
    let whole = min(backOffMillisecondsMax, backOffMilliseconds << UInt64(min(attempts, 16)))
    return whole / 2 + UInt64(Double(whole / 2) * min(max(jitter, 0), 1))
  }
}

/// The monotonic clock under a name of its own: inside `JobTiming` the free function is hidden by the member.
@Sendable
public func processMonotonicNanoseconds() -> UInt64 { monotonicNanoseconds() }

extension JobTiming {
  /// The process's clocks.
  public static var live: JobTiming {
    JobTiming(wallMilliseconds: { UInt64(max(0, wallClockMicroseconds())) / 1_000 })
  }
}
