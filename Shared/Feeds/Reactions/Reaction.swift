import KeevoClient
import Model

/// A reaction as stored (feeds R1), without what is shown around it: its user and its children.
public struct Reaction: Hashable, Sendable {
  public var id: ActivityID
  public var kind: String
  public var activityID: ActivityID
  public var userID: String
  /// The reaction it is a child of; `nil` at the top level.
  public var parent: ActivityID?
  /// A JSON object as sent.
  public var data: [UInt8]
  public var targetFeeds: [FeedID]
  public var createdAt: ActivityTime
  public var updatedAt: ActivityTime
  /// Set while it, or a reaction above it, is soft-deleted (feeds R12).
  public var deletedAt: ActivityTime?

  /// `aboveDeletedAt`: when a reaction above it was soft-deleted.
  init(_ record: ReactionRecord, aboveDeletedAt: ActivityTime? = nil) {
    id = record.path.id
    kind = String(decoding: record.path.kind, as: UTF8.self)
    activityID = record.path.activity
    userID = String(decoding: record.user, as: UTF8.self)
    parent = record.path.parent?.id
    data = record.data
    targetFeeds = record.targets.compactMap { FeedID(nameBytes: $0) }
    createdAt = record.createdAt
    updatedAt = record.updatedAt
    deletedAt = record.deletedAt ?? aboveDeletedAt
  }
}
