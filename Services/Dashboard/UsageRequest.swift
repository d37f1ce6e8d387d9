import Feeds
import Model
import ServiceKit

/// What `dashboard-api usage` is asked for (insight D52).
struct UsageRequest: Sendable {
  enum Interval: String, Sendable { case day, month }

  /// Days that one call may ask for.
  static let daysMax: UInt32 = 800

  let app: AppID
  let from: UsageDay
  let to: UsageDay
  let interval: Interval
  let json: Bool

  /// Without `--from` and `--to`: this month so far.
  init(_ arguments: [String], today: UsageDay) throws(CommandOptions.Misuse) {
    let options = try CommandOptions(arguments, values: ["app", "from", "to", "interval", "output"], flags: [])
    guard options.words.isEmpty else {
      throw CommandOptions.Misuse(description: "write usage --app ID; there is no word \(options.words[0]) here")
    }
    guard let app = UInt32(exactly: try options.required("app")) else {
      throw CommandOptions.Misuse(description: "--app must be the number of an app")
    }
    func day(_ name: String) throws(CommandOptions.Misuse) -> UsageDay? {
      guard let text = options.values[name] else { return nil }
      guard text.utf8.count == 10, let time = ActivityTime(text) else {
        throw CommandOptions.Misuse(description: "--\(name) must be a day such as 2026-11-21")
      }
      return UsageDay(time)
    }
    let to = try day("to") ?? today
    var first = to
    while first.number > 0, UsageDay(number: first.number - 1).month == to.month { first.number -= 1 }
    let from = try day("from") ?? first
    guard from <= to, to.number - from.number < Self.daysMax else {
      throw CommandOptions.Misuse(description: "--from must not be after --to, nor \(Self.daysMax) days before it")
    }
    guard let interval = Interval(rawValue: options.values["interval"] ?? "day") else {
      throw CommandOptions.Misuse(description: "--interval must be day or month")
    }
    self.app = AppID(app)
    self.from = from
    self.to = to
    self.interval = interval
    json = try options.wantsJSON()
  }
}
