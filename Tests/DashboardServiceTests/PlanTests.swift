import ControlPlane
import JSON
import Testing

@testable import DashboardService

@Suite struct PlanTests {
  static let production = StoredApp(id: 4, organisation: 1, name: "x", environment: "production", version: 1)

  static func file(_ members: String, app: String = "\"name\":\"x\"") throws -> AppFile {
    let tail = members.isEmpty ? "" : ",\n\(members)"
    return try AppFile(Array("{\"version\":1,\"app\":{\(app)}\(tail)}".utf8), schema: try AppSchema())
  }

  static func plan(
    _ members: String, app: String = "\"name\":\"x\"", live: StoredApp? = nil, prune: Bool = false, yes: Bool = false,
    secrets: [String: String] = [:]
  ) throws -> ApplyPlan {
    let planner = ApplyPlanner(
      schema: try AppSchema(), options: ApplyPlanner.Options(prune: prune, confirmed: yes))
    let start = live ?? StoredApp(id: 0, organisation: 1, name: "", groups: ApplyEngine.standardGroups)
    return try planner.plan(try file(members, app: app), live: start, isNew: live == nil) { reference in
      let name = reference["from_env"]?.string ?? ""
      return secrets[name].map { .value(Array($0.utf8)) } ?? .missing("\(name) is not set", "Set it")
    }
  }

  /// What the database holds after a plan was carried out.
  static func applied(_ members: String, app: String = "\"name\":\"x\"", secrets: [String: String] = [:]) throws
    -> StoredApp
  {
    var app = try plan(members, app: app, yes: true, secrets: secrets).app
    app.id = 4
    app.version = 1
    return app
  }

  static func lines(_ plan: ApplyPlan) -> [String] { plan.items.map { "\($0.action.rawValue) \($0.path)" } }

  /// A format that does not compile is taken with a warning that says where, not refused (feeds J9).
  @Test func aFormatThatDoesNotCompileIsTakenWithAWarning() throws {
    let plan = try Self.plan(
      #""feed_groups":[{"slug":"bad","type":"aggregated","aggregation_format":"{{test[]}}"},"#
        + #"{"slug":"good","type":"aggregated","aggregation_format":"{{ verb }}"}]"#)
    #expect(plan.warnings.count == 1)
    #expect(
      plan.warnings.first?.hasPrefix(
        "/feed_groups/bad/aggregation_format: line 1, column 8: a value is expected here, not \"]\": reads") == true)
    #expect(plan.app.groups["bad"]?.document["aggregation_format"]?.string == "{{test[]}}")
    #expect(!plan.items.contains { $0.action == .refuse })
    let deep = "{{ " + String(repeating: "(", count: 40) + "verb" + String(repeating: ")", count: 40) + " }}"
    let large = try Self.plan(
      #""feed_groups":[{"slug":"deep","type":"aggregated","aggregation_format":"\#(deep)"}]"#)
    #expect(large.warnings.first?.contains("nests deeper than 32 levels") == true)
  }

  @Test func aNewAppGetsTheStandardGroupsAndThoseOfTheFile() throws {
    let plan = try Self.plan("\"feed_groups\":[{\"slug\":\"source\",\"type\":\"flat\",\"policy\":\"public_read\"}]")
    #expect(
      Self.lines(plan) == [
        "create /app", "create /feed_groups/source", "create /feed_groups/aggregated", "create /feed_groups/flat",
        "create /feed_groups/notification", "create /feed_groups/secret", "create /feed_groups/timeline",
        "create /feed_groups/timeline_aggregated", "create /feed_groups/topic", "create /feed_groups/user",
      ])
    #expect(plan.app.groups["user"]?.document["policy"]?.string == "public_read")
    #expect(plan.app.groups["notification"]?.document["policy"]?.string == "notify")
    #expect(plan.app.groups["timeline"]?.document["policy"]?.string == "private")
    #expect(plan.app.groups["aggregated"]?.document["aggregation_format"]?.string?.contains("actor") == true)
  }

  static let full = """
    "feed_groups":[
     {"slug":"user","type":"flat","pull_above":100},
     {"slug":"hot","type":"flat","rankings":{"a":{"score":"1"},"b":{"score":"2","defaults":{"x":1.0}}},"ranking_default":"a"},
     {"slug":"n","type":"notification","aggregation_format":"{{ verb }}","notification":{"max_groups":3},"retention":"30d"}],
    "analytics":{"enabled":true,"redirect_hosts":["a.org"]},
    "personalization":{"resources":{"r":{"base":"similar","params":{"n":1}}},"reaction_weights":{"like":1.5}},
    "webhook":{"url":"https://example.org/h","signing_key":{"from_env":"HOOK"}},
    "push":[{"name":"p","type":"fcm","credentials":{"from_env":"PUSH"},"options":{"a":[1,{"b":null}],"c":null}}],
    "firehose":[{"type":"sqs","queue_url":"https://q/x","secret_access_key":{"from_env":"SQS"}}],
    "members":[{"email":"ada@example.org","role":"admin"}],
    "policies":[{"name":"one","effect":"allow","resource":"feed","action":"read"}],
    "moderation":{"enabled":true},"limits":{"requests_per_minute":{"add":5}}
    """
  static let secrets = ["HOOK": "hook-value", "PUSH": "push-value", "SQS": "sqs-value"]

  @Test func aSecondApplyChangesNothing() throws {
    let live = try Self.applied(Self.full, secrets: Self.secrets)
    let plan = try Self.plan(Self.full, live: live, secrets: Self.secrets)
    #expect(plan.items.allSatisfy { $0.action == .noop }, "\(Self.lines(plan))")
    #expect(plan.items.count == 13)
    #expect(!plan.secretsChanged && plan.changedGroups.isEmpty && plan.changedSections.isEmpty)
    let pruned = try Self.plan(Self.full, live: plan.app, prune: true, secrets: Self.secrets)
    #expect(pruned.changes.allSatisfy { $0.action == .delete && $0.path.hasPrefix("/feed_groups/") })
  }

  @Test func anExportIsAcceptedWithAnEmptyPlan() throws {
    let live = try Self.applied(Self.full, secrets: Self.secrets)
    let text = AppExport.text(AppExport.document(live, schema: try AppSchema()))
    #expect(!text.contains("-value") && text.contains("from_env"))
    let file = try AppFile(Array(text.utf8), schema: try AppSchema())
    let planner = ApplyPlanner(schema: try AppSchema(), options: .init(prune: true))
    let plan = try planner.plan(file, live: live, isNew: false) { reference in
      .value(Array((Self.secrets[reference["from_env"]?.string ?? ""] ?? "").utf8))
    }
    #expect(plan.items.allSatisfy { $0.action == .noop }, "\(Self.lines(plan))")
  }

  @Test func missingMembersStayAndNullResets() throws {
    let live = try Self.applied(Self.full, secrets: Self.secrets)
    let plan = try Self.plan(
      """
      "feed_groups":[{"slug":"user","type":"flat","policy":"private"},{"slug":"hot","type":"flat","ranking_default":null,"rankings":{"b":null}}],
      "analytics":{"redirect_hosts":null},"webhook":null
      """, live: live)
    #expect(plan.app.groups["user"]?.document["pull_above"]?.integer == 100)
    #expect(
      Self.lines(plan) == [
        "noop /app", "update /feed_groups/user/policy", "delete /feed_groups/hot/ranking_default",
        "delete /feed_groups/hot/rankings/b", "delete /analytics/redirect_hosts", "delete /webhook",
      ])
    #expect(plan.app.sections["analytics"]?["enabled"]?.boolean == true)
    #expect(plan.app.sections["webhook"] == nil)
    #expect(plan.app.sections["push"] != nil)
    // The webhook's secret goes with it, the others stay without being asked for again.
    #expect(plan.app.secrets.keys.sorted() == ["/firehose/0/secret_access_key", "/push/p/credentials"])
  }

  @Test func aNullPolicyGoesBackToTheGroupsOwnDefault() throws {
    let live = try Self.applied("\"feed_groups\":[{\"slug\":\"user\",\"type\":\"flat\",\"policy\":\"private\"}]")
    let plan = try Self.plan("\"feed_groups\":[{\"slug\":\"user\",\"type\":\"flat\",\"policy\":null}]", live: live)
    #expect(plan.app.groups["user"]?.document["policy"]?.string == "public_read")
    #expect(plan.changes.map(\.path) == ["/feed_groups/user/policy"])
  }

  @Test func updatesShowBeforeAndAfter() throws {
    let live = try Self.applied("")
    let plan = try Self.plan("\"feed_groups\":[{\"slug\":\"user\",\"type\":\"flat\",\"pull_above\":7}]", live: live)
    #expect(plan.changes.map(\.text) == ["update /feed_groups/user/pull_above: 5000 -> 7"])
  }

  @Test func theTypeOfAGroupWithDataIsFixed() throws {
    var live = try Self.applied("")
    live.groups["user"]?.inUse = true
    let plan = try Self.plan("\"feed_groups\":[{\"slug\":\"user\",\"type\":\"aggregated\"}]", live: live)
    #expect(plan.refusals.map(\.path) == ["/feed_groups/user/type"])
    #expect(plan.app.groups["user"]?.document["type"]?.string == "flat")
  }

  @Test func theTypeOfAnEmptyGroupMayChangeAndTakesLeftoversAlong() throws {
    let live = try Self.applied("")
    let plan = try Self.plan("\"feed_groups\":[{\"slug\":\"notification\",\"type\":\"flat\"}]", live: live)
    #expect(plan.refusals.isEmpty)
    #expect(
      plan.changes.map { "\($0.action) \($0.path)" } == [
        "delete /feed_groups/notification/aggregation_format", "update /feed_groups/notification/type",
      ])
  }

  @Test func pruneTakesOutEmptyGroupsAndRefusesThoseWithData() throws {
    var live = try Self.applied("\"feed_groups\":[{\"slug\":\"extra\",\"type\":\"flat\"}]")
    live.groups = live.groups.filter { ["extra", "user"].contains($0.key) }
    let file = "\"feed_groups\":[{\"slug\":\"user\",\"type\":\"flat\"}]"
    #expect(Self.lines(try Self.plan(file, live: live)) == ["noop /app", "noop /feed_groups/user"])
    let pruned = try Self.plan(file, live: live, prune: true)
    #expect(pruned.deletedGroups == ["extra"])
    #expect(Self.lines(pruned) == ["noop /app", "noop /feed_groups/user", "delete /feed_groups/extra"])
    live.groups["extra"]?.inUse = true
    let refused = try Self.plan(file, live: live, prune: true)
    #expect(refused.refusals.map(\.path) == ["/feed_groups/extra"])
    #expect(refused.deletedGroups.isEmpty)
    // A file that lists no groups prunes none.
    #expect(try Self.plan("", live: live, prune: true).refusals.isEmpty)
  }

  @Test func pruneAtCreationLeavesOutTheStandardGroups() throws {
    let plan = try Self.plan("\"feed_groups\":[{\"slug\":\"a\",\"type\":\"flat\"}]", prune: true)
    #expect(plan.app.groups.keys.sorted() == ["a"])
    #expect(plan.changedGroups == ["a"] && plan.deletedGroups.isEmpty)
  }

  @Test func collectionsAreJoinedByNameAndPrunedOnRequest() throws {
    let live = try Self.applied(
      "\"push\":[{\"name\":\"a\",\"type\":\"fcm\"},{\"name\":\"b\",\"type\":\"apns\"}],"
        + "\"personalization\":{\"resources\":{\"r\":{\"base\":\"digest\"},\"s\":{\"base\":\"digest\"}}}")
    let file =
      "\"push\":[{\"name\":\"b\",\"type\":\"apns\",\"enabled\":false}],"
      + "\"personalization\":{\"resources\":{\"s\":{\"base\":\"similar\"}}}"
    let joined = try Self.plan(file, live: live)
    #expect(joined.changes.map(\.path) == ["/personalization/resources/s/base", "/push/b/enabled"])
    #expect(joined.app.sections["push"]?.array?.count == 2)
    let pruned = try Self.plan(file, live: live, prune: true)
    #expect(
      Set(pruned.changes.map { "\($0.action) \($0.path)" }) == [
        "update /personalization/resources/s/base", "delete /personalization/resources/r", "create /push/b/enabled",
        "delete /push/a",
      ])
  }

  @Test func productionNeedsAYes() throws {
    let file = "\"moderation\":{\"enabled\":true}"
    let refused = try Self.plan(file, live: Self.production)
    #expect(refused.refusals.map(\.path) == ["/app"])
    #expect(try Self.plan(file, live: Self.production, yes: true).refusals.isEmpty)
    // Nothing to do needs none, and leaving production does.
    #expect(try Self.plan("", live: Self.production).refusals.isEmpty)
    let leaving = try Self.plan("", app: "\"name\":\"x\",\"environment\":\"development\"", live: Self.production)
    #expect(leaving.refusals.map(\.path) == ["/app"])
  }

  static func problems(_ work: () throws -> ApplyPlan) -> [ConfigProblem] {
    do {
      _ = try work()
      return []
    } catch let error as AppFile.Invalid {
      return error.problems
    } catch { return [] }
  }

  @Test func productionForbidsOpenDoors() throws {
    let found = Self.problems {
      try Self.plan(
        "\"auth\":{\"disable_auth_checks\":true},\n\"webhook\":{\"url\":\"http://example.org\"}", live: Self.production,
        yes: true)
    }
    #expect(found.map(\.pointer) == ["/auth/disable_auth_checks", "/webhook/url"])
    #expect(found.map(\.line) == [2, 3])
    #expect(try Self.plan("\"auth\":{\"disable_auth_checks\":true}").refusals.isEmpty)
  }

  @Test func aDefaultRankingMustBeThere() throws {
    let group = "\"feed_groups\":[{\"slug\":\"a\",\"type\":\"flat\",\"ranking_default\":\"hot\""
    let found = Self.problems { try Self.plan("\(group)}]") }
    #expect(found.map(\.pointer) == ["/feed_groups/0/ranking_default"])
    #expect(found.first?.line == 2)
    let live = try Self.applied("\(group),\"rankings\":{\"hot\":{\"score\":\"1\"}}}]")
    #expect(try Self.plan("\(group)}]", live: live).changes.isEmpty)
  }

  @Test func aRankingThatDoesNotCompileIsAProblemWithItsPlace() throws {
    let found = Self.problems {
      try Self.plan(
        """
        "feed_groups":[{"slug":"a","type":"flat","rankings":{
          "good":{"score":"popularity + 1"},
          "bad":{"score":"1 +\\n foo(2)"},
          "worse":{"score":"1","functions":{"f":{"base":"decay_exp","decay":2,"scale":"5x"}}}}}]
        """)
    }
    #expect(
      found.map(\.pointer) == [
        "/feed_groups/0/rankings/bad/score", "/feed_groups/0/rankings/worse/functions/f/decay",
        "/feed_groups/0/rankings/worse/functions/f/scale",
      ])
    #expect(found.map(\.line) == [4, 5, 5])
    #expect(found.first?.message.hasPrefix("line 2, column 2 of the expression: there is no function foo") == true)
  }

  @Test func aSecretThatIsNotSetIsAProblemWithItsPlace() throws {
    let found = Self.problems {
      try Self.plan("\"webhook\":{\"url\":\"https://x\",\n\"signing_key\":{\"from_env\":\"HOOK\"}}")
    }
    #expect(found.map(\.pointer) == ["/webhook/signing_key"])
    #expect(found.first?.line == 3)
  }

  @Test func aChangedSecretIsAChangeAndIsNotShown() throws {
    let file = "\"webhook\":{\"url\":\"https://x\",\"signing_key\":{\"from_env\":\"HOOK\"}}"
    let live = try Self.applied(file, secrets: ["HOOK": "old-value"])
    let plan = try Self.plan(file, live: live, secrets: ["HOOK": "new-value"])
    #expect(plan.changes.map(\.path) == ["/webhook/signing_key"])
    #expect(plan.secretsChanged)
    #expect(!plan.json.description.contains("value"))
    #expect(plan.app.secrets["/webhook/signing_key"] == Array("new-value".utf8))
  }

  @Test func aChangedFormatOfAGroupInUseIsAWarning() throws {
    var live = try Self.applied("")
    let file =
      "\"feed_groups\":[{\"slug\":\"aggregated\",\"type\":\"aggregated\",\"aggregation_format\":\"{{ verb }}\"}]"
    #expect(try Self.plan(file, live: live).warnings.isEmpty)
    live.groups["aggregated"]?.inUse = true
    #expect(try Self.plan(file, live: live).warnings.count == 1)
  }

  @Test func spellingOfNumbersAndOrderOfMembersAreNoChange() throws {
    let one = try JSONValue(parsing: "{\"a\":1.0,\"b\":[1e3,2]}")
    #expect(one.isSame(as: try JSONValue(parsing: "{\"b\":[1000,2],\"a\":1}")))
    #expect(!one.isSame(as: try JSONValue(parsing: "{\"b\":[2,1000],\"a\":1}")))
    #expect(!one.isSame(as: try JSONValue(parsing: "{\"a\":1}")))
  }
}
