import Auth
import Model
import Testing

@Suite struct AuthorizerTests {
  private func error(_ body: () throws(AuthError) -> Void) -> AuthError? {
    do throws(AuthError) {
      try body()
      return nil
    } catch { return error }
  }

  /// The table of feeds 1.7: what alice may do to a feed of bob's, by policy.
  private static let others: [FeedGroup.Policy: Set<Authorizer.FeedOperation>] = [
    .private: [], .publicRead: [.read], .notify: [.target], .publicReadWrite: [.read, .write, .remove, .target],
  ]

  @Test(arguments: FeedGroup.Policy.allCases, Authorizer.FeedOperation.allCases)
  func usersMayDoAllToTheirOwnFeedsAndByPolicyToOthers(
    policy: FeedGroup.Policy, operation: Authorizer.FeedOperation
  ) throws {
    let group = FeedGroup(slug: "g", kind: .flat, policy: policy)
    let own = try #require(FeedID("g:alice"))
    let other = try #require(FeedID("g:bob"))
    let allowed = try #require(Self.others[policy]).contains(operation)
    #expect(
      error { () throws(AuthError) in try Authorizer.check(.user("alice"), operation, feed: own, group: group) } == nil)
    #expect(
      error { () throws(AuthError) in try Authorizer.check(.user("alice"), operation, feed: other, group: group) }
        == (allowed ? nil : .notPermitted))
    let server = Identity.server(TokenScope(resource: .any, action: .any, feed: .any), onBehalfOf: "alice")
    #expect(error { () throws(AuthError) in try Authorizer.check(server, operation, feed: other, group: group) } == nil)
  }

  @Test(arguments: [
    ("user", FeedGroup.Policy.publicRead), ("topic", .publicRead), ("notification", .notify), ("timeline", .private),
    ("flat", .private), ("secret", .private), ("aggregated", .private), ("anything", .private),
  ])
  func groupsHaveTheirStandardPolicies(slug: String, policy: FeedGroup.Policy) {
    #expect(FeedGroup.Policy.standard(forSlug: slug) == policy)
  }

  @Test func withoutATokenOnlyPublicFeedsAreRead() throws {
    let feed = try #require(FeedID("user:bob"))
    for policy in FeedGroup.Policy.allCases {
      for operation in Authorizer.FeedOperation.allCases {
        let group = FeedGroup(slug: "user", kind: .flat, policy: policy)
        let isAllowed = operation == .read && [.publicRead, .publicReadWrite].contains(policy)
        let error = error { () throws(AuthError) in
          try Authorizer.check(.anonymous, operation, feed: feed, group: group)
        }
        #expect((error == nil) == isAllowed, "\(policy) \(operation)")
      }
    }
    #expect(error { () throws(AuthError) in try Authorizer.checkHasToken(.anonymous) } != nil)
    #expect(error { () throws(AuthError) in try Authorizer.checkIsServer(.anonymous) } != nil)
  }

  @Test func serverOnlyEndpointsRefuseUsers() {
    let server = Identity.server(TokenScope(resource: .any, action: .any, feed: .any), onBehalfOf: nil)
    #expect(error { () throws(AuthError) in try Authorizer.checkIsServer(server) } == nil)
    #expect(error { () throws(AuthError) in try Authorizer.checkIsServer(.user("alice")) } == .notPermitted)
  }

  @Test func aUsersActorIsThatUser() {
    func refusal(_ actor: String) -> AuthError? {
      error { () throws(AuthError) in try Authorizer.checkActor(.user("alice"), actor: actor) }
    }
    #expect(refusal("alice") == nil)
    #expect(refusal("SU:alice") == nil)
    for actor in ["bob", "SU:bob", "su:alice", "SU:alice2", "SO:user:alice", ""] {
      #expect(refusal(actor) == .notPermitted)
    }
    let server = Identity.server(TokenScope(resource: .any, action: .any, feed: .any), onBehalfOf: "alice")
    #expect(error { () throws(AuthError) in try Authorizer.checkActor(server, actor: "bob") } == nil)
  }

  struct ScopeCase: Sendable, CustomTestStringConvertible {
    var resource = "*"
    var action = "*"
    var feedID = "*"
    let asked: (APIResource, APIAction, String?)
    let isInScope: Bool
    var testDescription: String {
      "\(resource)/\(action)/\(feedID) asked \(asked.0.rawValue)/\(asked.1.rawValue)/\(asked.2 ?? "-")"
    }
  }

  @Test(arguments: [
    ScopeCase(asked: (.feed, .write, "user:1"), isInScope: true),
    ScopeCase(resource: "feed", asked: (.feed, .read, "user:1"), isInScope: true),
    ScopeCase(resource: "feed", asked: (.follower, .read, "user:1"), isInScope: false),
    ScopeCase(resource: "follower,feed", asked: (.follower, .read, "user:1"), isInScope: true),
    ScopeCase(action: "read", asked: (.feed, .write, "user:1"), isInScope: false),
    ScopeCase(action: "read,delete", asked: (.feed, .delete, "user:1"), isInScope: true),
    ScopeCase(feedID: "user1", asked: (.feed, .write, "user:1"), isInScope: true),
    ScopeCase(feedID: "user1", asked: (.feed, .write, "use:r1"), isInScope: true),
    ScopeCase(feedID: "user1", asked: (.feed, .write, "user:2"), isInScope: false),
    ScopeCase(feedID: "user1", asked: (.feed, .write, "user:11"), isInScope: false),
    ScopeCase(feedID: "user:1", asked: (.feed, .write, "user:1"), isInScope: false),
    ScopeCase(feedID: "user1,flat2", asked: (.feed, .write, "flat:2"), isInScope: true),
    ScopeCase(feedID: "user1", asked: (.activities, .read, nil), isInScope: false),
    ScopeCase(resource: "feed", asked: (.everything, .read, nil), isInScope: false),
    ScopeCase(asked: (.everything, .read, nil), isInScope: true),
    // A read-only token (A8): everything of its feed that is read, nothing else.
    ScopeCase(action: "read", feedID: "user1", asked: (.feed, .read, "user:1"), isInScope: true),
    ScopeCase(action: "read", feedID: "user1", asked: (.follower, .read, "user:1"), isInScope: true),
    ScopeCase(action: "read", feedID: "user1", asked: (.feed, .read, "user:2"), isInScope: false),
    ScopeCase(action: "read", feedID: "user1", asked: (.feed, .write, "user:1"), isInScope: false),
    ScopeCase(action: "read", feedID: "user1", asked: (.feed, .delete, "user:1"), isInScope: false),
  ])
  func serverTokensAreBoundByTheirScope(scopeCase: ScopeCase) throws {
    let identity = Identity.server(
      TokenScope(
        resource: .init(claim: scopeCase.resource), action: .init(claim: scopeCase.action),
        feed: .init(claim: scopeCase.feedID)), onBehalfOf: nil)
    let (resource, action, feed) = scopeCase.asked
    let feedID = try feed.map { try #require(FeedID($0)) }
    let error = error { () throws(AuthError) in
      try Authorizer.checkScope(identity, resource: resource, action: action, feed: feedID)
    }
    if scopeCase.isInScope {
      #expect(error == nil)
    } else {
      guard case .outOfScope = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }
}
