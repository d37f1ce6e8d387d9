import Model

/// A reaction on its way to being shown.
struct ReactionNode: Sendable {
  var record: ReactionRecord
  /// When a reaction above it was soft-deleted.
  var aboveDeletedAt: ActivityTime?

  var isLive: Bool { record.deletedAt == nil && aboveDeletedAt == nil }
}
