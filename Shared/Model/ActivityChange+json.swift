import JSON

extension ActivityChange {
  /// Reads one change (feeds 2.8, F15, F17, L22): its identity is `id`, or `foreign_id` and `time`.
  public init(json node: JSONNode, limits: ActivityLimits = ActivityLimits()) throws(ActivityInputError) {
    guard node.kind == .object else { throw ActivityInputError(refusal: "a change must be an object") }
    id = try ActivityInput.identity(node)
    var errors: [ActivityInputError.Field] = []
    set = Self.settings(node["set"], limits, &errors)
    unset = Self.paths(node["unset"], limits, &errors)
    for path in unset where set.contains(where: { $0.path == path }) {
      errors.append(.init("unset", "\(Self.text(path)) is set as well"))
    }
    guard errors.isEmpty else { throw ActivityInputError(fields: errors) }
  }

  private static func settings(
    _ node: JSONNode?, _ limits: ActivityLimits, _ errors: inout [ActivityInputError.Field]
  ) -> [Setting] {
    guard let node, node.kind != .null else { return [] }
    // An empty list counts as an empty object (feeds C5).
    guard node.kind == .object || node.kind == .array && node.count == 0 else {
      errors.append(.init("set", "must be an object"))
      return []
    }
    guard node.count <= limits.changedMembersMax else {
      errors.append(.init("set", "may name at most \(limits.changedMembersMax) members"))
      return []
    }
    var settings: [Setting] = []
    for (name, value) in node.members {
      guard let path = path("set", name, unsettable, &errors) else { continue }
      settings.append(Setting(path: path, value: JSONValue(value)))
    }
    return settings
  }

  private static func paths(
    _ node: JSONNode?, _ limits: ActivityLimits, _ errors: inout [ActivityInputError.Field]
  ) -> [[String]] {
    guard let node, node.kind != .null else { return [] }
    guard node.kind == .array || node.kind == .object && node.count == 0 else {
      errors.append(.init("unset", "must be a list of names"))
      return []
    }
    guard node.count <= limits.changedMembersMax else {
      errors.append(.init("unset", "may name at most \(limits.changedMembersMax) members"))
      return []
    }
    return node.elements.compactMap { path("unset", $0, required, &errors) }
  }

  private static func path(
    _ field: String, _ name: JSONNode, _ fixed: Set<String>, _ errors: inout [ActivityInputError.Field]
  ) -> [String]? {
    guard let text = name.string else {
      errors.append(.init(field, "must hold names"))
      return nil
    }
    let path = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if path.contains(where: \.isEmpty) {
      errors.append(.init(field, "\"\(text)\" is no path of names with dots between them"))
      return nil
    }
    if fixed.contains(path[0]) {
      errors.append(.init(field, "\(path[0]) cannot be changed"))
      return nil
    }
    return path
  }
}

extension ActivityInput {
  /// The activity that `id`, or `foreign_id` with `time`, names: exactly one of them must be there.
  public static func identity(_ node: JSONNode) throws(ActivityInputError) -> ActivityID {
    func given(_ name: StaticString) -> JSONNode? { node[name].flatMap { $0.kind == .null ? nil : $0 } }
    switch (given("id"), given("foreign_id"), given("time")) {
    case (let id?, nil, nil):
      guard let id = id.string.flatMap({ ActivityID($0) }) else {
        throw ActivityInputError(fields: [.init("id", "must be an activity id (a UUID)")])
      }
      return id
    case (nil, let foreignID?, let time?):
      guard let text = foreignID.string ?? foreignID.numberText, !text.isEmpty else {
        throw ActivityInputError(fields: [.init("foreign_id", "must be a string or a number, and not empty")])
      }
      guard let time = time.utf8.flatMap({ ActivityTime(utf8: $0) }) else {
        throw ActivityInputError(
          fields: [.init("time", "must be an ISO 8601 date-time such as 2026-11-21T10:00:00.123456")])
      }
      return ActivityID(foreignID: text, time: time)
    default:
      throw ActivityInputError(refusal: "name the activity by id, or by foreign_id and time")
    }
  }
}

extension ActivityID {
  /// The id that a foreign id has at `time` (feeds T2).
  public init(foreignID: String, time: ActivityTime) {
    self.init(ticks: time.ticks, low: 0x8000_0000_0000_0000 | ActivityInput.idLowBits(ofForeignID: foreignID))
  }
}
