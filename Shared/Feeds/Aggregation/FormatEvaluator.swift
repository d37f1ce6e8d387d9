import JSON
import Model

/// Runs a compiled format over one activity, within bounds (feeds J3, J8).
struct FormatEvaluator {
  private let subject: AggregationSubject
  private let feed: FeedID
  private var variables: [String: FormatValue] = [:]
  private var steps = 0
  private var out = ""

  init(_ subject: AggregationSubject, feed: FeedID) {
    self.subject = subject
    self.feed = feed
  }

  mutating func run(_ statements: [FormatStatement]) throws(FormatRunError) -> String {
    try run(body: statements)
    return out
  }

  private mutating func run(body: [FormatStatement]) throws(FormatRunError) {
    for statement in body {
      try charge(1)
      switch statement {
      case .text(let text): out += text
      case .print(let expression): try value(expression).print(to: &out)
      case .set(let name, let expression): variables[name] = try value(expression)
      case .choice(let branches):
        for branch in branches {
          if let condition = branch.condition, !(try value(condition).isTrue) { continue }
          try run(body: branch.body)
          break
        }
      }
      // White space around the key does not count, but what is printed must stay bounded.
      guard out.utf8.count <= AggregationFormat.valueBytesMax else { throw FormatRunError("the key is too long") }
    }
  }

  /// Counts work: a step for each node, and more for long values.
  mutating func charge(_ cost: Int) throws(FormatRunError) {
    steps += cost
    guard steps <= AggregationFormat.stepsMax else {
      throw FormatRunError("the format takes more than \(AggregationFormat.stepsMax) steps")
    }
  }

  /// A text that a format makes, if it is not too long to be kept.
  func bounded(_ text: String) throws(FormatRunError) -> FormatValue {
    guard text.utf8.count <= AggregationFormat.valueBytesMax else {
      throw FormatRunError("a value is longer than \(AggregationFormat.valueBytesMax) bytes")
    }
    return .string(text)
  }

  mutating func value(_ expression: FormatExpression) throws(FormatRunError) -> FormatValue {
    try charge(1)
    switch expression {
    case .value(let value): return value
    case .name(let name): return try variable(name)
    case .list(let items): return .list(try values(items))
    case .or(let a, let b):
      let left = try value(a)
      return left.isTrue ? left : try value(b)
    case .and(let a, let b):
      let left = try value(a)
      return left.isTrue ? try value(b) : left
    case .not(let operand): return .boolean(!(try value(operand).isTrue))
    case .compare(let comparison, let a, let b): return .boolean(try compare(comparison, try value(a), try value(b)))
    case .isDefined(let operand, let wanted): return .boolean(try value(operand).isUndefined != wanted)
    case .arithmetic(let operation, let a, let b): return try arithmetic(operation, try value(a), try value(b))
    case .negative(let operand): return try arithmetic(.subtract, .integer(0), try value(operand))
    case .filter(let filter, let operand, let arguments):
      return try apply(filter, to: try value(operand), try values(arguments))
    case .member(let operand, let name): return try member(of: operand, name)
    case .index(let operand, let index): return try element(of: try value(operand), try value(index))
    case .call(let operand, let name, let arguments):
      return try call(name, on: try value(operand), try values(arguments))
    case .wrongCall: throw FormatRunError("only methods can be called")
    case .choice(let then, let condition, let otherwise):
      return try value(condition).isTrue ? try value(then) : try value(otherwise)
    }
  }

  private mutating func values(_ expressions: [FormatExpression]) throws(FormatRunError) -> [FormatValue] {
    var out: [FormatValue] = []
    for expression in expressions { out.append(try value(expression)) }
    return out
  }

  // MARK: Variables

  /// What a name stands for (J3): a variable that was set, a part of the activity, the feed, or a custom field.
  private mutating func variable(_ name: String) throws(FormatRunError) -> FormatValue {
    if let value = variables[name] { return value }
    switch name {
    case "time": return .time(subject.time)
    case "feed":
      return .object([
        .init(name: "group", value: .string(feed.group)), .init(name: "user_id", value: .string(feed.id)),
        .init(name: "id", value: .string(feed.description)),
      ])
    default:
      let value = subject.value(name)
      try charge(value.size)
      return value
    }
  }

  private mutating func member(
    of operand: FormatExpression, _ name: String
  ) throws(FormatRunError) -> FormatValue {
    // An older spelling of `verb` (J3).
    if case .name("verb") = operand, variables["verb"] == nil, name == "infinitive" || name == "id" {
      return try variable("verb")
    }
    return try member(of: try value(operand), name)
  }

  func member(of value: FormatValue, _ name: String) throws(FormatRunError) -> FormatValue {
    switch value {
    case .object(let members): members.first { $0.name == name }?.value ?? .undefined
    case .time(let time): Self.part(name, of: time) ?? .undefined
    case .list: Int(name).map { Self.element($0, of: value) } ?? .undefined
    default: .undefined
    }
  }

  private static func part(_ name: String, of time: ActivityTime) -> FormatValue? {
    let calendar = time.calendar
    return switch name {
    case "year": .integer(Int64(calendar.year))
    case "month": .integer(Int64(calendar.month))
    case "day": .integer(Int64(calendar.day))
    case "hour": .integer(Int64(calendar.hour))
    case "minute": .integer(Int64(calendar.minute))
    case "second": .integer(Int64(calendar.second))
    case "microsecond": .integer(Int64(calendar.microsecond))
    default: nil
    }
  }

  private func element(of value: FormatValue, _ index: FormatValue) throws(FormatRunError) -> FormatValue {
    if case .string(let name) = index { return try member(of: value, name) }
    guard let position = index.wholeNumber.flatMap({ Int(exactly: $0) }) else { return .undefined }
    return Self.element(position, of: value)
  }

  /// An element of a list, or a character of a string; negative positions count from the end.
  private static func element(_ position: Int, of value: FormatValue) -> FormatValue {
    switch value {
    case .list(let elements):
      let index = position < 0 ? elements.count + position : position
      return elements.indices.contains(index) ? elements[index] : .undefined
    case .string(let text):
      let scalars = text.unicodeScalars
      let index = position < 0 ? scalars.count + position : position
      guard index >= 0, index < scalars.count else { return .undefined }
      return .string(String(scalars[scalars.index(scalars.startIndex, offsetBy: index)]))
    default: return .undefined
    }
  }
}
