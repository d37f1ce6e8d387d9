import JSON

/// The `ranking_vars` of a request: what `external.…` stands for (feeds K9).
public struct RankingExternals: Hashable, Sendable {
  /// Levels of objects inside each other.
  public static let depthMax = 8
  /// Bytes of their JSON text.
  public static let bytesMax = 4_096

  public struct Invalid: Error, Hashable, Sendable {
    /// Where, as a dotted path; empty for the whole.
    public var path: String
    public var message: String
  }

  public static let none = RankingExternals(root: .object([]))

  let root: JSONValue

  private init(root: JSONValue) { self.root = root }

  /// - Parameter text: JSON: an object of numbers, booleans, texts and such objects.
  public init(parsing text: String) throws(Invalid) {
    guard text.utf8.count <= Self.bytesMax else {
      throw Invalid(path: "", message: "must have at most \(Self.bytesMax) bytes")
    }
    let value: JSONValue
    do { value = try JSONValue(parsing: text) } catch {
      throw Invalid(path: "", message: "must be a JSON object; at byte \(error.offset): \(error.reason.rawValue)")
    }
    guard value.members != nil else { throw Invalid(path: "", message: "must be a JSON object") }
    try Self.check(value, "", 1)
    root = value
  }

  private static func check(_ value: JSONValue, _ path: String, _ depth: Int) throws(Invalid) {
    switch value {
    case .boolean, .string: return
    case .number(let text):
      guard let number = Double(text), number.isFinite else {
        throw Invalid(path: path, message: "must be a number that a computer's floating point can hold")
      }
    case .object(let members):
      guard depth <= depthMax else { throw Invalid(path: path, message: "has more than \(depthMax) levels") }
      for member in members {
        try check(member.value, path.isEmpty ? member.name : "\(path).\(member.name)", depth + 1)
      }
    case .null, .array: throw Invalid(path: path, message: "must be a number, a boolean, a text or an object of these")
    }
  }

  /// The value of `external.<names>`.
  func reading(_ names: ArraySlice<String>) -> RankingVariable.Reading? {
    var value = root
    for name in names {
      guard let member = value[name] else { return nil }
      value = member
    }
    return RankingVariable.Reading(value) ?? RankingVariable.Reading(value: .structure, json: value.encoded())
  }
}
