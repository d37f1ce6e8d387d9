extension FormatEvaluator {
  // MARK: Comparison

  mutating func compare(
    _ comparison: FormatComparison, _ a: FormatValue, _ b: FormatValue
  ) throws(FormatRunError) -> Bool {
    try charge(a.size + b.size)
    switch comparison {
    case .equal: return a.equals(b)
    case .unequal: return !a.equals(b)
    case .isIn: return try contains(b, a)
    case .isNotIn: return !(try contains(b, a))
    case .less, .lessOrEqual, .greater, .greaterOrEqual:
      // What is not there is neither less nor greater (J6).
      if a.isUndefined || b.isUndefined { return false }
      guard let order = Self.order(a, b) else { throw FormatRunError("these two have no order") }
      return switch comparison {
      case .less: order < 0
      case .lessOrEqual: order <= 0
      case .greater: order > 0
      default: order >= 0
      }
    }
  }

  /// -1, 0 or 1; `nil` for values of kinds that have no order.
  static func order(_ a: FormatValue, _ b: FormatValue) -> Int? {
    func sign<Value: Comparable>(_ a: Value, _ b: Value) -> Int { a < b ? -1 : a > b ? 1 : 0 }
    switch (a, b) {
    case (.string(let a), .string(let b)):
      return a.utf8.elementsEqual(b.utf8) ? 0 : a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
    case (.time(let a), .time(let b)): return sign(a, b)
    default:
      if let a = a.wholeNumber, let b = b.wholeNumber { return sign(a, b) }
      guard let a = a.number, let b = b.number else { return nil }
      return sign(a, b)
    }
  }

  /// `in`: an element of a list, a name in an object, a part of a string.
  private mutating func contains(_ whole: FormatValue, _ part: FormatValue) throws(FormatRunError) -> Bool {
    switch (whole, part) {
    case (.list(let elements), _): return elements.contains { $0.equals(part) }
    case (.object(let members), .string(let name)): return members.contains { $0.name == name }
    case (.string(let text), .string(let part)): return Self.position(of: part, in: text) != nil
    case (.undefined, _): return false
    default: throw FormatRunError("\"in\" looks into lists, objects and strings")
    }
  }

  /// Where `part` begins in `text`, as an offset into its UTF-8.
  static func position(of part: String, in text: String, from start: Int = 0) -> Int? {
    let bytes = Array(text.utf8)
    let wanted = Array(part.utf8)
    guard bytes.count - start >= wanted.count else { return nil }
    return (start...(bytes.count - wanted.count)).first { bytes[$0..<($0 + wanted.count)].elementsEqual(wanted) }
  }

  // MARK: Arithmetic

  mutating func arithmetic(
    _ operation: FormatArithmetic, _ a: FormatValue, _ b: FormatValue
  ) throws(FormatRunError) -> FormatValue {
    if operation == .concatenate {
      let text = a.text + b.text
      try charge(text.utf8.count / 64)
      return try bounded(text)
    }
    switch (operation, a, b) {
    case (.add, .string(let a), .string(let b)):
      try charge((a.utf8.count + b.utf8.count) / 64)
      return try bounded(a + b)
    case (.add, .list(let a), .list(let b)):
      try charge(a.count + b.count)
      return .list(a + b)
    default: break
    }
    if let a = a.wholeNumber, let b = b.wholeNumber, operation != .divide { return try whole(operation, a, b) }
    guard let a = a.number, let b = b.number else { throw FormatRunError("only numbers can be reckoned with") }
    if b == 0, operation == .divide || operation == .divideWhole || operation == .remainder {
      throw FormatRunError("a division by zero")
    }
    return switch operation {
    case .add: .real(a + b)
    case .subtract: .real(a - b)
    case .multiply: .real(a * b)
    case .divide: .real(a / b)
    case .divideWhole: .real((a / b).rounded(.down))
    case .remainder: .real(a - b * (a / b).rounded(.down))
    case .concatenate: .undefined
    }
  }

  /// Integers stay integers; division rounds down, and a remainder has the sign of the divisor, as in Python.
  private func whole(
    _ operation: FormatArithmetic, _ a: Int64, _ b: Int64
  ) throws(FormatRunError) -> FormatValue {
    let result: (partialValue: Int64, overflow: Bool)
    switch operation {
    case .add: result = a.addingReportingOverflow(b)
    case .subtract: result = a.subtractingReportingOverflow(b)
    case .multiply: result = a.multipliedReportingOverflow(by: b)
    default:
      guard b != 0 else { throw FormatRunError("a division by zero") }
      let quotient = a.dividedReportingOverflow(by: b)
      if quotient.overflow { throw FormatRunError("a number is too large") }
      let remainder = a % b
      let isOff = remainder != 0 && (remainder < 0) != (b < 0)
      if operation == .divideWhole { return .integer(isOff ? quotient.partialValue - 1 : quotient.partialValue) }
      return .integer(isOff ? remainder + b : remainder)
    }
    if result.overflow { throw FormatRunError("a number is too large") }
    return .integer(result.partialValue)
  }
}
