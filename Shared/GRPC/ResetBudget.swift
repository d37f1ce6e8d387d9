/// A token bucket for stream resets. A peer that opens streams and resets them costs work without ever being over the
/// limit of open streams (CVE-2023-44487); past its budget the connection is ended with ENHANCE_YOUR_CALM.
struct ResetBudget {
  private let burst: Int
  private let perSecond: Int
  private var tokens: Double
  private var last: UInt64

  init(burst: Int, perSecond: Int, now: UInt64) {
    self.burst = burst
    self.perSecond = perSecond
    tokens = Double(burst)
    last = now
  }

  /// Takes one reset at `now` (nanoseconds); false when the budget is spent.
  mutating func take(now: UInt64) -> Bool {
    if now > last {
      tokens = min(Double(burst), tokens + Double(now - last) / 1e9 * Double(perSecond))
      last = now
    }
    guard tokens >= 1 else { return false }
    tokens -= 1
    return true
  }
}
