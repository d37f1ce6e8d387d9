import Glibc
import Model

/// Runs a program for one activity.
struct RankingMachine {
  /// What went wrong, and at which instruction.
  struct Failure: Error {
    var instruction: Int
    var message: String
  }

  private let program: RankingProgram
  private let now: Double
  private let seed: UInt64
  private var stack: [RankingValue] = []

  /// - Parameter now: Unix seconds, one instant for the whole request.
  init(_ program: RankingProgram, now: Double, seed: UInt64) {
    self.program = program
    self.now = now
    self.seed = seed
    stack.reserveCapacity(32)
  }

  /// The summands of the score, subtracted ones with their sign.
  mutating func run(_ variables: [RankingValue], _ activity: ActivityID) throws(Failure) -> [Double] {
    var shares: [Double] = []
    shares.reserveCapacity(program.terms.count)
    for term in program.terms {
      stack.removeAll(keepingCapacity: true)
      var next = term.code.lowerBound
      while next < term.code.upperBound { next = try step(next, variables, activity) }
      let value = try number(pop(), term.code.lowerBound)
      guard value.isFinite else { throw Failure(instruction: term.code.lowerBound, message: "the score is not finite") }
      shares.append(term.isSubtracted ? -value : value)
    }
    return shares
  }

  private mutating func pop() -> RankingValue {
    guard let value = stack.popLast() else { preconditionFailure("a compiled expression took more than it gave") }
    return value
  }

  private mutating func push(_ value: Double, _ at: Int, _ message: @autoclosure () -> String) throws(Failure) {
    guard value.isFinite else { throw Failure(instruction: at, message: message()) }
    stack.append(.number(value))
  }

  /// Runs one instruction and gives the place of the next.
  private mutating func step(
    _ at: Int, _ variables: [RankingValue], _ activity: ActivityID
  ) throws(Failure) -> Int {
    switch program.instructions[at] {
    case .number(let value): stack.append(.number(value))
    case .text(let text): stack.append(.text(text))
    case .now: stack.append(.time(now))
    case .variable(let index): stack.append(try value(variables[index], index, at))
    case .negate: stack.append(.number(-(try number(pop(), at))))
    case .not: stack.append(.boolean(try number(pop(), at) == 0))
    case .truth: stack.append(.boolean(try number(pop(), at) != 0))
    case .binary(let mark):
      let right = pop()
      let left = pop()
      try binary(mark, left, right, at)
    case .jump(let goal): return goal
    case .jumpIfFalse(let goal): if try number(pop(), at) == 0 { return goal }
    case .falseOrGoOn(let goal):
      if try number(pop(), at) == 0 {
        stack.append(.number(0))
        return goal
      }
    case .trueOrGoOn(let goal):
      if try number(pop(), at) != 0 {
        stack.append(.number(1))
        return goal
      }
    case .call(let function, let arguments): try call(function, arguments, at)
    case .decay(let decay): try self.decay(decay, at)
    case .random(let function, let arguments, let site): try random(function, arguments, site, activity, at)
    }
    return at + 1
  }

  // MARK: Values

  private func value(_ value: RankingValue, _ index: Int, _ at: Int) throws(Failure) -> RankingValue {
    let name = program.variables[index].path.joined(separator: ".")
    switch value {
    case .missing:
      throw Failure(instruction: at, message: "\(name) is missing and has no default: add one under \"defaults\"")
    case .structure: throw Failure(instruction: at, message: "\(name) is a list or an object, which has no number")
    case .number, .time, .text: return value
    }
  }

  private func number(_ value: RankingValue, _ at: Int) throws(Failure) -> Double {
    switch value {
    case .number(let number), .time(let number): return number
    case .text(let text):
      guard let number = RankingValue.number(of: text) else {
        throw Failure(instruction: at, message: "the text \"\(text.prefix(40))\" is no number")
      }
      return number
    case .structure, .missing: throw Failure(instruction: at, message: "a value is missing")
    }
  }

  /// A number or time; texts that are date-times count as times here.
  private func moment(_ value: RankingValue, _ at: Int) throws(Failure) -> (seconds: Double, isTime: Bool) {
    switch value {
    case .time(let seconds): return (seconds, true)
    case .text(let text):
      if RankingValue.number(of: text) == nil, let time = ActivityTime(text) {
        return (RankingValue.seconds(time), true)
      }
    default: break
    }
    return (try number(value, at), false)
  }

  // MARK: Operators

  private mutating func binary(
    _ mark: RankingOperator, _ left: RankingValue, _ right: RankingValue, _ at: Int
  ) throws(Failure) {
    switch mark {
    case .equal: return stack.append(.boolean(try equal(left, right, at)))
    case .notEqual: return stack.append(.boolean(!(try equal(left, right, at))))
    default: break
    }
    let x = try number(left, at)
    let y = try number(right, at)
    switch mark {
    case .add, .subtract: try sum(mark, left, right, x, y, at)
    case .multiply: try push(x * y, at, "the product is too great")
    case .divide:
      if y == 0 { throw Failure(instruction: at, message: "division by zero") }
      try push(x / y, at, "the quotient is too great")
    case .remainder:
      if y == 0 { throw Failure(instruction: at, message: "division by zero") }
      try push(x.truncatingRemainder(dividingBy: y), at, "the remainder is no number")
    case .power: try push(pow(x, y), at, "\(x) ^ \(y) is no finite number")
    case .less: stack.append(.boolean(x < y))
    case .lessOrEqual: stack.append(.boolean(x <= y))
    case .greater: stack.append(.boolean(x > y))
    case .greaterOrEqual: stack.append(.boolean(x >= y))
    case .equal, .notEqual: break
    }
  }

  /// A time and a number make a time; two times, a number of seconds.
  private mutating func sum(
    _ mark: RankingOperator, _ left: RankingValue, _ right: RankingValue, _ x: Double, _ y: Double, _ at: Int
  ) throws(Failure) {
    let value = mark == .add ? x + y : x - y
    guard value.isFinite else { throw Failure(instruction: at, message: "the sum is too great") }
    switch (left, right) {
    case (.time, .time): stack.append(.number(value))
    case (.time, _): stack.append(.time(value))
    case (_, .time) where mark == .add: stack.append(.time(value))
    default: stack.append(.number(value))
    }
  }

  /// Texts that are numbers compare as numbers; other texts by their characters (feeds K5).
  private func equal(_ left: RankingValue, _ right: RankingValue, _ at: Int) throws(Failure) -> Bool {
    func plain(_ value: RankingValue) -> Double? {
      switch value {
      case .number(let number), .time(let number): number
      case .text(let text): RankingValue.number(of: text)
      case .structure, .missing: nil
      }
    }
    switch (plain(left), plain(right)) {
    case (let x?, let y?): return x == y
    case (nil, nil): return left == right
    default: return false
    }
  }

  // MARK: Functions

  private mutating func call(_ function: RankingFunction, _ count: Int, _ at: Int) throws(Failure) {
    switch function {
    case .toUnixTimestamp: stack.append(.number(try moment(pop(), at).seconds))
    case .min, .max:
      var best = try number(pop(), at)
      for _ in 1..<count {
        let other = try number(pop(), at)
        best = function == .min ? Swift.min(best, other) : Swift.max(best, other)
      }
      stack.append(.number(best))
    case .dist:
      var unit = "K"
      if count == 5 {
        guard case .text(let text) = pop() else {
          throw Failure(instruction: at, message: "the unit of dist is 'K', 'M' or 'N'")
        }
        unit = text
      }
      let places = try numbers(4, at)
      guard let distance = RankingFunction.distance(places[0], places[1], places[2], places[3], unit: unit) else {
        throw Failure(instruction: at, message: "the unit of dist is 'K', 'M' or 'N'")
      }
      try push(distance, at, "this is no place on Earth")
    default:
      let x = try number(pop(), at)
      try push(function.of(x), at, "\(function.rawValue)(\(x)) is no finite number")
    }
  }

  /// The values on top, in the order written.
  private mutating func numbers(_ count: Int, _ at: Int) throws(Failure) -> [Double] {
    var values: [Double] = []
    for _ in 0..<count { values.append(try number(pop(), at)) }
    return values.reversed()
  }

  private mutating func decay(_ decay: RankingDecay, _ at: Int) throws(Failure) {
    let (x, isTime) = try moment(pop(), at)
    guard let value = decay.value(x, isTime: isTime, now: now) else {
      throw Failure(
        instruction: at,
        message: "\(decay.base.rawValue) of a number needs a scale: define a function with one under \"functions\"")
    }
    try push(value, at, "\(decay.base.rawValue)(\(x)) is no finite number")
  }

  private mutating func random(
    _ function: RankingFunction, _ count: Int, _ site: Int, _ activity: ActivityID, _ at: Int
  ) throws(Failure) {
    let bounds = try numbers(count, at)
    var generator = RankingRandom(seed: seed, activity.ticks, activity.low, UInt64(site))
    let value: Double =
      switch (function, bounds.count) {
      case (.rand, 0): generator.uniform()
      case (.rand, _): bounds[0] + (bounds[1] - bounds[0]) * generator.uniform()
      case (_, 0): generator.normal()
      default: generator.normal(bounds[0], bounds[1], deviation: bounds[2], mean: bounds[3])
      }
    try push(value, at, "the bounds of \(function.rawValue) are too far apart")
  }
}
