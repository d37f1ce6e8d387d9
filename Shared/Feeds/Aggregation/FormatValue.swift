import Model

/// A value of the aggregation format (feeds J3, J6, J7).
enum FormatValue: Sendable {
  struct Member: Sendable {
    var name: String
    var value: FormatValue
  }

  case undefined
  case none
  case boolean(Bool)
  case integer(Int64)
  /// An integer of JSON that 64 bits do not hold: printed and compared as its text.
  case bigInteger(String)
  case real(Double)
  case string(String)
  case list([FormatValue])
  case object([Member])
  case time(ActivityTime)

  /// Truth as in Jinja (J7).
  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .boolean(let value): value
    case .integer(let value): value != 0
    case .bigInteger, .time: true
    case .real(let value): value != 0
    case .string(let text): !text.isEmpty
    case .list(let elements): !elements.isEmpty
    case .object(let members): !members.isEmpty
    }
  }

  var isUndefined: Bool { if case .undefined = self { true } else { false } }

  /// A number as a real; booleans count as 0 and 1, as in Python.
  var number: Double? {
    switch self {
    case .boolean(let value): value ? 1 : 0
    case .integer(let value): Double(value)
    case .bigInteger(let text): Double(text)
    case .real(let value): value
    default: nil
    }
  }

  /// A number that is an integer.
  var wholeNumber: Int64? {
    switch self {
    case .boolean(let value): value ? 1 : 0
    case .integer(let value): value
    default: nil
    }
  }

  /// `==`: numbers by value, everything else by kind and content; undefined equals undefined alone (J6).
  func equals(_ other: FormatValue) -> Bool {
    switch (self, other) {
    case (.undefined, .undefined), (.none, .none): true
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.bigInteger(let a), .bigInteger(let b)): a == b
    case (.time(let a), .time(let b)): a == b
    case (.list(let a), .list(let b)): a.count == b.count && zip(a, b).allSatisfy { $0.equals($1) }
    case (.object(let a), .object(let b)):
      a.count == b.count
        && a.allSatisfy { member in b.contains { $0.name == member.name && $0.value.equals(member.value) } }
    case (.undefined, _), (_, .undefined), (.none, _), (_, .none): false
    default:
      if let a = wholeNumber, let b = other.wholeNumber {
        a == b
      } else if let a = number, let b = other.number {
        a == b
      } else {
        false
      }
    }
  }

  /// What a list or an object holds, and this value costs to look at.
  var size: Int {
    switch self {
    case .string(let text): text.utf8.count / 64
    case .list(let elements): elements.count
    case .object(let members): members.count
    default: 0
    }
  }
}
