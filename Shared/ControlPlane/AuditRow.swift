/// One row of the audit log (insight D80): append-only, each bound to the one before by a hash.
///
/// `hash` = SHA-256(`millrace-audit-1` ‖ every field, length-prefixed, in the order below ‖ previous hash). Leaving out,
/// changing or reordering a row shows at that row or the next.
public struct AuditRow: Hashable, Sendable {
  public enum ActorKind: String, Sendable { case user, token, cli, key, system }

  public var id: Int64
  /// Unix microseconds.
  public var atMicroseconds: Int64
  public var actorKind: ActorKind
  public var actor: String
  public var ip: String?
  public var action: String
  public var organisation: Int64?
  public var app: Int64?
  public var entityType: String
  public var entityID: String
  /// JSON texts, secrets masked.
  public var before: String?
  public var after: String?
  public var requestID: String?
  public var previousHash: [UInt8]

  /// The hash before the first row.
  public static let chainStart = [UInt8](repeating: 0, count: 32)

  public init(
    id: Int64, atMicroseconds: Int64, actorKind: ActorKind, actor: String, ip: String? = nil, action: String,
    organisation: Int64? = nil, app: Int64? = nil, entityType: String, entityID: String, before: String? = nil,
    after: String? = nil, requestID: String? = nil, previousHash: [UInt8]
  ) {
    self.id = id
    self.atMicroseconds = atMicroseconds
    self.actorKind = actorKind
    self.actor = actor
    self.ip = ip
    self.action = action
    self.organisation = organisation
    self.app = app
    self.entityType = entityType
    self.entityID = entityID
    self.before = before
    self.after = after
    self.requestID = requestID
    self.previousHash = previousHash
  }

  public var hash: [UInt8] {
    var bytes = Array("millrace-audit-1".utf8)
    func add(_ text: String?) {
      guard let text else {
        bytes.append(0)
        return
      }
      bytes.append(1)
      let length = UInt32(truncatingIfNeeded: text.utf8.count)
      for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: length >> shift)) }
      bytes += text.utf8
    }
    add(String(id))
    add(String(atMicroseconds))
    add(actorKind.rawValue)
    add(actor)
    add(ip)
    add(action)
    add(organisation.map { String($0) })
    add(app.map { String($0) })
    add(entityType)
    add(entityID)
    add(before)
    add(after)
    add(requestID)
    bytes += previousHash
    return Cryptography.sha256(bytes)
  }

  /// The id of the first row that does not follow from the one before it; `nil` if the chain holds. `hashes` are those
  /// stored, beside their rows.
  public static func firstBreak(_ rows: [AuditRow], hashes: [[UInt8]]) -> Int64? {
    var previous = chainStart
    for (row, hash) in zip(rows, hashes) {
      guard row.previousHash == previous, row.hash == hash else { return row.id }
      previous = hash
    }
    return nil
  }
}
