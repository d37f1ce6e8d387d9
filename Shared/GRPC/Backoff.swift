/// Waiting times between attempts: doubling from a first to a longest one, each taken at random between its half and its
/// whole, so that many clients of a server that comes back do not come at once.
public struct Backoff: Sendable {
  private let firstMilliseconds: Int
  private let maxMilliseconds: Int
  private var attempt = 0

  public init(firstMilliseconds: Int, maxMilliseconds: Int) {
    self.firstMilliseconds = firstMilliseconds
    self.maxMilliseconds = maxMilliseconds
  }

  /// Nanoseconds to wait now. `jitter` draws from the range it is given.
  public mutating func next(jitter: (ClosedRange<UInt64>) -> UInt64 = { UInt64.random(in: $0) }) -> UInt64 {
    let milliseconds = min(maxMilliseconds, firstMilliseconds << min(attempt, 16))
    attempt += 1
    let whole = UInt64(milliseconds) * 1_000_000
    return jitter(whole / 2...whole)
  }

  public mutating func reset() { attempt = 0 }
}
