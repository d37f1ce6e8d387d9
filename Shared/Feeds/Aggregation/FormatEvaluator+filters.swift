import Model

/// Filters and methods (feeds J4, J5), after Jinja's.
extension FormatEvaluator {
  mutating func apply(
    _ filter: FormatFilter, to value: FormatValue, _ arguments: [FormatValue]
  ) throws(FormatRunError) -> FormatValue {
    try charge(value.size)
    switch filter {
    case .lower: return try bounded(value.text.lowercased())
    case .upper: return try bounded(value.text.uppercased())
    case .capitalize: return try bounded(Self.capitalized(value.text))
    case .title: return try bounded(Self.titled(value.text))
    case .trim: return try bounded(Self.trimmed(value.text))
    case .string: return try bounded(value.text)
    case .length, .count: return .integer(Int64(try count(value)))
    case .default, .d:
      let fallback = arguments.first ?? .string("")
      return value.isUndefined || arguments.count > 1 && arguments[1].isTrue && !value.isTrue ? fallback : value
    case .replace: return try replaced(value.text, arguments)
    case .truncate: return try truncated(value.text, arguments)
    case .first: return try elements(value).first ?? .undefined
    case .last: return try elements(value).last ?? .undefined
    case .list: return .list(try elements(value))
    case .join:
      let items = try elements(value)
      return try bounded(items.map(\.text).joined(separator: arguments.first?.text ?? ""))
    case .sort: return .list(try sorted(try elements(value), descending: arguments.first?.isTrue ?? false))
    case .unique: return .list(try unique(try elements(value)))
    case .int: return Self.whole(value) ?? arguments.first ?? .integer(0)
    case .float: return Self.real(value) ?? arguments.first ?? .real(0)
    case .abs: return try absolute(value)
    case .round: return try rounded(value, arguments)
    }
  }

  /// Methods of strings and times.
  mutating func call(
    _ name: String, on value: FormatValue, _ arguments: [FormatValue]
  ) throws(FormatRunError) -> FormatValue {
    try charge(value.size)
    switch (value, name, arguments.count) {
    case (.time(let time), "strftime", 1): return try bounded(time.strftime(arguments[0].text))
    case (.time(let time), "isoformat", 0): return .string(time.description)
    case (.time(let time), "weekday", 0): return .integer(Int64(time.calendar.weekdayFromMonday))
    case (.time(let time), "isoweekday", 0): return .integer(Int64(time.calendar.weekdayFromMonday + 1))
    case (.string(let text), "lower", 0): return try bounded(text.lowercased())
    case (.string(let text), "upper", 0): return try bounded(text.uppercased())
    case (.string(let text), "startswith", 1):
      return .boolean(text.utf8.starts(with: arguments[0].text.utf8))
    case (.string(let text), "endswith", 1):
      return .boolean(text.utf8.reversed().starts(with: arguments[0].text.utf8.reversed()))
    case (.string(let text), "split", 0):
      return .list(text.split(whereSeparator: \.isWhitespace).map { .string(String($0)) })
    case (.string(let text), "split", 1): return try split(text, arguments[0].text)
    case (.string(let text), "replace", 2): return try replaced(text, arguments)
    // What is not there has no methods, and gives nothing (J6).
    case (.undefined, _, _): return .undefined
    default: throw FormatRunError("there is no method \(name) with \(arguments.count) arguments here")
    }
  }

  // MARK: Strings

  private static func capitalized(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst().lowercased()
  }

  /// Each word's first letter upper, the rest lower; words begin after white space and after `-({[<`.
  private static func titled(_ text: String) -> String {
    var out = ""
    var begins = true
    for character in text {
      out += begins ? character.uppercased() : character.lowercased()
      begins = character.isWhitespace || "-({[<".contains(character)
    }
    return out
  }

  static func trimmed(_ text: String) -> String {
    let scalars = text.unicodeScalars.drop { $0.properties.isWhitespace }
    guard let last = scalars.lastIndex(where: { !$0.properties.isWhitespace }) else { return "" }
    return String(scalars[...last])
  }

  private mutating func split(_ text: String, _ separator: String) throws(FormatRunError) -> FormatValue {
    guard !separator.isEmpty else { throw FormatRunError("split needs a separator") }
    let bytes = Array(text.utf8)
    var parts: [FormatValue] = []
    var start = 0
    while let found = Self.position(of: separator, in: text, from: start) {
      try charge(1 + text.utf8.count / 64)
      parts.append(.string(String(decoding: bytes[start..<found], as: UTF8.self)))
      start = found + separator.utf8.count
    }
    parts.append(.string(String(decoding: bytes[start...], as: UTF8.self)))
    return .list(parts)
  }

  private mutating func replaced(
    _ text: String, _ arguments: [FormatValue]
  ) throws(FormatRunError) -> FormatValue {
    guard arguments.count >= 2 else { throw FormatRunError("replace needs what to replace and by what") }
    let old = arguments[0].text
    if old.isEmpty { return .string(text) }
    guard case .list(let parts) = try split(text, old) else { return .string(text) }
    let new = arguments[1].text
    guard text.utf8.count + (parts.count - 1) * new.utf8.count <= 2 * AggregationFormat.valueBytesMax else {
      throw FormatRunError("a value is longer than \(AggregationFormat.valueBytesMax) bytes")
    }
    return try bounded(parts.map(\.text).joined(separator: new))
  }

  /// Cut to `n` characters with an ellipsis, at a word's end unless told otherwise; up to five more are let be.
  private func truncated(_ text: String, _ arguments: [FormatValue]) throws(FormatRunError) -> FormatValue {
    let length = Int(clamping: arguments.first?.wholeNumber ?? 255)
    let end = arguments.count > 2 ? arguments[2].text : "..."
    let leeway = arguments.count > 3 ? Int(clamping: arguments[3].wholeNumber ?? 5) : 5
    guard length >= end.count else { throw FormatRunError("truncate needs a length of at least \(end.count)") }
    if text.count - length <= leeway { return .string(text) }
    var kept = text.prefix(length - end.count)
    if !(arguments.count > 1 && arguments[1].isTrue), let space = kept.lastIndex(of: " ") { kept = kept[..<space] }
    return try bounded(kept + end)
  }

  // MARK: Lists

  private func count(_ value: FormatValue) throws(FormatRunError) -> Int {
    switch value {
    case .string(let text): return text.unicodeScalars.count
    case .list(let elements): return elements.count
    case .object(let members): return members.count
    case .undefined: return 0
    default: throw FormatRunError("this has no length")
    }
  }

  /// The elements of a list, the names of an object, the characters of a string.
  private mutating func elements(_ value: FormatValue) throws(FormatRunError) -> [FormatValue] {
    switch value {
    case .list(let elements): return elements
    case .object(let members): return members.map { .string($0.name) }
    case .string(let text):
      try charge(text.unicodeScalars.count)
      return text.unicodeScalars.map { .string(String($0)) }
    case .undefined: return []
    default: throw FormatRunError("this is no list")
    }
  }

  /// Case does not count, as in Jinja.
  private static func folded(_ value: FormatValue) -> FormatValue {
    if case .string(let text) = value { .string(text.lowercased()) } else { value }
  }

  private mutating func sorted(
    _ elements: [FormatValue], descending: Bool
  ) throws(FormatRunError) -> [FormatValue] {
    try charge(elements.count * max(1, elements.count.bitWidth - elements.count.leadingZeroBitCount))
    let keyed = elements.map { (key: Self.folded($0), value: $0) }
    for (a, b) in zip(keyed, keyed.dropFirst()) where Self.order(a.key, b.key) == nil {
      throw FormatRunError("these have no order")
    }
    // Stable either way: equal ones keep their places.
    let order = keyed.enumerated().sorted { a, b in
      let sign = Self.order(a.element.key, b.element.key) ?? 0
      return sign == 0 ? a.offset < b.offset : descending ? sign > 0 : sign < 0
    }
    return order.map(\.element.value)
  }

  private mutating func unique(_ elements: [FormatValue]) throws(FormatRunError) -> [FormatValue] {
    var keys: [FormatValue] = []
    var out: [FormatValue] = []
    for element in elements {
      try charge(1 + keys.count)
      let key = Self.folded(element)
      if keys.contains(where: { $0.equals(key) }) { continue }
      keys.append(key)
      out.append(element)
    }
    return out
  }

  // MARK: Numbers

  private static func whole(_ value: FormatValue) -> FormatValue? {
    switch value {
    case .integer, .bigInteger: return value
    case .boolean(let isTrue): return .integer(isTrue ? 1 : 0)
    case .real(let number): return Int64(exactly: number.rounded(.towardZero)).map { .integer($0) }
    case .string(let text):
      let text = trimmed(text)
      if let number = Int64(text) { return .integer(number) }
      return Double(text).flatMap { Int64(exactly: $0.rounded(.towardZero)) }.map { .integer($0) }
    default: return nil
    }
  }

  private static func real(_ value: FormatValue) -> FormatValue? {
    if case .string(let text) = value { return Double(trimmed(text)).map { .real($0) } }
    return value.number.map { .real($0) }
  }

  private func absolute(_ value: FormatValue) throws(FormatRunError) -> FormatValue {
    if let whole = value.wholeNumber {
      guard whole != .min else { throw FormatRunError("a number is too large") }
      return .integer(Swift.abs(whole))
    }
    guard let number = value.number else { throw FormatRunError("only numbers can be reckoned with") }
    return .real(Swift.abs(number))
  }

  /// To so many digits, halves to the even neighbour, as in Python; integers stay as they are.
  private func rounded(_ value: FormatValue, _ arguments: [FormatValue]) throws(FormatRunError) -> FormatValue {
    if let whole = value.wholeNumber { return .integer(whole) }
    guard let number = value.number else { throw FormatRunError("only numbers can be reckoned with") }
    let digits = arguments.first?.wholeNumber ?? 0
    guard (0...15).contains(digits) else { throw FormatRunError("round takes 0 to 15 digits") }
    var power = 1.0
    for _ in 0..<digits { power *= 10 }
    let scaled = number * power
    return .real(scaled.isFinite ? scaled.rounded(.toNearestOrEven) / power : number)
  }
}
