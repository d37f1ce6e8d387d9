import JSON
import Model

/// Reads a definition's members and notes all that is wrong with them (feeds K1, K6).
struct RankingDefinitionReader {
  struct Parts {
    var score: String
    var defaults: RankingDefaults
    /// By lower-case name.
    var functions: [String: RankingDecay]
  }

  let limits: RankingLimits
  var problems: [RankingDefinitionError.Problem] = []

  init(limits: RankingLimits) { self.limits = limits }

  private mutating func report(_ pointer: String, _ message: String) {
    problems.append(RankingDefinitionError.Problem(pointer, message))
  }

  mutating func read(_ definition: JSONValue) -> Parts? {
    guard let members = definition.members else {
      report("", "a ranking method must be an object with the member score")
      return nil
    }
    for member in members where !["score", "defaults", "functions"].contains(member.name) {
      report("/\(member.name)", "a ranking method has no such member; it has score, defaults and functions")
    }
    if let defaults = definition["defaults"], defaults.members == nil {
      report("/defaults", "must be an object: names of fields and their values")
    }
    let functions = readFunctions(definition["functions"])
    guard let score = definition["score"] else {
      report("", "the member score is missing")
      return nil
    }
    guard let score = score.string else {
      report("/score", "must be a text: the expression")
      return nil
    }
    return Parts(
      score: score, defaults: RankingDefaults(root: definition["defaults"] ?? .object([])), functions: functions)
  }

  private mutating func readFunctions(_ value: JSONValue?) -> [String: RankingDecay] {
    guard let value else { return [:] }
    guard let members = value.members else {
      report("/functions", "must be an object: names of functions and their parameters")
      return [:]
    }
    guard members.count <= limits.functionsMax else {
      report("/functions", "a ranking method has at most \(limits.functionsMax) functions, this one \(members.count)")
      return [:]
    }
    var functions: [String: RankingDecay] = [:]
    for member in members {
      let pointer = "/functions/\(member.name)"
      if !Self.isName(member.name) { report(pointer, "a function's name consists of letters, digits and _") }
      if functions[member.name.lowercased()] != nil {
        report(pointer, "there is another function of this name: upper and lower case do not differ")
      }
      functions[member.name.lowercased()] = readFunction(member.value, pointer)
    }
    return functions
  }

  private static func isName(_ name: String) -> Bool {
    guard let tokens = try? RankingLexer.tokens(of: Array(name.utf8)), tokens.count == 2 else { return false }
    return tokens[0].kind == .name(name)
  }

  private mutating func readFunction(_ value: JSONValue, _ pointer: String) -> RankingDecay {
    var decay = RankingDecay(base: .linear)
    guard let members = value.members else {
      report(pointer, "must be an object with base, and if wanted scale, offset, decay, origin, direction")
      return decay
    }
    if value["base"] == nil { report(pointer, "the member base is missing: decay_linear, decay_exp or decay_gauss") }
    for member in members {
      let place = "\(pointer)/\(member.name)"
      switch member.name {
      case "base":
        if let base = member.value.string.flatMap(RankingDecay.Base.init(rawValue:)) {
          decay.base = base
        } else {
          report(place, "must be decay_linear, decay_exp or decay_gauss")
        }
      case "scale": decay.scale = positive(member.value, place, mayBeZero: false) ?? decay.scale
      case "offset": decay.offset = positive(member.value, place, mayBeZero: true) ?? decay.offset
      case "decay":
        if let fraction = Self.number(member.value), fraction > 0, fraction < 1 {
          decay.decay = fraction
        } else {
          report(place, "must be a number between 0 and 1, both excluded")
        }
      case "origin":
        if let origin = Self.origin(member.value) {
          decay.origin = origin
        } else {
          report(place, "must be a number, a time, or \"now\"")
        }
      case "direction":
        if let direction = member.value.string.flatMap(RankingDecay.Direction.init(rawValue:)) {
          decay.direction = direction
        } else {
          report(place, "must be left, right or both")
        }
      default: report(place, "a function has no such parameter")
      }
    }
    return decay
  }

  private mutating func positive(_ value: JSONValue, _ pointer: String, mayBeZero: Bool) -> Double? {
    if let number = Self.distance(value), number > 0 || mayBeZero && number == 0 { return number }
    report(
      pointer, "must be a number \(mayBeZero ? "of 0 or more" : "above 0"), with a unit s, m, h, d or w if it is a time"
    )
    return nil
  }

  private static func number(_ value: JSONValue) -> Double? {
    switch value {
    case .number(let text), .string(let text): RankingValue.number(of: text)
    default: nil
    }
  }

  /// A number, or a text of a number and a unit of time: seconds then.
  static func distance(_ value: JSONValue) -> Double? {
    if let number = number(value) { return number }
    guard let text = value.string, let unit = text.utf8.last else { return nil }
    let seconds: Double? =
      switch unit {
      case UInt8(ascii: "s"): 1
      case UInt8(ascii: "m"): 60
      case UInt8(ascii: "h"): 3_600
      case UInt8(ascii: "d"): 86_400
      case UInt8(ascii: "w"): 604_800
      default: nil
      }
    guard let seconds, let number = RankingValue.number(of: String(text.dropLast())) else { return nil }
    return number * seconds
  }

  private static func origin(_ value: JSONValue) -> RankingDecay.Origin? {
    if let number = distance(value) { return .at(number) }
    guard let text = value.string else { return nil }
    if text == "now" { return .now }
    return ActivityTime(text).map { .at(RankingValue.seconds($0)) }
  }
}
