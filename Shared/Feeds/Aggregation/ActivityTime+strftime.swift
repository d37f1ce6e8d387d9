import Model

extension ActivityTime {
  /// The time by a format of C's `strftime` in the C locale and UTC (feeds J4; ISO/IEC 9899, 7.29.3.5). What is no
  /// directive stays as it is.
  func strftime(_ format: String) -> String {
    var out = ""
    var isDirective = false
    let calendar = calendar
    for character in format.unicodeScalars {
      if isDirective {
        isDirective = false
        out += calendar.text(of: character) ?? "%\(character)"
      } else if character == "%" {
        isDirective = true
      } else {
        out.unicodeScalars.append(character)
      }
    }
    return isDirective ? out + "%" : out
  }
}

extension CalendarTime {
  private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]

  fileprivate func text(of directive: Unicode.Scalar) -> String? {
    switch directive {
    case "Y": Self.padded(year, 4)
    case "y": Self.padded(year % 100, 2)
    case "m": Self.padded(month, 2)
    case "d": Self.padded(day, 2)
    case "H": Self.padded(hour, 2)
    case "I": Self.padded(hour % 12 == 0 ? 12 : hour % 12, 2)
    case "p": hour < 12 ? "AM" : "PM"
    case "M": Self.padded(minute, 2)
    case "S": Self.padded(second, 2)
    case "f": Self.padded(microsecond, 6)
    case "j": Self.padded(dayOfYear, 3)
    case "U": Self.padded((dayOfYear + 6 - weekdayFromSunday) / 7, 2)
    case "W": Self.padded((dayOfYear + 6 - weekdayFromMonday) / 7, 2)
    case "V": Self.padded(isoWeek.week, 2)
    case "G": Self.padded(isoWeek.year, 4)
    case "u": "\(weekdayFromMonday + 1)"
    case "w": "\(weekdayFromSunday)"
    case "a": String(Self.days[weekdayFromSunday].prefix(3))
    case "A": Self.days[weekdayFromSunday]
    case "b": String(Self.months[month - 1].prefix(3))
    case "B": Self.months[month - 1]
    case "Z": "UTC"
    case "z": "+0000"
    case "%": "%"
    default: nil
    }
  }

  private static func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: Swift.max(0, width - digits.utf8.count)) + digits
  }
}
