/// A moment in UTC at microsecond precision, the precision of activities (feeds T3, T4).
public struct ActivityTime: Hashable, Comparable, Sendable {
  /// Microseconds since 1970-01-01T00:00:00Z; may be negative.
  public let microseconds: Int64

  public init(microseconds: Int64) { self.microseconds = microseconds }

  public static func < (a: ActivityTime, b: ActivityTime) -> Bool { a.microseconds < b.microseconds }

  /// 100 ns ticks between 1582-10-15 and 1970-01-01.
  static let uuidEpochTicks: Int64 = 0x01B2_1DD2_1381_4000

  /// The UUID timestamp of this moment.
  public var ticks: UInt64 { UInt64(bitPattern: microseconds &* 10 &+ Self.uuidEpochTicks) & 0x0FFF_FFFF_FFFF_FFFF }

  /// The moment of a UUID timestamp, truncated to microseconds.
  public init(ticks: UInt64) {
    let since = Int64(ticks) - Self.uuidEpochTicks
    microseconds = since >= 0 ? since / 10 : -((-since + 9) / 10)
  }
}
