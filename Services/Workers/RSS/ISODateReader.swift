/// Reads W3CDTF (W3C Note "Date and Time Formats") and what feeds make of ISO 8601: `2003`, `2003-12`, `2003-12-31`,
/// `20031231`, `2003-365`, `2003/12/31`, each with an optional `T10:14:55.123Z` in full or cut short.
struct ISODateReader {
  private let bytes: [UInt8]
  private var index = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  /// Microseconds since 1970-01-01T00:00:00Z; `nil` for any other form.
  mutating func read() -> Int64? {
    guard let date = readDate() else { return nil }
    guard index < bytes.count else {
      return FeedDateParser.microseconds(year: date.year, month: date.month, day: date.day)
    }
    let mark = bytes[index] | 0x20
    guard mark == UInt8(ascii: "t") || mark == UInt8(ascii: " ") else { return nil }
    index += 1
    guard let time = readTime(), let zone = readZone() else { return nil }
    return FeedDateParser.microseconds(
      year: date.year, month: date.month, day: date.day, hour: time.hour, minute: time.minute, second: time.second,
      fraction: time.fraction, zoneSeconds: zone)
  }

  private mutating func readDate() -> (year: Int, month: Int, day: Int)? {
    guard let year = number(4) else { return nil }
    let rest = digitsAhead()
    switch rest {
    case 4:
      guard let month = number(2), let day = number(2) else { return nil }
      return (year, month, day)
    case 3:
      guard let dayOfYear = number(3) else { return nil }
      return ordinal(year, dayOfYear)
    case 0: break
    default: return nil
    }
    guard takeSeparator() else { return (year, 1, 1) }
    if digitsAhead() == 3 { return number(3).flatMap { ordinal(year, $0) } }
    guard let month = number(upTo: 2) else { return nil }
    guard takeSeparator() else { return (year, month, 1) }
    guard let day = number(upTo: 2) else { return nil }
    return (year, month, day)
  }

  private func ordinal(_ year: Int, _ dayOfYear: Int) -> (year: Int, month: Int, day: Int)? {
    var day = dayOfYear
    guard day >= 1 else { return nil }
    for month in 1...12 {
      let length = FeedDateParser.daysInMonth(month, year: year)
      if day <= length { return (year, month, day) }
      day -= length
    }
    return nil
  }

  private mutating func readTime() -> (hour: Int, minute: Int, second: Int, fraction: Int)? {
    guard let hour = number(upTo: 2) else { return nil }
    var minute = 0
    var second = 0
    var fraction = 0
    if take(UInt8(ascii: ":")) {
      guard let value = number(upTo: 2) else { return nil }
      minute = value
      if take(UInt8(ascii: ":")) {
        guard let value = number(upTo: 2) else { return nil }
        second = value
      }
    } else if digitsAhead() >= 2 {
      minute = number(2) ?? 0
      if digitsAhead() >= 2 { second = number(2) ?? 0 }
    }
    if take(UInt8(ascii: ".")) || take(UInt8(ascii: ",")) {
      guard let value = readFraction() else { return nil }
      fraction = value
    }
    return (hour, minute, second, fraction)
  }

  /// Microseconds; digits past the sixth are cut.
  private mutating func readFraction() -> Int? {
    var value = 0
    var count = 0
    while index < bytes.count, UTF8Text.isDigit(bytes[index]) {
      if count < 6 { value = value * 10 + Int(bytes[index] - 0x30) }
      count += 1
      index += 1
    }
    guard count > 0 else { return nil }
    for _ in min(count, 6)..<6 { value *= 10 }
    return value
  }

  /// 0 without a zone; `nil` if something else follows.
  private mutating func readZone() -> Int? {
    while take(0x20) {}
    guard index < bytes.count else { return 0 }
    return FeedDateParser.zoneSeconds(String(decoding: bytes[index...], as: UTF8.self))
  }

  // MARK: Bytes

  private func digitsAhead() -> Int { bytes[index...].prefix { UTF8Text.isDigit($0) }.count }

  private mutating func number(_ digits: Int) -> Int? {
    guard digitsAhead() >= digits else { return nil }
    defer { index += digits }
    return bytes[index..<index + digits].reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }

  private mutating func number(upTo digits: Int) -> Int? {
    let count = min(digitsAhead(), digits)
    return count > 0 ? number(count) : nil
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard index < bytes.count, bytes[index] == byte else { return false }
    index += 1
    return true
  }

  private mutating func takeSeparator() -> Bool { take(UInt8(ascii: "-")) || take(UInt8(ascii: "/")) }
}
