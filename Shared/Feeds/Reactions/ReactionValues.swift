import Model

/// A reaction on its way in (feeds 2.9). The caller has checked forms and permissions.
public struct ReactionInput: Hashable, Sendable {
  public enum Parent: Hashable, Sendable {
    case activity(ActivityID)
    case reaction(ActivityID)
  }
  public var kind: String
  public var parent: Parent
  public var userID: String
  /// `nil`: the server makes it.
  public var id: ActivityID?
  /// When the request was first noted, for requests that may be repeated; `nil`: now.
  public var time: ActivityTime?
  /// A JSON object.
  public var data: [UInt8]
  public var targetFeeds: [FeedID]
  /// Members of the target feeds' activity as JSON text, each with a comma before it.
  public var extraMembers: [UInt8]

  public init(
    kind: String, parent: Parent, userID: String, id: ActivityID? = nil, time: ActivityTime? = nil,
    data: [UInt8] = Array("{}".utf8), targetFeeds: [FeedID] = [], extraMembers: [UInt8] = []
  ) {
    self.kind = kind
    self.parent = parent
    self.userID = userID
    self.id = id
    self.time = time
    self.data = data
    self.targetFeeds = targetFeeds
    self.extraMembers = extraMembers
  }
}

/// What is to change of a reaction; `nil` keeps (feeds R10).
public struct ReactionChange: Hashable, Sendable {
  public var data: [UInt8]?
  public var targetFeeds: [FeedID]?
  public var extraMembers: [UInt8]?
  public init(data: [UInt8]? = nil, targetFeeds: [FeedID]? = nil, extraMembers: [UInt8]? = nil) {
    self.data = data
    self.targetFeeds = targetFeeds
    self.extraMembers = extraMembers
  }
}

/// Which reactions are listed (feeds R13, R14).
public struct ReactionListRequest: Hashable, Sendable {
  public enum Scope: Hashable, Sendable {
    /// The top-level reactions of an activity.
    case activity(ActivityID)
    /// The direct children of a reaction.
    case reaction(ActivityID)
    /// All of a user's, children included.
    case user(String)
  }
  public var scope: Scope
  public var kind: String?
  /// Only that user's; without effect where the scope is a user.
  public var userID: String?
  public var limit: Int
  public var bounds: ReactionBounds
  public init(
    scope: Scope, kind: String? = nil, userID: String? = nil, limit: Int = 10, bounds: ReactionBounds = .init()
  ) {
    self.scope = scope
    self.kind = kind
    self.userID = userID
    self.limit = limit
    self.bounds = bounds
  }
}

/// Bounds of ids; they need not name anything (feeds T1).
public struct ReactionBounds: Hashable, Sendable {
  public var lessThan: ActivityID?
  public var lessThanOrEqual: ActivityID?
  public var greaterThan: ActivityID?
  public var greaterThanOrEqual: ActivityID?
  public init(
    lessThan: ActivityID? = nil, lessThanOrEqual: ActivityID? = nil, greaterThan: ActivityID? = nil,
    greaterThanOrEqual: ActivityID? = nil
  ) {
    self.lessThan = lessThan
    self.lessThanOrEqual = lessThanOrEqual
    self.greaterThan = greaterThan
    self.greaterThanOrEqual = greaterThanOrEqual
  }

  /// Oldest first, beginning at the bound: with a lower bound and no upper one (feeds R14).
  public var isAscending: Bool {
    (greaterThan != nil || greaterThanOrEqual != nil) && lessThan == nil && lessThanOrEqual == nil
  }
}

public struct ReactionPage: Hashable, Sendable {
  public var reactions: [ReactionTree]
  /// Whether anything remains after the last.
  public var hasMore: Bool
  public init(reactions: [ReactionTree], hasMore: Bool) {
    self.reactions = reactions
    self.hasMore = hasMore
  }
}

/// A reaction with what is shown inside it (feeds R6, R7). Kinds stand in the order of their names.
public struct ReactionTree: Hashable, Sendable {
  public var reaction: Reaction
  public var latestChildren: [ReactionKind] = []
  public var childrenCounts: [ReactionCount] = []
  /// `nil`: not asked for.
  public var ownChildren: [ReactionKind]?
  public init(_ reaction: Reaction) { self.reaction = reaction }
}

/// Reactions of one kind.
public struct ReactionKind: Hashable, Sendable {
  public var kind: String
  public var reactions: [ReactionTree]
  /// Whether there are more of the kind than are shown.
  public var hasMore = false
  public init(kind: String, reactions: [ReactionTree], hasMore: Bool = false) {
    self.kind = kind
    self.reactions = reactions
    self.hasMore = hasMore
  }
}

/// How many reactions of a kind there are; 0 where there were some once (feeds H7).
public struct ReactionCount: Hashable, Sendable {
  public var kind: String
  public var count: Int
  public init(kind: String, count: Int) {
    self.kind = kind
    self.count = count
  }
}

/// Whose own children are shown in each reaction (feeds R7, H9).
public struct OwnChildrenRequest: Hashable, Sendable {
  /// `nil`: nobody in particular, so everybody's.
  public var userID: String?
  /// Only these; empty for all.
  public var kinds: [String]
  public init(userID: String?, kinds: [String] = []) {
    self.userID = userID
    self.kinds = kinds
  }
}

/// What an enriched read asks of reactions (feeds H6, H10).
public struct ReactionMembersRequest: Hashable, Sendable {
  public var own = false
  /// Whose `own_reactions`; `nil`: everybody's (feeds H9).
  public var ownUserID: String?
  public var latest = false
  /// The oldest in place of the newest.
  public var isOldestFirst = false
  public var counts = false
  /// Shown of each kind (feeds L13).
  public var latestPerKind = 5
  /// Only these; empty for all.
  public var kinds: [String] = []
  public var ownChildren: OwnChildrenRequest?
  public init() {}

  /// Whether anything is asked for.
  public var isWanted: Bool { own || latest || counts }
}

/// The reaction members of one activity (feeds H6); `nil` where not asked for.
public struct ReactionMembers: Hashable, Sendable {
  public var own: [ReactionKind]?
  public var latest: [ReactionKind]?
  public var counts: [ReactionCount]?
  public init() {}
}
