/// Why an operation on reactions failed.
public enum ReactionError: Error, Sendable {
  case feeds(FeedError)
  /// There is no such reaction, or not in the state that the operation needs (feeds R11, R12).
  case unknown
  /// The parent does not exist or is deleted (feeds R5).
  case unknownParent
  /// More than three levels (feeds L15).
  case tooDeep
  /// The id is in use.
  case idTaken
}
