import JSON

/// A partial update of one activity (feeds 2.8, F15, F17): members to set and to remove, by dotted paths.
public struct ActivityChange: Sendable {
  public struct Setting: Sendable {
    public var path: [String]
    public var value: JSONValue
    public init(path: [String], value: JSONValue) {
      self.path = path
      self.value = value
    }
  }

  public var id: ActivityID
  /// In the order sent.
  public var set: [Setting]
  public var unset: [[String]]

  public init(id: ActivityID, set: [Setting] = [], unset: [[String]] = []) {
    self.id = id
    self.set = set
    self.unset = unset
  }

  /// Names that cannot be set (feeds F17).
  static let unsettable: Set<String> = ["id", "foreign_id", "time", "to", "origin"]
  /// Names that cannot be removed either.
  static let required: Set<String> = unsettable.union(["actor", "verb", "object", "target"])

  /// Changes an activity's members: `set`, then `unset`. The order in which `set` names its paths does not matter for the values; a
  /// member set anew keeps its place, a new one is appended (feeds C9a).
  ///
  /// - Throws: `ActivityInputError` where a path descends into what is no object.
  public func apply(to members: inout [JSONValue.Member]) throws(ActivityInputError) {
    var wrong: [String] = []
    for setting in ordered() where !ActivityInput.reservedNames.contains(setting.path[0]) {
      if !Self.put(setting.value, at: setting.path[...], in: &members) { wrong.append(Self.text(setting.path)) }
    }
    guard wrong.isEmpty else {
      throw ActivityInputError(fields: wrong.map { .init("set", "\($0) leads into a value that is no object") })
    }
    for path in unset { Self.remove(path[...], from: &members) }
  }

  /// The settings in the order sent, but each after those whose paths it continues.
  private func ordered() -> [Setting] {
    var out: [Setting] = []
    for (index, setting) in set.enumerated() {
      let leading = set.enumerated().filter { other, candidate in
        other > index && candidate.path.count < setting.path.count && setting.path.starts(with: candidate.path)
      }.map(\.element).sorted { $0.path.count < $1.path.count }
      for part in leading + [setting] where !out.contains(where: { $0.path == part.path }) { out.append(part) }
    }
    return out
  }

  /// `false` if the path leads into what is no object.
  private static func put(_ value: JSONValue, at path: ArraySlice<String>, in members: inout [JSONValue.Member]) -> Bool
  {
    guard let name = path.first else { return true }
    let rest = path.dropFirst()
    let index = members.firstIndex { $0.name == name }
    if rest.isEmpty {
      if let index { members[index].value = value } else { members.append(.init(name, value)) }
      return true
    }
    guard let index else {
      var inner: [JSONValue.Member] = []
      let isDone = put(value, at: rest, in: &inner)
      members.append(.init(name, .object(inner)))
      return isDone
    }
    guard var inner = members[index].value.members else { return false }
    let isDone = put(value, at: rest, in: &inner)
    members[index].value = .object(inner)
    return isDone
  }

  private static func remove(_ path: ArraySlice<String>, from members: inout [JSONValue.Member]) {
    guard let name = path.first, let index = members.firstIndex(where: { $0.name == name }) else { return }
    let rest = path.dropFirst()
    if rest.isEmpty {
      members.remove(at: index)
    } else if var inner = members[index].value.members {
      remove(rest, from: &inner)
      members[index].value = .object(inner)
    }
  }

  static func text(_ path: [String]) -> String { path.joined(separator: ".") }
}
