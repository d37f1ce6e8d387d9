/// A moment taken apart by the Gregorian calendar, in UTC.
public struct CalendarTime: Hashable, Sendable {
  public let year: Int
  /// 1…12.
  public let month: Int
  /// 1…31.
  public let day: Int
  public let hour: Int
  public let minute: Int
  public let second: Int
  public let microsecond: Int
  /// 1…366.
  public let dayOfYear: Int
  /// 0 is Sunday.
  public let weekdayFromSunday: Int

  /// 0 is Monday.
  public var weekdayFromMonday: Int { (weekdayFromSunday + 6) % 7 }

  /// The week of ISO 8601 and the year it belongs to: week 1 holds the year's first Thursday.
  public var isoWeek: (year: Int, week: Int) {
    let week = (dayOfYear - (weekdayFromMonday + 1) + 10) / 7
    if week < 1 { return (year - 1, Self.weeks(inYear: year - 1)) }
    return week > Self.weeks(inYear: year) ? (year + 1, 1) : (year, week)
  }

  /// 53 where 1 January is a Thursday, or a Wednesday of a leap year; else 52.
  private static func weeks(inYear year: Int) -> Int {
    func lastWeekday(_ year: Int) -> Int { (year + year / 4 - year / 100 + year / 400) % 7 }
    return lastWeekday(year) == 4 || lastWeekday(year - 1) == 3 ? 53 : 52
  }
}

extension ActivityTime {
  public var calendar: CalendarTime {
    let (days, rest) = floorDivide(microseconds, 86_400_000_000)
    let (year, month, day) = civilDate(daysSinceEpoch: Int(days))
    let seconds = Int(rest / 1_000_000)
    let dayOfYear = Int(days) - daysSinceEpoch(year: year, month: 1, day: 1) + 1
    // 1970-01-01 was a Thursday.
    let weekday = Int(((days + 4) % 7 + 7) % 7)
    return CalendarTime(
      year: year, month: month, day: day, hour: seconds / 3_600, minute: seconds / 60 % 60, second: seconds % 60,
      microsecond: Int(rest % 1_000_000), dayOfYear: dayOfYear, weekdayFromSunday: weekday)
  }
}
