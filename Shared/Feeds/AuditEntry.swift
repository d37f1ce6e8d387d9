import Jobs
import KeevoClient
import Model

/// One line of an app's audit log (feeds S2): who changed what. Format 1.
public struct AuditEntry: Hashable, Sendable {
  public enum EntityType: UInt8, Hashable, Sendable, CaseIterable {
    case activity = 1
    case reaction = 2
    case user = 3
    case collectionObject = 4
    case feed = 5

    /// As the API writes it.
    public var name: String {
      switch self {
      case .activity: "activity"
      case .reaction: "reaction"
      case .user: "user"
      case .collectionObject: "collection_object"
      case .feed: "feed"
      }
    }

    public init?(name: String) {
      guard let type = Self.allCases.first(where: { $0.name == name }) else { return nil }
      self = type
    }
  }

  public enum Action: UInt8, Hashable, Sendable, CaseIterable {
    case create = 1
    case update = 2
    case delete = 3

    public var name: String {
      switch self {
      case .create: "create"
      case .update: "update"
      case .delete: "delete"
      }
    }
  }

  public var entityType: EntityType
  public var entityID: String
  public var action: Action
  /// The author; empty where nobody is named.
  public var userID: String
  /// Differs from that of every other entry of the app that this process makes.
  public var createdAt: ActivityTime

  public init(_ type: EntityType, id: String, action: Action, userID: String, createdAt: ActivityTime) {
    entityType = type
    entityID = id
    self.action = action
    self.userID = userID
    self.createdAt = createdAt
  }

  /// Names the entry; ids sort by time.
  public var id: ActivityID { ActivityID(ticks: createdAt.ticks, low: 0x8000_0000_0000_0000 | digest >> 2) }

  /// A hash of what was changed and how: entries of one moment differ by it.
  private var digest: UInt64 {
    FeedKeys.integer(
      SHA256Digest.of([entityType.rawValue, action.rawValue] + Array(entityID.utf8)).prefix(8))
  }

  /// Where it stands in a partition of the log: newest first.
  var key: RowKey {
    RowKey(space: AuditLog.space, rest: FeedKeys.bigEndian(~createdAt.ticks) + FeedKeys.bigEndian(digest))
  }

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(entityType.rawValue)
    out.integer(action.rawValue)
    out.integer(createdAt.microseconds)
    out.short(entityID.utf8)
    out.short(userID.utf8)
    return out.bytes
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    let type: UInt8 = try reader.integer()
    let action: UInt8 = try reader.integer()
    guard let type = EntityType(rawValue: type), let action = Action(rawValue: action) else {
      throw .malformed("an audit entry of type \(type), action \(action)")
    }
    entityType = type
    self.action = action
    createdAt = ActivityTime(microseconds: try reader.integer())
    entityID = String(decoding: try reader.short(), as: UTF8.self)
    userID = String(decoding: try reader.short(), as: UTF8.self)
  }
}

extension ChangeContext.Author {
  /// The name in the log; an actor is named without `SU:` (feeds S2).
  func name(actor: String) -> String {
    switch self {
    case .user(let user): user
    case .actor: actor.hasPrefix("SU:") ? String(actor.dropFirst(3)) : actor
    }
  }
}
