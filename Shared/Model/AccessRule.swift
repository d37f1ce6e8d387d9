/// One of an app's own policies (insight D95, `policies`): what user tokens may or may not do beside the table of feeds 1.7.
///
/// Of the rules that match a request the one with the lowest priority number decides (insight D28), of equal ones a refusal;
/// where none matches, the policies of the groups and P1–P31 do. What only servers may do (P28) no rule opens, and none lets a user
/// speak in another's name (P20, P26, P27).
public struct AccessRule: Hashable, Sendable {
  public enum Effect: String, Hashable, Sendable { case allow, deny }

  public var name: String
  public var priority: Int
  public var effect: Effect
  /// A resource of insight D95, or `*`.
  public var resource: String
  /// `read`, `write`, `delete` or `*`.
  public var action: String
  /// Feed groups it is about; empty: all, and what lies in no group.
  public var groups: [String]
  /// Only about what is the user's own: feeds, objects that the user added, the user's reactions, files and user object.
  public var ownerOnly: Bool

  public init(
    name: String, priority: Int = 100, effect: Effect, resource: String, action: String, groups: [String] = [],
    ownerOnly: Bool = false
  ) {
    self.name = name
    self.priority = priority
    self.effect = effect
    self.resource = resource
    self.action = action
    self.groups = groups
    self.ownerOnly = ownerOnly
  }

  /// In the order in which they decide.
  public static func ordered(_ rules: [AccessRule]) -> [AccessRule] {
    rules.sorted { a, b in
      if a.priority != b.priority { return a.priority < b.priority }
      if a.effect != b.effect { return a.effect == .deny }
      return a.name < b.name
    }
  }
}

extension [AccessRule] {
  /// What the rules, in their order, say of a request; `nil` if none matches.
  ///
  /// - Parameters:
  ///   - group: the feed's group; `nil` for what is no feed.
  ///   - isOwner: whether it is the user's own.
  public func decision(resource: String, action: String, group: String?, isOwner: Bool) -> AccessRule.Effect? {
    first { rule in
      (rule.resource == resource || rule.resource == "*") && (rule.action == action || rule.action == "*")
        && (rule.groups.isEmpty || group.map { rule.groups.contains($0) } ?? false) && (!rule.ownerOnly || isOwner)
    }?.effect
  }
}
