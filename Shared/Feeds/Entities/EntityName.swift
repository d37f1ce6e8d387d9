import KeevoClient
import Model

/// What names a user or a collection object (feeds L23, O1).
public enum EntityName: Hashable, Sendable {
  case user(String)
  case object(collection: String, id: String)

  public static let nameBytesMax = 255

  /// `nil` if the id has not the form of L23.
  public init?(user id: String) {
    guard FeedID.isName(id.utf8, bytesMax: Self.nameBytesMax) else { return nil }
    self = .user(id)
  }

  /// `nil` if one of them has not the form of L23.
  public init?(collection: String, id: String) {
    guard FeedID.isName(collection.utf8, bytesMax: Self.nameBytesMax),
      FeedID.isName(id.utf8, bytesMax: Self.nameBytesMax)
    else { return nil }
    self = .object(collection: collection, id: id)
  }

  public var id: String {
    switch self {
    case .user(let id), .object(_, let id): id
    }
  }

  /// Where it lies: a user's partition holds more of that user, an object has one of its own.
  func item(_ app: AppID) -> MultiGetRequest.Item {
    switch self {
    case .user(let id):
      MultiGetRequest.Item(partition: FeedKeys.user(id, app), key: RowKey(space: FeedKeys.userSpace))
    case .object(let collection, let id):
      MultiGetRequest.Item(
        partition: Partition(app: app.rawValue, "o/\(collection)/\(id)"), key: RowKey(space: FeedKeys.objectSpace))
    }
  }
}

extension FeedKeys {
  static let userSpace = UInt8(ascii: "u")
  static let objectSpace = UInt8(ascii: "b")

  /// The partition of all that belongs to a user.
  static func user(_ id: String, _ app: AppID) -> Partition { Partition(app: app.rawValue, "u/\(id)") }
}
