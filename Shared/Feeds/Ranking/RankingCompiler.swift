import Glibc

/// Turns a parsed expression into a program.
struct RankingCompiler {
  typealias Failure = RankingLexer.Failure

  private let text: [UInt8]
  /// By lower-case name.
  private let functions: [String: RankingDecay]
  private let defaults: RankingDefaults
  private var program = RankingProgram(
    terms: [], instructions: [], places: [], variables: [], reactionKinds: [], analyticsNames: [])
  private var sites = 0

  private init(_ text: [UInt8], _ functions: [String: RankingDecay], _ defaults: RankingDefaults) {
    self.text = text
    self.functions = functions
    self.defaults = defaults
  }

  static func compile(
    _ root: RankingNode, text: [UInt8], functions: [String: RankingDecay], defaults: RankingDefaults
  ) throws(Failure) -> RankingProgram {
    var compiler = RankingCompiler(text, functions, defaults)
    var root = root
    while case .group(let inner) = root.kind { root = inner }
    for (node, isSubtracted) in summands(root) {
      let start = compiler.program.instructions.count
      try compiler.emit(node)
      compiler.program.terms.append(
        RankingProgram.Term(
          text: (isSubtracted ? "-" : "") + String(decoding: text[node.range], as: UTF8.self),
          isSubtracted: isSubtracted, code: start..<compiler.program.instructions.count))
    }
    return compiler.program
  }

  /// The operands of the sum at the top, in the order written.
  private static func summands(_ root: RankingNode) -> [(RankingNode, isSubtracted: Bool)] {
    var found: [(RankingNode, isSubtracted: Bool)] = []
    var node = root
    while true {
      switch node.kind {
      case .binary(.add, let left, let right):
        found.append((right, false))
        node = left
      case .binary(.subtract, let left, let right):
        found.append((right, true))
        node = left
      default:
        found.append((node, false))
        return found.reversed()
      }
    }
  }

  // MARK: Instructions

  private mutating func append(_ instruction: RankingInstruction, _ node: RankingNode) {
    program.instructions.append(instruction)
    program.places.append(node.range.lowerBound)
  }

  /// A jump whose goal is set later.
  private mutating func reserve(_ node: RankingNode) -> Int {
    append(.jump(0), node)
    return program.instructions.count - 1
  }

  private var here: Int { program.instructions.count }

  private mutating func emit(_ node: RankingNode) throws(Failure) {
    switch node.kind {
    case .number(let value): append(.number(value), node)
    case .text(let text): append(.text(text), node)
    case .path(let path): try emit(path: path, node)
    case .call(let name, let arguments): try emit(call: name, arguments, node)
    case .group(let inner): try emit(inner)
    case .negate(let inner):
      try emit(inner)
      append(.negate, node)
    case .not(let inner):
      try emit(inner)
      append(.not, node)
    case .binary(let mark, let left, let right):
      try emit(left)
      try emit(right)
      append(.binary(mark), node)
    case .and(let left, let right):
      try emit(left)
      let place = reserve(node)
      try emit(right)
      append(.truth, node)
      program.instructions[place] = .falseOrGoOn(here)
    case .or(let left, let right):
      try emit(left)
      let place = reserve(node)
      try emit(right)
      append(.truth, node)
      program.instructions[place] = .trueOrGoOn(here)
    case .choice(let condition, let then, let otherwise):
      try emit(condition)
      let first = reserve(node)
      try emit(then)
      let second = reserve(node)
      program.instructions[first] = .jumpIfFalse(here)
      try emit(otherwise)
      program.instructions[second] = .jump(here)
    }
  }

  private mutating func emit(call name: String, _ arguments: [RankingNode], _ node: RankingNode) throws(Failure) {
    let key = name.lowercased()
    let start = node.range.lowerBound
    if let decay = functions[key] ?? RankingDecay.Base(rawValue: key).map({ RankingDecay(base: $0) }) {
      guard arguments.count == 1 else {
        throw Failure(offset: start, message: "\(name) takes one argument, not \(arguments.count)")
      }
      try emit(arguments[0])
      return append(.decay(decay), node)
    }
    guard let function = RankingFunction(rawValue: key) else {
      let known = RankingFunction.allCases.map(\.rawValue) + RankingDecay.Base.allCases.map(\.rawValue)
      let names = (known + functions.keys).sorted().joined(separator: ", ")
      throw Failure(offset: start, message: "there is no function \(name); there are \(names)")
    }
    guard function.takes(arguments.count) else {
      throw Failure(offset: start, message: "\(name) takes \(function.arity), not \(arguments.count)")
    }
    if function == .dist, arguments.count == 5, case .text(let unit) = arguments[4].kind,
      RankingFunction.distance(0, 0, 0, 0, unit: unit) == nil
    {
      throw Failure(offset: arguments[4].range.lowerBound, message: "the unit of dist is 'K', 'M' or 'N'")
    }
    for argument in arguments { try emit(argument) }
    if function == .rand || function == .randNormal {
      append(.random(function, arguments: arguments.count, site: sites), node)
      sites += 1
    } else {
      append(.call(function, arguments: arguments.count), node)
    }
  }

  // MARK: Names

  private mutating func emit(path: [String], _ node: RankingNode) throws(Failure) {
    if path.count == 1 {
      switch path[0] {
      case "pi": return append(.number(.pi), node)
      case "e": return append(.number(M_E), node)
      case "current_time": return append(.now, node)
      case "true": return append(.number(1), node)
      case "false": return append(.number(0), node)
      default: break
      }
    }
    if let known = program.variables.firstIndex(where: { $0.path == path }) { return append(.variable(known), node) }
    let source = try source(of: path, node)
    var fallback: RankingVariable.Reading?
    switch source {
    case .field, .external, .origin:
      do { fallback = try defaults.reading(path) } catch {
        throw Failure(
          offset: node.range.lowerBound,
          message: "the default of \(path.joined(separator: ".")) must be a number, a text, true or false")
      }
    case .time, .reactionCount, .analytics: break
    }
    program.variables.append(RankingVariable(path: path, source: source, fallback: fallback))
    append(.variable(program.variables.count - 1), node)
  }

  private mutating func source(of path: [String], _ node: RankingNode) throws(Failure) -> RankingVariable.Source {
    func refuse(_ message: String) -> Failure { Failure(offset: node.range.lowerBound, message: message) }
    switch path[0] {
    case "time":
      guard path.count == 1 else { throw refuse("time has no members") }
      return .time
    case "origin" where path.count == 1: return .origin
    case "current_time": throw refuse("current_time has no members")
    case "external":
      guard path.count > 1 else { throw refuse("name a variable of the request: external.<name>") }
      return .external
    case "reaction_counts":
      guard path.count == 2 else { throw refuse("name one kind of reactions: reaction_counts.<kind>") }
      return .reactionCount(Self.place(of: path[1], in: &program.reactionKinds))
    case "analytics":
      guard path.count == 2 else { throw refuse("name one counter: analytics.<name>") }
      return .analytics(Self.place(of: path[1], in: &program.analyticsNames))
    default: return .field
    }
  }

  private static func place(of name: String, in names: inout [String]) -> Int {
    if let place = names.firstIndex(of: name) { return place }
    names.append(name)
    return names.count - 1
  }
}
