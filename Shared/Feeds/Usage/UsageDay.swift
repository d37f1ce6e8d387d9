import Model

/// A day of UTC, by its number since 1970.
public struct UsageDay: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var number: UInt32

  private static let microseconds: Int64 = 86_400_000_000

  public init(number: UInt32) { self.number = number }

  public init(_ time: ActivityTime) { number = UInt32(clamping: max(0, time.microseconds) / Self.microseconds) }

  public var start: ActivityTime { ActivityTime(microseconds: Int64(number) * Self.microseconds) }

  /// `2026-11-21`.
  public var description: String { String(start.description.prefix(10)) }

  /// `2026-11`.
  public var month: String { String(start.description.prefix(7)) }

  /// The first day of the month after this one's.
  public var nextMonth: UsageDay {
    var day = self
    repeat { day.number += 1 } while day.month == month
    return day
  }

  public static func < (a: UsageDay, b: UsageDay) -> Bool { a.number < b.number }
}
