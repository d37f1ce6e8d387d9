import JSON
import Model

/// Scores activities by one method for one request (feeds K2, K10–K11a): external variables, the instant and the seed
/// stay the same for all of them.
public struct RankingScorer: Sendable {
  /// What is counted of an activity outside its own bytes, in the order of the method's names.
  public struct Counts: Hashable, Sendable {
    public var reactions: [Int]
    public var analytics: [Double]
    public init(reactions: [Int] = [], analytics: [Double] = []) {
      self.reactions = reactions
      self.analytics = analytics
    }
  }

  /// One activity's score, and how it came about.
  public struct Score: Hashable, Sendable {
    public var value: Double
    /// What each top-level summand gives; their sum, from the first to the last, is `value`.
    public var shares: [Double]
    let readings: [RankingVariable.Reading]
  }

  public let method: RankingMethod
  private let now: ActivityTime
  private var machine: RankingMachine
  /// Of variables that are the same for all activities.
  private let fixed: [RankingVariable.Reading?]
  /// First names of the fields to be found in activities.
  private let names: [[UInt8]]
  /// For each variable, its place in `names`.
  private let places: [Int?]

  public init(_ method: RankingMethod, externals: RankingExternals = .none, now: ActivityTime, seed: UInt64) {
    self.method = method
    self.now = now
    machine = RankingMachine(method.program, now: RankingValue.seconds(now), seed: seed)
    var names: [[UInt8]] = []
    var places: [Int?] = []
    fixed = method.program.variables.map { variable in
      guard variable.source == .external else { return nil }
      return Self.settled(externals.reading(variable.path.dropFirst()), variable)
    }
    for variable in method.program.variables {
      guard variable.source == .field else {
        places.append(nil)
        continue
      }
      let name = Array(variable.path[0].utf8)
      if let place = names.firstIndex(of: name) {
        places.append(place)
      } else {
        places.append(names.count)
        names.append(name)
      }
    }
    self.names = names
    self.places = places
  }

  /// The seed that stands for a session: reads with the same one draw the same numbers (feeds K8).
  public static func seed(session: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in session.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
  }

  public mutating func score(
    _ activity: StoredActivity, origin: FeedID?, counts: Counts = Counts()
  ) throws(RankingFailure) -> Score {
    let readings = self.readings(activity, origin, counts)
    do throws(RankingMachine.Failure) {
      let shares = try machine.run(readings.map(\.value), activity.id)
      let value = shares.dropFirst().reduce(shares.first ?? 0, +)
      guard value.isFinite else { throw RankingMachine.Failure(instruction: 0, message: "the score is not finite") }
      return Score(value: value, shares: shares, readings: readings)
    } catch {
      let place = RankingMethod.place(method.program.places[error.instruction], in: method.text)
      throw RankingFailure("line \(place.line), column \(place.column): \(error.message)", activity: activity.id)
    }
  }

  // MARK: What variables are worth

  private func readings(
    _ activity: StoredActivity, _ origin: FeedID?, _ counts: Counts
  ) -> [RankingVariable.Reading] {
    let found = names.isEmpty ? [] : StoredMembers.find(names, in: activity)
    return method.program.variables.indices.map { index in
      let variable = method.program.variables[index]
      switch variable.source {
      case .external: return fixed[index] ?? .missing
      case .time:
        let time = ActivityTime(ticks: activity.id.ticks)
        return .init(value: .time(RankingValue.seconds(time)), json: Array("\"\(time)\"".utf8))
      case .origin:
        guard let origin else { return Self.settled(nil, variable) }
        return .init(value: .text(origin.description), json: Array("\"\(origin)\"".utf8))
      case .reactionCount(let place):
        let count = place < counts.reactions.count ? counts.reactions[place] : 0
        return .init(value: .number(Double(count)), json: Array(String(count).utf8))
      case .analytics(let place):
        let count = place < counts.analytics.count ? counts.analytics[place] : 0
        return .init(value: .number(count), json: Array(Self.text(count).utf8))
      case .field:
        guard let place = places[index], let range = found[place] else { return Self.settled(nil, variable) }
        let bytes = StoredScalar.descend(activity.body[range], variable.path.dropFirst())
        return Self.settled(bytes.map(Self.reading), variable)
      }
    }
  }

  private static func settled(
    _ reading: RankingVariable.Reading?, _ variable: RankingVariable
  ) -> RankingVariable.Reading {
    if let reading, reading.value != .missing { return reading }
    return variable.fallback ?? .missing
  }

  /// A stored JSON value as expressions see it.
  private static func reading(_ json: ArraySlice<UInt8>) -> RankingVariable.Reading {
    let value: RankingValue =
      switch json.first {
      case UInt8(ascii: "\""): .text(StoredScalar.text(json.dropFirst().dropLast()))
      case UInt8(ascii: "t"): .number(1)
      case UInt8(ascii: "f"): .number(0)
      case UInt8(ascii: "n"), nil: .missing
      case UInt8(ascii: "{"), UInt8(ascii: "["): .structure
      default: .number(Double(String(decoding: json, as: UTF8.self)) ?? .infinity)
      }
    return .init(value: value, json: Array(json))
  }

  // MARK: What answers show

  /// A number as JSON: whole ones without a point.
  public static func text(_ number: Double) -> String {
    if let whole = Int64(exactly: number), abs(whole) < 1 << 53 { return String(whole) }
    return "\(number)"
  }

  /// `score_vars`: each variable of the expression and the value used, nested as it is named (feeds K11).
  public func variables(_ score: Score) -> [UInt8] {
    var writer = JSONWriter(reserving: 64)
    let all = zip(method.program.variables, score.readings).filter { $1.value != .missing }
    write(all.map { ($0.path[...], $1.json) }, to: &writer)
    return writer.bytes
  }

  private func write(_ members: [(path: ArraySlice<String>, json: [UInt8])], to writer: inout JSONWriter) {
    writer.splice("{")
    var written: [String] = []
    for member in members {
      guard let name = member.path.first, !written.contains(name) else { continue }
      if !written.isEmpty { writer.splice(",") }
      written.append(name)
      writer.string(name)
      writer.splice(":")
      if member.path.count == 1 {
        writer.splice(member.json)
      } else {
        let inner = members.filter { $0.path.count > 1 && $0.path.first == name }
        write(inner.map { ($0.path.dropFirst(), $0.json) }, to: &writer)
      }
    }
    writer.splice("}")
  }

  /// `explain`: each top-level summand as written, and its share of the score (feeds K11a).
  public func explanation(_ score: Score) -> [UInt8] {
    var writer = JSONWriter(reserving: 64)
    writer.splice("[")
    for (index, (term, share)) in zip(method.program.terms, score.shares).enumerated() {
      if index > 0 { writer.splice(",") }
      writer.splice(#"{"term":"#)
      writer.string(term.text)
      writer.splice(#","share":"#)
      writer.splice(Self.text(share).utf8)
      writer.splice("}")
    }
    writer.splice("]")
    return writer.bytes
  }
}
