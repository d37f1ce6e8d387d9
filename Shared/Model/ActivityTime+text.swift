extension ActivityTime: CustomStringConvertible {
  /// The moment of the greatest id: 60 bits of 100 ns since 1582-10-15.
  static let maximumTicks: Int64 = 0x0FFF_FFFF_FFFF_FFFF

  /// Reads an ISO 8601 date-time (feeds T3): `T` or a space between date and time, 0…9 fractional digits (cut to
  /// microseconds), then nothing (UTC), `Z`, `±hh:mm`, `±hhmm` or `±hh`. A date alone is its midnight in UTC.
  ///
  /// `nil` if that is not its form, the day does not exist, or an id cannot hold it (before 1582-10-15, after 5236-03-31).
  public init?(_ text: some StringProtocol) { self.init(utf8: text.utf8) }

  /// Reads the UTF-8 bytes of an ISO 8601 date-time (feeds T3).
  public init?(utf8 text: some Collection<UInt8>) {
    var reader = DigitReader(text)
    guard let year = reader.number(digits: 4), reader.take(UInt8(ascii: "-")), let month = reader.number(digits: 2),
      reader.take(UInt8(ascii: "-")), let day = reader.number(digits: 2),
      (1...12).contains(month), day >= 1, day <= daysInMonth(month, year: year)
    else { return nil }
    var microseconds = Int64(daysSinceEpoch(year: year, month: month, day: day)) * 86_400_000_000
    if !reader.isAtEnd {
      guard reader.take(UInt8(ascii: "T")) || reader.take(UInt8(ascii: " ")),
        let hour = reader.number(digits: 2), hour < 24, reader.take(UInt8(ascii: ":")),
        let minute = reader.number(digits: 2), minute < 60, reader.take(UInt8(ascii: ":")),
        let second = reader.number(digits: 2), second < 60
      else { return nil }
      microseconds += Int64((hour * 60 + minute) * 60 + second) * 1_000_000
      if reader.take(UInt8(ascii: ".")) {
        guard let fraction = reader.fraction() else { return nil }
        microseconds += Int64(fraction)
      }
      guard let offset = reader.zoneSeconds() else { return nil }
      microseconds -= Int64(offset) * 1_000_000
    }
    let ticks = microseconds * 10 + Self.uuidEpochTicks
    guard reader.isAtEnd, ticks >= 0, ticks <= Self.maximumTicks else { return nil }
    self.init(microseconds: microseconds)
  }

  /// UTC with six fractional digits and no zone: `2026-11-21T10:00:00.123456` (feeds T4).
  public var description: String { text(zone: false) }

  /// The form of `description`, ended by `Z` if `zone` (feeds T4: everywhere but in activities).
  public func text(zone: Bool) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(27)
    append(to: &bytes, zone: zone)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends the 26 characters of `description`, and `Z` if `zone`.
  public func append(to out: inout [UInt8], zone: Bool = false) {
    let (days, rest) = floorDivide(microseconds, 86_400_000_000)
    let (year, month, day) = civilDate(daysSinceEpoch: Int(days))
    let seconds = Int(rest / 1_000_000)
    appendDecimal(year, digits: 4, to: &out)
    out.append(UInt8(ascii: "-"))
    appendDecimal(month, digits: 2, to: &out)
    out.append(UInt8(ascii: "-"))
    appendDecimal(day, digits: 2, to: &out)
    out.append(UInt8(ascii: "T"))
    appendDecimal(seconds / 3_600, digits: 2, to: &out)
    out.append(UInt8(ascii: ":"))
    appendDecimal(seconds / 60 % 60, digits: 2, to: &out)
    out.append(UInt8(ascii: ":"))
    appendDecimal(seconds % 60, digits: 2, to: &out)
    out.append(UInt8(ascii: "."))
    appendDecimal(Int(rest % 1_000_000), digits: 6, to: &out)
    if zone { out.append(UInt8(ascii: "Z")) }
  }
}

/// Reads fixed-width decimal numbers from bytes.
private struct DigitReader<Text: Collection<UInt8>> {
  private var rest: Text.SubSequence
  init(_ text: Text) { rest = text[...] }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ byte: UInt8) -> Bool {
    guard rest.first == byte else { return false }
    rest = rest.dropFirst()
    return true
  }

  private mutating func digit() -> Int? {
    guard let byte = rest.first, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
    rest = rest.dropFirst()
    return Int(byte - UInt8(ascii: "0"))
  }

  mutating func number(digits: Int) -> Int? {
    var value = 0
    for _ in 0..<digits {
      guard let digit = digit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  /// Microseconds of 1…9 digits after the point; the digits past the sixth are cut.
  mutating func fraction() -> Int? {
    var value = 0
    var count = 0
    while let digit = digit() {
      count += 1
      if count <= 6 { value = value * 10 + digit }
    }
    guard (1...9).contains(count) else { return nil }
    for _ in count..<max(6, count) { value *= 10 }
    return value
  }

  /// Seconds east of UTC; 0 without a zone; `nil` if something else follows.
  mutating func zoneSeconds() -> Int? {
    if isAtEnd || take(UInt8(ascii: "Z")) { return 0 }
    let sign: Int
    if take(UInt8(ascii: "+")) { sign = 1 } else if take(UInt8(ascii: "-")) { sign = -1 } else { return nil }
    guard let hours = number(digits: 2), hours < 24 else { return nil }
    if isAtEnd { return sign * hours * 3_600 }
    _ = take(UInt8(ascii: ":"))
    guard let minutes = number(digits: 2), minutes < 60 else { return nil }
    return sign * (hours * 60 + minutes) * 60
  }
}

private func daysInMonth(_ month: Int, year: Int) -> Int {
  switch month {
  case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
  case 4, 6, 9, 11: 30
  default: 31
  }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar. After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
  let shifted = month <= 2 ? year - 1 : year
  let era = (shifted >= 0 ? shifted : shifted - 399) / 400
  let yearOfEra = shifted - era * 400
  let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
  return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}

/// The inverse of `daysSinceEpoch`, by the same source.
func civilDate(daysSinceEpoch days: Int) -> (year: Int, month: Int, day: Int) {
  let shifted = days + 719_468
  let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
  let dayOfEra = shifted - era * 146_097
  let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let monthFromMarch = (5 * dayOfYear + 2) / 153
  let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
}

func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
  let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
  return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
}

private func appendDecimal(_ value: Int, digits: Int, to out: inout [UInt8]) {
  var divisor = 1
  for _ in 1..<digits { divisor *= 10 }
  while divisor > 0 {
    out.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: abs(value) / divisor % 10))
    divisor /= 10
  }
}
