/// What a change says of itself in the audit log; the chain, the time and the actor are added when it is written.
public struct AuditDraft: Sendable {
  public var action: String
  public var organisation: Int64?
  public var app: Int64?
  public var entityType: String
  public var entityID: String
  /// JSON texts, secrets masked.
  public var before: String?
  public var after: String?

  public init(
    action: String, organisation: Int64? = nil, app: Int64? = nil, entityType: String, entityID: String,
    before: String? = nil, after: String? = nil
  ) {
    self.action = action
    self.organisation = organisation
    self.app = app
    self.entityType = entityType
    self.entityID = entityID
    self.before = before
    self.after = after
  }

  /// Who makes a change.
  public struct Actor: Sendable {
    public var kind: AuditRow.ActorKind
    public var name: String
    public init(kind: AuditRow.ActorKind, name: String) {
      self.kind = kind
      self.name = name
    }
  }
}
