import Glibc

/// The `Date` field's value (RFC 9110 §5.6.7), made anew once a second. Bound to one loop.
struct HTTPDateCache {
  private var second: time_t = -1
  private var text: [UInt8] = []

  /// The line `Date: …` with its line end.
  mutating func line() -> [UInt8] {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME_COARSE, &time)
    if time.tv_sec != second {
      second = time.tv_sec
      text = Array("Date: \(httpDate(second))\r\n".utf8)
    }
    return text
  }
}

/// Unix seconds as `Sun, 06 Nov 1994 08:49:37 GMT`.
public func httpDate(_ unixSeconds: Int) -> String {
  var seconds = time_t(unixSeconds)
  var parts = tm()
  gmtime_r(&seconds, &parts)
  let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
  func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
  return "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900) "
    + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
}
