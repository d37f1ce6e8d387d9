import JSON
import Model

/// Which activities of a feed a read keeps (ours beyond feeds 2.2; `discard_…` of 2.2).
///
/// Conditions come as a JSON object of fields and the value, or values, one of which they must have:
/// `{"verb":["like","love"],"actor":"SU:alice","route.name":"Vondelpark"}`. All of them must hold. A field that is a list
/// has the values in it. `null` stands for a field that is not there.
public struct ActivityFilter: Hashable, Sendable {
  /// Bytes of the conditions' JSON text, conditions, values of one, and levels of a field's path.
  public static let bytesMax = 4_096
  public static let conditionsMax = 10
  public static let valuesMax = 25
  public static let levelsMax = 8

  public struct Invalid: Error, Hashable, Sendable {
    /// The field; empty for the whole.
    public var path: String
    public var message: String
  }

  /// One field and what it may be.
  struct Condition: Hashable, Sendable {
    var path: [String]
    var values: [JSONValue]
  }

  /// Fields whose values are texts, whatever was sent for them (feeds F5).
  private static let texts: Set<String> = ["actor", "verb", "object", "target", "foreign_id", "id", "time", "origin"]

  var conditions: [Condition] = []
  /// Activities of these actors are dropped.
  public var discardedActors: Set<String> = []
  /// Activities that refer to activities that are gone are dropped.
  public var discardsDeleted = false

  public init() {}

  public var isEmpty: Bool { conditions.isEmpty && discardedActors.isEmpty && !discardsDeleted }

  /// Reads the conditions.
  public init(parsing text: String) throws(Invalid) {
    guard text.utf8.count <= Self.bytesMax else {
      throw Invalid(path: "", message: "must have at most \(Self.bytesMax) bytes")
    }
    let value: JSONValue
    do { value = try JSONValue(parsing: text) } catch {
      throw Invalid(
        path: "",
        message: "must be a JSON object of fields and values; at byte \(error.offset): \(error.reason.rawValue)")
    }
    guard let members = value.members else {
      throw Invalid(path: "", message: "must be a JSON object of fields and values")
    }
    guard members.count <= Self.conditionsMax else {
      throw Invalid(path: "", message: "has more than \(Self.conditionsMax) fields")
    }
    for member in members { conditions.append(try Self.condition(member)) }
  }

  private static func condition(_ member: JSONValue.Member) throws(Invalid) -> Condition {
    let path = member.name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard path.count <= levelsMax, path.allSatisfy({ !$0.isEmpty }) else {
      throw Invalid(path: member.name, message: "a field is a name, or up to \(levelsMax) names with points between")
    }
    var values = member.value.array ?? [member.value]
    guard (1...valuesMax).contains(values.count) else {
      throw Invalid(path: member.name, message: "must be one value or a list of 1 to \(valuesMax)")
    }
    for (index, value) in values.enumerated() {
      switch value {
      case .null, .boolean, .string: continue
      case .number(let text): if path.count == 1, texts.contains(path[0]) { values[index] = .string(text) }
      case .array, .object:
        throw Invalid(path: member.name, message: "must be texts, numbers, booleans or null")
      }
    }
    return Condition(path: path, values: values)
  }

  // MARK: Activities

  /// Whether an activity is kept, as far as its own bytes tell; `discardsDeleted` needs a look at others.
  func keeps(_ activity: StoredActivity, origin: FeedID?) -> Bool {
    if conditions.isEmpty, discardedActors.isEmpty { return true }
    let names = conditions.map { Array($0.path[0].utf8) } + (discardedActors.isEmpty ? [] : [Array("actor".utf8)])
    let found = StoredMembers.find(names, in: activity)
    if !discardedActors.isEmpty, let range = found.last ?? nil,
      discardedActors.contains(StoredScalar.text(activity.body[range].dropFirst().dropLast()))
    {
      return false
    }
    return zip(conditions, found).allSatisfy { condition, range in
      if condition.path == ["origin"] {
        return condition.values.contains { $0 == (origin.map { .string($0.description) } ?? .null) }
      }
      let value = range.flatMap { StoredScalar.descend(activity.body[$0], condition.path.dropFirst()) }
      return Self.matches(value, condition.values)
    }
  }

  private static func matches(_ stored: ArraySlice<UInt8>?, _ wanted: [JSONValue]) -> Bool {
    guard let stored, let first = stored.first else { return wanted.contains(.null) }
    switch first {
    case UInt8(ascii: "\""):
      let text = StoredScalar.text(stored.dropFirst().dropLast())
      return wanted.contains(.string(text))
    case UInt8(ascii: "t"): return wanted.contains(.boolean(true))
    case UInt8(ascii: "f"): return wanted.contains(.boolean(false))
    case UInt8(ascii: "n"): return wanted.contains(.null)
    case UInt8(ascii: "{"): return false
    case UInt8(ascii: "["):
      guard let list = (try? JSONValue(parsing: Array(stored)))?.array else { return false }
      return list.contains { element in wanted.contains { same(element, $0) } }
    default: return wanted.contains { same(.number(String(decoding: stored, as: UTF8.self)), $0) }
    }
  }

  /// Numbers are the same by value; whole ones of any length digit by digit.
  private static func same(_ a: JSONValue, _ b: JSONValue) -> Bool {
    guard let x = a.numberText, let y = b.numberText else { return a == b }
    if x == y { return true }
    if x.utf8.allSatisfy(isPlain), y.utf8.allSatisfy(isPlain) { return false }
    guard let x = Double(x), let y = Double(y) else { return false }
    return x == y
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "-") || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  /// The foreign ids it asks for, if it asks for some: their activities are found without reading the feed.
  var foreignIDs: [String]? {
    guard let condition = conditions.first(where: { $0.path == ["foreign_id"] }) else { return nil }
    let texts = condition.values.compactMap(\.string).filter { !$0.isEmpty }
    return texts.count == condition.values.count ? texts : nil
  }

  /// The activities that an activity refers to: top-level texts of the form `SA:<id>` (feeds T10, H1).
  static func references(of activity: StoredActivity) -> [ActivityID] {
    var members = StoredMembers(activity)
    var ids: [ActivityID] = []
    let passed: Set<String> = ["id", "verb", "time", "foreign_id"]
    while let member = members.next() {
      let value = activity.body[member.value]
      guard value.starts(with: Array("\"SA:".utf8)) else { continue }
      if passed.contains(String(decoding: activity.body[member.name], as: UTF8.self)) { continue }
      if let id = ActivityID(StoredScalar.text(value.dropFirst().dropLast()).dropFirst(3)) { ids.append(id) }
    }
    return ids
  }
}
