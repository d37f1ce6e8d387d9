/// How long to wait before the next try to connect: doubled at each failure, with jitter, so that a returning server is
/// not met by everybody at once.
struct ReconnectBackoff {
  static let firstMilliseconds: UInt64 = 50
  static let lastMilliseconds: UInt64 = 2_000

  private var failures = 0

  mutating func succeeded() { failures = 0 }

  /// `random` is in 0..<1.
  mutating func nextMilliseconds(random: Double) -> UInt64 {
    let full = min(Self.lastMilliseconds, Self.firstMilliseconds << UInt64(min(failures, 10)))
    failures += 1
    return full / 2 + UInt64(Double(full) / 2 * random)
  }
}
