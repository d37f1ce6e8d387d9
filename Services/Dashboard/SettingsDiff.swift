import JSON

/// What differs between two values, leaf by leaf.
struct SettingsDiff {
  let schema: AppSchema

  func items(_ before: JSONValue?, _ after: JSONValue?, path: String, key: String? = nil) -> [PlanItem] {
    switch (before, after) {
    case (nil, nil): return []
    case (nil, let after?): return [PlanItem(.create, path, after: after)]
    case (let before?, nil): return [PlanItem(.delete, path, before: before)]
    case (.object(let old)?, .object(let new)?):
      let names = old.map(\.name) + new.map(\.name).filter { name in !old.contains { $0.name == name } }
      return names.flatMap { name in
        items(
          old.first { $0.name == name }?.value, new.first { $0.name == name }?.value,
          path: JSONPointer.appending(name, to: path))
      }
    case (.array(let old)?, .array(let new)?):
      guard let key else { break }
      func named(_ list: [JSONValue]) -> JSONValue {
        .object(list.map { JSONValue.Member($0[key]?.string ?? "", $0) })
      }
      return items(named(old), named(new), path: path)
    default: break
    }
    guard let before, let after, !before.isSame(as: after) else { return [] }
    return [PlanItem(.update, path, before: before, after: after)]
  }
}
