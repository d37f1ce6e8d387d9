/// Why something with users or objects was not done.
public enum EntityError: Error, Sendable {
  /// There is none of that name.
  case unknown(EntityName)
  /// The id is taken (feeds O5, U2).
  case conflict(EntityName)
  /// It belongs to somebody else (feeds P21, P25).
  case notPermitted
  case feed(FeedError)
}
