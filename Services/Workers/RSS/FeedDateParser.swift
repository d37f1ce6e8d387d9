/// Reads the dates of feeds: RFC 822 and its many variants, W3CDTF / ISO 8601 with their partial forms, and asctime.
///
/// A date without a zone is UTC. What is ambiguous (`10/11/2003`) or does not exist (`30 Feb`) is no date.
enum FeedDateParser {
  /// The years taken: an activity's id holds no moment before 1582-10-15 or after 5236-03-31 (feeds T2).
  static let years = 1583...5235

  /// Microseconds since 1970-01-01T00:00:00Z.
  static func microseconds(_ text: String) -> Int64? {
    let trimmed = UTF8Text.collapsed(text)
    guard !trimmed.isEmpty, trimmed.utf8.count <= 100 else { return nil }
    var iso = ISODateReader(trimmed)
    if let value = iso.read() { return value }
    return WordyDateReader.read(trimmed)
  }

  /// A moment of the proleptic Gregorian calendar; 24:00 and the second 60 run over into what follows.
  static func microseconds(
    year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, fraction: Int = 0,
    zoneSeconds: Int = 0
  ) -> Int64? {
    guard years.contains(year), (1...12).contains(month), day >= 1, day <= daysInMonth(month, year: year),
      (0...24).contains(hour), hour < 24 || (minute == 0 && second == 0), (0...59).contains(minute),
      (0...60).contains(second)
    else { return nil }
    let seconds = Int64(days(year: year, month: month, day: day)) * 86_400
    return (seconds + Int64((hour * 60 + minute) * 60 + second - zoneSeconds)) * 1_000_000 + Int64(fraction)
  }

  static func daysInMonth(_ month: Int, year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Seconds east of UTC of `Z`, `+hh:mm`, `+hhmm`, `+hh`, and of the names RFC 822 §5 gives or that are in common use.
  static func zoneSeconds(_ text: some StringProtocol) -> Int? {
    let upper = text.uppercased()
    if let hours = zoneNames[upper] { return Int(hours * 3_600) }
    for prefix in ["GMT", "UTC"] where upper.hasPrefix(prefix) { return zoneSeconds(upper.dropFirst(3)) }
    guard let sign = upper.first, sign == "+" || sign == "-" else { return nil }
    let parts = upper.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
    let digits = parts.joined()
    guard parts.count <= 2, digits.utf8.allSatisfy(UTF8Text.isDigit), (1...4).contains(digits.count) else { return nil }
    let value = Int(digits) ?? 0
    let (hours, minutes) = digits.count <= 2 ? (value, 0) : (value / 100, value % 100)
    guard hours <= 23, minutes <= 59 else { return nil }
    return (sign == "-" ? -1 : 1) * (hours * 60 + minutes) * 60
  }

  private static let zoneNames: [String: Double] = [
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 1, "WEST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "IST": 5.5, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
    "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "ET": -5, "CST": -6, "CDT": -5, "CT": -6, "MST": -7, "MDT": -6,
    "MT": -7, "PST": -8, "PDT": -7, "PT": -8, "AKST": -9, "AKDT": -8, "HST": -10,
  ]

  /// Days from 1970-01-01. After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
  private static func days(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
