import KeevoClient
import Model
import Testing

@testable import Feeds

extension World {
  /// The activity that a test reacts to, unless it names another.
  static let activity = ActivityID(ticks: 0x1F0_0000_0000_0000, low: 0x8000_0000_0000_0001)

  @discardableResult
  func react(
    _ kind: String, by user: String = "bob", to activity: ActivityID = World.activity, under parent: ActivityID? = nil,
    id: ActivityID? = nil, time: ActivityTime? = nil, data: String = "{}", targets: [String] = [], extra: String = "",
    app: AppID? = nil
  ) async throws -> Reaction {
    try await engine.addReaction(
      ReactionInput(
        kind: kind, parent: parent.map { .reaction($0) } ?? .activity(activity), userID: user, id: id, time: time,
        data: Array(data.utf8), targetFeeds: targets.map(feed), extraMembers: Array(extra.utf8)),
      ChangeContext(app: app ?? self.app))
  }

  func delete(_ reaction: Reaction, soft: Bool = false) async throws {
    try await engine.deleteReaction(reaction.id, soft: soft, ChangeContext(app: app))
  }

  func restore(_ reaction: Reaction) async throws -> Reaction {
    try await engine.restoreReaction(reaction.id, ChangeContext(app: app))
  }

  func tree(
    _ id: ActivityID, own: OwnChildrenRequest? = nil, app: AppID? = nil
  ) async throws -> ReactionTree? {
    try await engine.reactionTrees([id], ownChildren: own, app: app ?? self.app)[0]
  }

  func list(
    _ scope: ReactionListRequest.Scope, kind: String? = nil, user: String? = nil, limit: Int = 25,
    bounds: ReactionBounds = .init()
  ) async throws -> ReactionPage {
    try await engine.listReactions(
      ReactionListRequest(scope: scope, kind: kind, userID: user, limit: limit, bounds: bounds), ownChildren: nil,
      app: app)
  }

  /// Counts of an activity, `like:2 unlike:0`.
  func counts(of activity: ActivityID = World.activity, app: AppID? = nil) async throws -> String {
    try await engine.reactionCounts(of: [activity], app: app ?? self.app)[0].map { "\($0.kind):\($0.count)" }
      .joined(separator: " ")
  }

  /// Whether each feed holds the activity that a reaction puts into its target feeds.
  func noticed(_ reaction: Reaction, _ feeds: String...) async throws -> [Bool] {
    try await noticed(reaction.id, feeds)
  }

  func noticed(_ reaction: ActivityID, _ feed: String) async throws -> [Bool] { try await noticed(reaction, [feed]) }

  private func noticed(_ reaction: ActivityID, _ feeds: [String]) async throws -> [Bool] {
    var out: [Bool] = []
    for name in feeds {
      let page = try await engine.readFlat(feed(name), app: app, page: PageRequest(limit: 100))
      out.append(page.items.contains { World.member("foreign_id", $0.activity) == "reaction:\(reaction)" })
    }
    return out
  }
}

extension ReactionPage {
  var ids: [ActivityID] { reactions.map(\.reaction.id) }
}
