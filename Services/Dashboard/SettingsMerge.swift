import JSON

/// What a value becomes when a file is applied to it: missing members stay, `null` resets, collections are joined by name
/// (insight D91).
struct SettingsMerge {
  let schema: AppSchema
  /// Take out what listed collections hold and the file does not name.
  let prune: Bool

  /// - Parameter key: the member that names the elements, where `file` is a list that is a collection.
  /// - Returns: `nil` where nothing is set any more.
  func merge(_ live: JSONValue?, _ file: JSONValue, _ rule: JSONValue, key: String? = nil) -> JSONValue? {
    switch file {
    case .null: return nil
    case .object(let members):
      if schema.isSecret(rule) { return file }
      guard let rule = branch(rule, for: file), let old = live?.members else { return file.withoutNulls }
      var kept = schema.isMap(rule) && prune ? [] : old
      for member in members {
        let place = kept.firstIndex { $0.name == member.name }
        let before = old.first { $0.name == member.name }?.value
        let after = merge(before, member.value, schema.member(member.name, of: rule) ?? .object([]))
        switch (place, after) {
        case (let place?, let after?): kept[place].value = after
        case (let place?, nil): kept.remove(at: place)
        case (nil, let after?): kept.append(.init(member.name, after))
        case (nil, nil): break
        }
      }
      return .object(kept)
    case .array(let elements):
      guard let key else { return .array(elements.map(\.withoutNulls)) }
      let items = schema.resolved(rule)["items"] ?? .object([])
      let old = live?.array ?? []
      var kept = prune ? [] : old
      for element in elements {
        guard let name = element[key]?.string else { continue }
        let before = old.first { $0[key]?.string == name }
        let after = merge(before, element, items) ?? element.withoutNulls
        if let place = kept.firstIndex(where: { $0[key]?.string == name }) {
          kept[place] = after
        } else {
          kept.append(after)
        }
      }
      return .array(kept)
    default: return file
    }
  }

  /// The rule an object is written by: of several, the first for one object; `nil` for a choice between kinds of object,
  /// which are replaced whole.
  private func branch(_ rule: JSONValue, for value: JSONValue) -> JSONValue? {
    let rule = schema.resolved(rule)
    guard let branches = rule["oneOf"]?.array else { return rule }
    let objects = branches.map(schema.resolved).filter { $0["type"]?.string == "object" }
    return objects.count == 1 ? objects[0] : nil
  }
}
