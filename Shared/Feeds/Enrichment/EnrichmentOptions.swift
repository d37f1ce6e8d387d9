/// What a request wants beside references (feeds 2.2, H6–H10).
public struct EnrichmentOptions: Hashable, Sendable {
  public var withOwnReactions = false
  public var withRecentReactions = false
  /// `latest_reactions` holds the oldest instead.
  public var withFirstReactions = false
  public var withReactionCounts = false
  public var withOwnChildren = false
  /// Kinds of `own_children`; empty: all.
  public var ownChildrenKinds: [String] = []
  /// Kinds of counts, latest and own; empty: all (H10).
  public var reactionKinds: [String] = []
  /// Reactions of a kind in `latest_reactions` (L13).
  public var recentReactionsLimit = 5
  /// Whose own reactions and children; `nil`: everybody's (H9).
  public var user: String?
  /// `user_id` as the request named it, for the addresses of H8.
  public var requestedUser: String?
  /// Scheme and host that the addresses of H8 begin with, such as `http://localhost:8080`.
  public var origin = ""

  public init() {}

  /// Whether activities get any member about reactions.
  public var wantsReactions: Bool {
    withOwnReactions || withRecentReactions || withFirstReactions || withReactionCounts
  }
}
