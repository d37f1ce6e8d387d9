import JSON

/// The member `defaults` of a ranking method: what fields and variables that are missing count as, nested as they are
/// (feeds K1, K5).
struct RankingDefaults: Hashable, Sendable {
  /// A list or an object stands where a value is wanted.
  struct NotAValue: Error {}

  let root: JSONValue

  /// The default under a path; `nil` if there is none.
  func reading(_ path: [String]) throws(NotAValue) -> RankingVariable.Reading? {
    var value = root
    for name in path {
      guard let member = value[name] else { return nil }
      value = member
    }
    guard let reading = RankingVariable.Reading(value) else { throw NotAValue() }
    return reading.value == .missing ? nil : reading
  }
}

extension RankingVariable.Reading {
  /// A JSON value as expressions see it; `nil` for lists and objects.
  init?(_ json: JSONValue) {
    switch json {
    case .null: self = .missing
    case .boolean(let value): self.init(value: .boolean(value), json: json.encoded())
    case .number(let text):
      guard let value = Double(text), value.isFinite else { return nil }
      self.init(value: .number(value), json: json.encoded())
    case .string(let text): self.init(value: .text(text), json: json.encoded())
    case .array, .object: return nil
    }
  }
}
