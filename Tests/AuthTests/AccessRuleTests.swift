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

  @Test func theGreaterPriorityDecidesAndOfEqualOnesTheRefusal() throws {
    #expect(try allows([rule(.deny, priority: 1), rule(.allow, priority: 2)], .read))
    #expect(try !allows([rule(.deny, priority: 3), rule(.allow, priority: 2)], .read))
    #expect(try !allows([rule(.allow), rule(.deny)], .read))
  }

  @Test func serversAndAnonymousReadersHaveNoRules() throws {
    let app = AppConfiguration(id: AppID(1), name: "app", groups: FeedGroup.standard, rules: [rule(.deny, "*")])
    let feed = try #require(FeedID("user:bob"))
    let group = try #require(app.groups["user"])
    let server = Identity.server(TokenScope(resource: .any, action: .any, feed: .any), onBehalfOf: "alice")
    try Authorizer.check(server, .write, feed: feed, group: group)
    try Authorizer.checkRules(server, app.rules, resource: .collections, action: .write)
    #expect(throws: AuthError.notPermitted) {
      try Authorizer.checkRules(.user("alice"), app.rules, resource: .collections, action: .write)
    }
    let allowing = [rule(.allow, "collections"), rule(.deny, "collections", groups: ["user"])]
    try Authorizer.checkRules(.user("alice"), allowing, resource: .collections, action: .write)
  }
}
