import Model

/// What a part of a ranking expression is worth for one activity.
enum RankingValue: Hashable, Sendable {
  case number(Double)
  /// Unix seconds that came from a time: decay functions have other defaults for it (feeds K6).
  case time(Double)
  case text(String)
  /// A list or an object, which nothing takes.
  case structure
  case missing

  /// The number that a text is, in JSON's or a common notation; `nil` for other texts (feeds K5).
  static func number(of text: String) -> Double? {
    guard !text.isEmpty, text.utf8.count <= 64 else { return nil }
    let isPlain = text.utf8.allSatisfy {
      switch $0 {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"),
        UInt8(ascii: "e"), UInt8(ascii: "E"):
        true
      default: false
      }
    }
    guard isPlain, let value = Double(text), value.isFinite else { return nil }
    return value
  }

  static func seconds(_ time: ActivityTime) -> Double { Double(time.microseconds) / 1e6 }

  static func boolean(_ value: Bool) -> RankingValue { .number(value ? 1 : 0) }
}
