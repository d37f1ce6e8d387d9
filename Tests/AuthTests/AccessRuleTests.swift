import Auth
import ControlPlane
import Model
import Testing

/// An app's own policies (insight D95).
@Suite struct AccessRuleTests {
  private func rule(
    _ effect: AccessRule.Effect, _ resource: String = "feed", _ action: String = "*", groups: [String] = [],
    priority: Int = 100, ownerOnly: Bool = false
  ) -> AccessRule {
    AccessRule(
      name: "\(effect) \(priority)", priority: priority, effect: effect, resource: resource, action: action,
      groups: groups, ownerOnly: ownerOnly)
  }

  private func allows(
    _ rules: [AccessRule], _ operation: Authorizer.FeedOperation, _ feed: String = "timeline:bob"
  ) throws -> Bool {
    let app = AppConfiguration(id: AppID(1), name: "app", groups: FeedGroup.standard, rules: rules)
    let feed = try #require(FeedID(feed))
    let group = try #require(app.groups[feed.group])
    do throws(AuthError) {
      try Authorizer.check(.user("alice"), operation, feed: feed, group: group)
      return true
    } catch {
      #expect(error == .notPermitted)
      return false
    }
  }

  @Test func withoutARuleThatMatchesTheTableDecides() throws {
    let rules = [
      rule(.allow, "follower"), rule(.allow, "feed", "delete"), rule(.allow, groups: ["flat"]),
      rule(.allow, ownerOnly: true),
    ]
    #expect(try !allows(rules, .read))
    #expect(try !allows([], .read))
    #expect(try allows([], .read, "user:bob"))
  }

  @Test func rulesAllowAndDeny() throws {
    #expect(try allows([rule(.allow, "feed", "read")], .read))
    #expect(try !allows([rule(.allow, "feed", "read")], .write))
    #expect(try allows([rule(.allow, "*", "*", groups: ["timeline"])], .remove))
    #expect(try !allows([rule(.allow, "*", "*", groups: ["timeline"])], .remove, "user:bob"))
    #expect(try !allows([rule(.deny, "feed", "read")], .read, "user:bob"))
    #expect(try !allows([rule(.deny)], .write, "user:alice"), "also of the own feeds")
    #expect(try allows([rule(.deny, ownerOnly: true)], .read, "user:bob"))
    #expect(try !allows([rule(.deny, ownerOnly: true)], .read, "user:alice"))
    #expect(try allows([rule(.allow, "follower", "read")], .listFollows))
    #expect(try allows([rule(.allow, "follower", "write")], .follow))
    #expect(try !allows([rule(.allow, "follower", "write")], .unfollow))
    #expect(try allows([rule(.allow, "feed", "write")], .target))
  }

  @Test func theLowestPriorityDecidesAndOfEqualOnesTheRefusal() throws {  // insight D28
    #expect(try allows([rule(.deny, priority: 2), rule(.allow, priority: 1)], .read))
    #expect(try !allows([rule(.deny, priority: 2), rule(.allow, priority: 3)], .read))
    #expect(try !allows([rule(.allow, priority: -1), rule(.deny, priority: -2)], .read))
    #expect(try !allows([rule(.allow), rule(.deny)], .read))
  }

  @Test func serversHaveNoRules() throws {
    let app = AppConfiguration(id: AppID(1), name: "app", groups: FeedGroup.standard, rules: [rule(.deny, "*")])
    let feed = try #require(FeedID("user:bob"))
    let group = try #require(app.groups["user"])
    let server = Identity.server(TokenScope(resource: .any, action: .any, feed: .any), onBehalfOf: "alice")
    try Authorizer.check(server, .write, feed: feed, group: group)
    for owner in [Authorizer.Owner.notYetKnown, .none, .user("bob")] {
      try Authorizer.check(server, app.rules, resource: "collections", action: .delete, owner: owner)
    }
  }

  // MARK: What lies in no feed group

  private func may(
    _ rules: [AccessRule], _ action: APIAction, _ owner: Authorizer.Owner, _ resource: String = "reactions",
    identity: Identity = .user("alice")
  ) -> Bool {
    do throws(AuthError) {
      try Authorizer.check(
        identity, AccessRule.ordered(rules), resource: resource, action: action, owner: owner)
      return true
    } catch { return false }
  }

  private static let owners: [Authorizer.Owner] = [.user("alice"), .user("bob"), .none, .notYetKnown]

  /// For each owner of `owners`, whether alice may.
  private func row(_ rules: [AccessRule], _ action: APIAction, _ resource: String = "reactions") -> [Bool] {
    Self.owners.map { may(rules, action, $0, resource) }
  }

  @Test func withoutRulesAllReadAndOwnersChange() {  // P8–P10, P25
    #expect(row([], .read) == [true, true, true, true])
    for action in [APIAction.write, .delete] { #expect(row([], action) == [true, false, false, true]) }
    for owner in Self.owners { #expect(!may([], .read, owner, identity: .anonymous)) }
  }

  @Test(arguments: ["collections", "users", "reactions", "files", "images", "activities"])
  func rulesOpenAndCloseEachResource(resource: String) {
    let other = resource == "users" ? "files" : "users"
    for action in APIAction.allCases {
      let table = action == .read ? [true, true, true, true] : [true, false, false, true]
      #expect(row([rule(.allow, resource, action.rawValue)], action, resource) == [true, true, true, true])
      #expect(row([rule(.deny, resource, action.rawValue)], action, resource) == [false, false, false, false])
      #expect(row([rule(.deny, "*", "*")], action, resource) == [false, false, false, false])
      #expect(
        row([rule(.deny, resource, action.rawValue, ownerOnly: true)], action, resource)
          == [false, table[1], table[2], table[1]])
      #expect(row([rule(.allow, resource, action.rawValue, ownerOnly: true)], action, resource) == table)
      // Rules of other resources, actions and feed groups say nothing.
      for rule in [
        rule(.deny, other, "*"), rule(.deny, resource, action == .read ? "write" : "read"),
        rule(.deny, "*", "*", groups: ["user"]),
      ] { #expect(row([rule], action, resource) == table) }
    }
  }

  @Test func oneMayBeLeftWithOnesOwn() {
    let rules = [rule(.allow, "reactions", "read", priority: 1, ownerOnly: true), rule(.deny, "reactions", "read")]
    #expect(row(rules, .read) == [true, false, false, true])
    let closed = [rule(.deny, "reactions", "*", priority: 1), rule(.allow, "reactions", "*", ownerOnly: true)]
    #expect(row(closed, .write) == [false, false, false, false])
  }
}
