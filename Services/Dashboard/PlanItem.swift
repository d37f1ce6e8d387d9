import JSON

/// One line of a plan (insight D91): what happens to one path of the app's settings.
struct PlanItem: Hashable, Sendable {
  enum Action: String, Sendable { case create, update, delete, noop, refuse }

  var action: Action
  /// JSON pointer in which elements of collections go by name: `/feed_groups/timeline/pull_above`.
  var path: String
  var before: JSONValue?
  var after: JSONValue?
  /// Why, for what is refused.
  var reason: String?

  init(_ action: Action, _ path: String, before: JSONValue? = nil, after: JSONValue? = nil, reason: String? = nil) {
    self.action = action
    self.path = path
    self.before = before
    self.after = after
    self.reason = reason
  }

  var json: JSONValue {
    var members: [JSONValue.Member] = [.init("action", .string(action.rawValue)), .init("path", .string(path))]
    if let before { members.append(.init("before", before)) }
    if let after { members.append(.init("after", after)) }
    if let reason { members.append(.init("reason", .string(reason))) }
    return .object(members)
  }

  var text: String {
    var text = action.rawValue + String(repeating: " ", count: 7 - action.rawValue.count) + path
    switch action {
    case .update: text += ": \(before?.description ?? "default") -> \(after?.description ?? "default")"
    case .refuse: text += ": \(reason ?? "")"
    default: break
    }
    return text
  }
}
