/// A moment in the form of HTTP's `Date`: `Sat, 21 Nov 2026 10:00:00 GMT` (RFC 9110, section 5.6.7).
struct HTTPDate: Hashable, Sendable {
  let secondsSince1970: Int64

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// `nil` for any other form, and for days and times there are not.
  init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 6, words[0].count == 4, words[0].last == ",", words[5] == "GMT" || words[5] == "UTC",
      let day = Self.number(words[1], 1...31), let month = Self.months.firstIndex(of: String(words[2])),
      words[3].count == 4, let year = Self.number(words[3], 1_970...9_999)
    else { return nil }
    let clock = words[4].split(separator: ":", omittingEmptySubsequences: false)
    guard clock.count == 3, let hour = Self.number(clock[0], 0...23), let minute = Self.number(clock[1], 0...59),
      let second = Self.number(clock[2], 0...60)
    else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard day <= days[month] else { return nil }
    // Leap years before this one, since year 1.
    func leaps(_ year: Int) -> Int { year / 4 - year / 100 + year / 400 }
    let before = (year - 1_970) * 365 + leaps(year - 1) - leaps(1_969) + days[..<month].reduce(0, +)
    secondsSince1970 = Int64(((before + day - 1) * 24 + hour) * 3_600 + minute * 60 + second)
  }

  private static func number(_ text: Substring, _ range: ClosedRange<Int>) -> Int? {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), text.count <= 4, let number = Int(text) else {
      return nil
    }
    return range.contains(number) ? number : nil
  }
}
