import Model

/// Whether an identity may do something: scopes of server tokens (feeds A5–A8, A10) and the policies for users
/// (feeds 1.7). Pure: it looks at its arguments only.
public enum Authorizer {
  /// Checks a server token's scope; users and anonymous readers have none.
  ///
  /// A token for particular feeds opens only requests whose path names one of them (feeds A6, A8).
  public static func checkScope(
    _ identity: Identity, resource: APIResource, action: APIAction, feed: FeedID?
  ) throws(AuthError) {
    guard case .server(let scope, _) = identity else { return }
    guard scope.resource.contains(resource.rawValue) else {
      throw .outOfScope("the token's resource does not cover \(resource.rawValue)")
    }
    guard scope.action.contains(action.rawValue) else {
      throw .outOfScope("the token's action does not cover \(action.rawValue)")
    }
    if case .any = scope.feed { return }
    guard let feed, scope.feed.contains(feed.group + feed.id) else {
      throw .outOfScope(
        feed.map { "the token's feed_id does not cover \($0)" } ?? "the token's feed_id covers particular feeds only")
    }
  }

  /// What users do to a feed that a request names.
  public enum FeedOperation: Hashable, Sendable, CaseIterable {
    /// Read a page (P1, P2, P22).
    case read
    /// Add activities (P1, P22).
    case write
    /// Remove activities (P1, P22).
    case remove
    /// Follow from it (P5, P24).
    case follow
    /// Unfollow from it (P5, P24).
    case unfollow
    /// List whom it follows or who follows it (P6, P24).
    case listFollows
    /// Be named in `to` (P7, P23).
    case target

    /// How rules name it.
    var meaning: (resource: APIResource, action: APIAction) {
      switch self {
      case .read: (.feed, .read)
      case .write, .target: (.feed, .write)
      case .remove: (.feed, .delete)
      case .follow: (.follower, .write)
      case .unfollow: (.follower, .delete)
      case .listFollows: (.follower, .read)
      }
    }
  }

  /// Checks the policies of feeds 1.7 for a feed of a known group.
  public static func check(
    _ identity: Identity, _ operation: FeedOperation, feed: FeedID, group: FeedGroup
  ) throws(AuthError) {
    switch identity {
    case .server: return
    case .anonymous:
      guard operation == .read, isReadableByAll(group.policy) else {
        throw .token("the request has no token: send it in the header Authorization")
      }
    case .user(let user):
      let isOwner = feed.id == user
      let (resource, action) = operation.meaning
      let decision = group.rules.decision(
        resource: resource.rawValue, action: action.rawValue, group: group.slug, isOwner: isOwner)
      switch decision {
      case .allow: return
      case .deny: throw .notPermitted
      case nil: guard isOwner || othersMay(operation, group.policy) else { throw .notPermitted }
      }
    }
  }

  /// Whose a thing is that lies in no feed group: an object, a user, a reaction, a file.
  public enum Owner: Hashable, Sendable {
    /// Known only when the thing has been read, which comes before its permissions (P30): refuses what nobody may.
    case notYetKnown
    case user(String)
    /// Nobody's, or of many.
    case none

    /// The owner that a stored thing names, if it names one.
    public init(_ user: String?) { self = user.map { .user($0) } ?? .none }
  }

  /// Checks the policies for what lies in no feed group: an app's own rules first, then the table: everybody reads, owners write and
  /// delete (feeds P8–P12, P21, P25; insight D95).
  ///
  /// - Parameter resource: the name that rules have for it.
  public static func check(
    _ identity: Identity, _ rules: [AccessRule], resource: String, action: APIAction, owner: Owner
  ) throws(AuthError) {
    switch identity {
    case .server: return
    case .anonymous: try checkHasToken(identity)
    case .user(let user):
      func isPermitted(isOwner: Bool) -> Bool {
        let decision = rules.decision(resource: resource, action: action.rawValue, group: nil, isOwner: isOwner)
        return decision.map { $0 == .allow } ?? (isOwner || action == .read)
      }
      let isPermitted =
        switch owner {
        case .notYetKnown: isPermitted(isOwner: true) || isPermitted(isOwner: false)
        case .user(let owner): isPermitted(isOwner: owner == user)
        case .none: isPermitted(isOwner: false)
        }
      guard isPermitted else { throw .notPermitted }
    }
  }

  /// Refuses users what only servers may do (P28).
  public static func checkIsServer(_ identity: Identity) throws(AuthError) {
    switch identity {
    case .server: return
    case .user: throw .notPermitted
    case .anonymous: throw .token("the request has no token: send it in the header Authorization")
    }
  }

  /// Refuses who has no token, where the app lets such read its public feeds and nothing else (A14).
  public static func checkHasToken(_ identity: Identity) throws(AuthError) {
    if case .anonymous = identity { throw .token("the request has no token: send it in the header Authorization") }
  }

  /// Refuses a user what concerns another one (P9, P21, P27).
  public static func checkIsSelf(_ identity: Identity, user: String) throws(AuthError) {
    switch identity {
    case .server: return
    case .user(let own): guard own == user else { throw .notPermitted }
    case .anonymous: throw .token("the request has no token: send it in the header Authorization")
    }
  }

  /// A user's activities must have that user as actor, plain or as a reference (P20).
  public static func checkActor(_ identity: Identity, actor: String) throws(AuthError) {
    guard case .user(let user) = identity else { return }
    guard actor == user || actor == "SU:\(user)" else { throw .notPermitted }
  }

  /// The columns of the table in feeds 1.7.
  private static func othersMay(_ operation: FeedOperation, _ policy: FeedGroup.Policy) -> Bool {
    switch operation {
    case .read: isReadableByAll(policy)
    case .write, .remove: policy == .publicReadWrite
    case .target: policy == .notify || policy == .publicReadWrite
    case .follow, .unfollow, .listFollows: false
    }
  }

  private static func isReadableByAll(_ policy: FeedGroup.Policy) -> Bool {
    policy == .publicRead || policy == .publicReadWrite
  }
}
