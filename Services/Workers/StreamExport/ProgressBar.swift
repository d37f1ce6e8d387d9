/// Says how far a long work has come: a bar that is written over on a terminal, else a line each tenth.
struct ProgressBar {
  private let total: Int
  private let isTerminal: Bool
  private let startedAt: UInt64
  private let before: Int
  private var shownAt: UInt64 = 0
  private var tenth = -1

  static let columns = 30
  static let intervalNanoseconds: UInt64 = 200_000_000

  /// `before`: what was done by an earlier run.
  init(total: Int, before: Int = 0, isTerminal: Bool, now: UInt64) {
    self.total = total
    self.before = before
    self.isTerminal = isTerminal
    startedAt = now
  }

  /// What is to be written now; `nil` when it is too soon. `now`: monotonic nanoseconds.
  mutating func show(_ done: Int, now: UInt64) -> String? {
    let isDone = done >= total
    if isTerminal {
      guard isDone || now >= shownAt + Self.intervalNanoseconds || shownAt == 0 else { return nil }
      shownAt = now
      return "\r\(text(done, now))\u{1B}[K\(isDone ? "\n" : "")"
    }
    let current = total == 0 ? 10 : done * 10 / total
    guard current > tenth else { return nil }
    tenth = current
    return text(done, now) + "\n"
  }

  private func text(_ done: Int, _ now: UInt64) -> String {
    let share = total == 0 ? 1 : Double(done) / Double(total)
    let full = Int(share * Double(Self.columns))
    let bar = String(repeating: "#", count: full) + String(repeating: "-", count: Self.columns - full)
    var text = "[\(bar)] \(Int(share * 100))% \(done)/\(total)"
    let seconds = Double(now - startedAt) / 1e9
    if seconds >= 1, done > before {
      let rate = Double(done - before) / seconds
      text += " \(Int(rate))/s"
      if done < total { text += " \(Self.clock(Int(Double(total - done) / rate))) left" }
    }
    return text
  }

  /// `1:05`, or `2:00:05`.
  static func clock(_ seconds: Int) -> String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60)
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(seconds % 60))" : "\(minutes):\(two(seconds % 60))"
  }
}
