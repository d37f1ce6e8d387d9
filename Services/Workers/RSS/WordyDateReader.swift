/// Reads dates that name their month: RFC 822 / 2822 (`Thu, 01 Jan 2004 19:48:21 GMT`) and what is made of it: no or a
/// wrong weekday, two-digit years, full month names, no seconds, `am`/`pm`, day and month swapped, `01-Jan-2004`, asctime.
enum WordyDateReader {
  static func read(_ text: String) -> Int64? {
    var month: Int?
    var numbers: [(value: Int, digits: Int)] = []
    var time: (hour: Int, minute: Int, second: Int, fraction: Int)?
    var zone: Int?
    var isAfternoon: Bool?
    for word in words(text) {
      let lower = word.lowercased()
      if word.contains(":"), let first = word.utf8.first, UTF8Text.isDigit(first) {
        guard time == nil, let read = clock(word) else { return nil }
        time = (read.hour, read.minute, read.second, read.fraction)
        if let read = read.zone { zone = read }
      } else if let value = Int(word), word.utf8.allSatisfy(UTF8Text.isDigit) {
        numbers.append((value, word.utf8.count))
      } else if let suffix = ordinal(lower) {
        numbers.append((suffix, 2))
      } else if lower == "am" || lower == "pm" {
        isAfternoon = lower == "pm"
      } else if month == nil, let named = months.firstIndex(where: { lower.hasPrefix($0) }), isMonth(lower) {
        month = named + 1
      } else if time != nil, zone == nil, let seconds = FeedDateParser.zoneSeconds(word) {
        zone = seconds
      } else if time != nil, word.first == "(" {
        continue
      } else if !isWeekday(lower) {
        return nil
      }
    }
    guard let month, let (year, day) = yearAndDay(numbers) else { return nil }
    var hour = time?.hour ?? 0
    if let isAfternoon {
      guard (1...12).contains(hour) else { return nil }
      hour = hour % 12 + (isAfternoon ? 12 : 0)
    }
    return FeedDateParser.microseconds(
      year: year, month: month, day: day, hour: hour, minute: time?.minute ?? 0, second: time?.second ?? 0,
      fraction: time?.fraction ?? 0, zoneSeconds: zone ?? 0)
  }

  private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
  private static let monthNames = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
  ]
  private static let weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
  private static let weekdayNames = [
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "thur", "thurs", "tues", "wednes",
  ]

  private static func isMonth(_ word: String) -> Bool {
    let bare = word.hasSuffix(".") ? String(word.dropLast()) : word
    return bare.count == 3 || bare == "sept" || monthNames.contains(bare)
  }

  private static func isWeekday(_ word: String) -> Bool {
    let bare = word.hasSuffix(".") ? String(word.dropLast()) : word
    return weekdays.contains(bare) || weekdayNames.contains(bare)
  }

  /// Split at spaces and commas, and at the hyphens and slashes of `01-Jan-2004`, which are no sign of a zone.
  private static func words(_ text: String) -> [String] {
    text.split { $0 == " " || $0 == "," }.flatMap { word -> [String] in
      let hasLetter = word.utf8.contains(where: UTF8Text.isLetter)
      let startsWithDigit = word.utf8.first.map(UTF8Text.isDigit) ?? false
      guard hasLetter, startsWithDigit, !word.contains(":") else { return [String(word)] }
      return word.split { $0 == "-" || $0 == "/" }.map(String.init)
    }
  }

  private static func ordinal(_ word: String) -> Int? {
    for suffix in ["st", "nd", "rd", "th"] where word.hasSuffix(suffix) { return Int(word.dropLast(2)) }
    return nil
  }

  /// The year is the number of four digits, or the later of two; RFC 2822 §4.3 for years of two and three digits.
  private static func yearAndDay(_ numbers: [(value: Int, digits: Int)]) -> (year: Int, day: Int)? {
    guard numbers.count == 2 else { return nil }
    let yearPlace = numbers[0].digits >= 3 ? 0 : 1
    let year = numbers[yearPlace]
    let day = numbers[1 - yearPlace]
    guard day.digits <= 2 else { return nil }
    switch year.digits {
    case 4: return (year.value, day.value)
    case 3: return (1900 + year.value, day.value)
    case 2: return (year.value + (year.value < 50 ? 2_000 : 1_900), day.value)
    default: return nil
    }
  }

  /// `hh:mm`, `hh:mm:ss`, `hh:mm:ss.fff`, a zone or `am`/`pm` attached or not.
  private static func clock(_ word: String) -> (hour: Int, minute: Int, second: Int, fraction: Int, zone: Int?)? {
    let end = word.firstIndex { !($0.isNumber || $0 == ":" || $0 == ".") } ?? word.endIndex
    var zone: Int?
    if end != word.endIndex {
      zone = FeedDateParser.zoneSeconds(word[end...])
      guard zone != nil else { return nil }
    }
    let parts = word[..<end].split(separator: ":", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), let hour = Int(parts[0]), let minute = Int(parts[1]) else { return nil }
    guard parts.count == 3 else { return (hour, minute, 0, 0, zone) }
    let seconds = parts[2].split(separator: ".", maxSplits: 1)
    guard let first = seconds.first, let second = Int(first) else { return nil }
    var fraction = 0
    if seconds.count == 2 {
      let digits = (seconds[1] + "000000").prefix(6)
      guard let value = Int(digits) else { return nil }
      fraction = value
    }
    return (hour, minute, second, fraction, zone)
  }
}
