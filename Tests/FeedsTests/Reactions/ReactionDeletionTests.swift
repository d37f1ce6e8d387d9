import Jobs
import KeevoClient
import Model
import Testing

@testable import Feeds

/// Deleting, softly or not, restoring, target feeds (feeds R8, R10–R12), and what dies half way.
@Suite struct ReactionDeletionTests {
  @Test func aDeletedReactionTakesItsChildrenWithIt() async throws {
    let world = World()
    let top = try await world.react("comment")
    let child = try await world.react("comment", under: top.id)
    let grandchild = try await world.react("like", under: child.id, targets: ["user:al"])
    #expect(try await world.noticed(grandchild, "user:al") == [true])
    try await world.delete(top)
    for id in [top.id, child.id, grandchild.id] { #expect(try await world.tree(id) == nil) }
    #expect(try await world.list(.user("bob")).ids.isEmpty)
    #expect(try await world.list(.reaction(top.id)).ids.isEmpty)
    #expect(try await world.list(.reaction(child.id)).ids.isEmpty)
    #expect(try await world.noticed(grandchild, "user:al") == [false])
    #expect(try await world.counts() == "comment:0")
    await #expect(throws: ReactionError.self) { try await world.delete(top) }
    await #expect(throws: ReactionError.self) { try await world.react("like", under: child.id) }
    world.clock.advance(100_000_000)
    try await world.settle()
    // Of all that nothing is left but the count of a kind that was used once.
    #expect(world.store.rowCount == 1)
  }

  @Test func aSoftDeletedReactionComesBackWithAllItHad() async throws {
    let world = World()
    let top = try await world.react("comment", targets: ["user:al"])
    let child = try await world.react("comment", under: top.id, targets: ["user:cy"])
    let other = try await world.react("comment", under: top.id)
    let leaf = try await world.react("like", under: child.id)
    let before = try #require(try await world.tree(top.id))
    try await world.delete(other, soft: true)
    #expect(try await world.tree(top.id)?.childrenCounts == [ReactionCount(kind: "comment", count: 1)])
    let middle = try #require(try await world.tree(top.id))
    try await world.delete(top, soft: true)
    let deleted = try #require(try await world.tree(top.id))
    #expect(deleted.reaction.deletedAt != nil && deleted.reaction.updatedAt == top.updatedAt)
    #expect(deleted.latestChildren.isEmpty && deleted.childrenCounts == [ReactionCount(kind: "comment", count: 0)])
    #expect(try await world.tree(leaf.id)?.reaction.deletedAt == deleted.reaction.deletedAt)
    #expect(try await world.counts() == "comment:0")
    #expect(try await world.list(.activity(World.activity)).ids.isEmpty)
    #expect(try await world.list(.reaction(top.id)).ids.isEmpty)
    #expect(try await world.list(.user("bob")).ids.isEmpty)
    #expect(try await world.noticed(top, "user:al") == [false])
    #expect(try await world.noticed(child, "user:cy") == [false])
    await #expect(throws: ReactionError.self) { try await world.delete(top, soft: true) }
    await #expect(throws: ReactionError.self) { try await world.delete(child, soft: true) }
    await #expect(throws: ReactionError.self) { try await world.react("like", under: top.id) }
    await #expect(throws: ReactionError.self) { try await world.restore(other) }
    await #expect(throws: ReactionError.self) {
      try await world.engine.updateReaction(child.id, ReactionChange(), ChangeContext(app: world.app))
    }
    #expect(try await world.restore(top) == top)
    #expect(try await world.tree(top.id) == middle)
    #expect(try await world.noticed(top, "user:al") == [true])
    #expect(try await world.noticed(child, "user:cy") == [true])
    #expect(try await world.counts() == "comment:1")
    await #expect(throws: ReactionError.self) { try await world.restore(top) }
    #expect(try await world.restore(other) == other)
    #expect(try await world.tree(top.id) == before)
    try await world.delete(top, soft: true)
    try await world.delete(top)
    #expect(try await world.tree(top.id) == nil)
    await #expect(throws: ReactionError.self) { try await world.restore(top) }
    world.clock.advance(100_000_000)
    try await world.settle()
    #expect(world.store.rowCount == 1)
  }

  @Test func targetFeedsAndTheirFollowersGetOneActivity() async throws {
    let world = World()
    try await world.follow("timeline:cy", "user:al")
    let reaction = try await world.react("like", targets: ["user:al", "user:dee"], extra: #","mood":{"x": 1}"#)
    let page = try await world.engine.readFlat(world.feed("user:al"), app: world.app, page: PageRequest())
    let item = try #require(page.items.first)
    #expect(item.origin == nil)
    let time = reaction.createdAt.text(zone: true).dropLast()
    #expect(
      String(decoding: item.activity.body, as: UTF8.self)
        == #"{"id":"\#(item.activity.id)","actor":"SU:bob","verb":"like","object":"SA:\#(World.activity)","target":"","#
        + #""foreign_id":"reaction:\#(reaction.id)","time":"\#(time)","origin":,"reaction":"SR:\#(reaction.id)","mood":{"x": 1}}"#
    )
    let other = try await world.engine.readFlat(world.feed("user:dee"), app: world.app, page: PageRequest())
    #expect(other.items == page.items)
    let followed = try await world.engine.readFlat(world.feed("timeline:cy"), app: world.app, page: PageRequest())
    #expect(followed.items.map(\.activity) == [item.activity] && followed.items[0].origin == world.feed("user:al"))
  }

  @Test func anUpdateMovesTheActivityBetweenFeeds() async throws {
    let world = World()
    let reaction = try await world.react("like", targets: ["user:a", "user:b"], extra: #","n":1"#)
    func update(_ targets: [String]?, extra: String? = nil, data: String? = nil) async throws -> Reaction {
      try await world.engine.updateReaction(
        reaction.id,
        ReactionChange(
          data: data.map { Array($0.utf8) }, targetFeeds: targets.map { $0.map(world.feed) },
          extraMembers: extra.map { Array($0.utf8) }), ChangeContext(app: world.app))
    }
    let changed = try await update(["user:b", "user:c"], extra: #","n":2"#, data: #"{"x":1}"#)
    #expect(changed.createdAt == reaction.createdAt && changed.updatedAt > reaction.updatedAt)
    #expect(changed.targetFeeds.map(\.description) == ["user:b", "user:c"])
    #expect(try await world.noticed(reaction, "user:a", "user:b", "user:c") == [false, true, true])
    let page = try await world.engine.readFlat(world.feed("user:b"), app: world.app, page: PageRequest())
    #expect(String(decoding: page.items[0].activity.body, as: UTF8.self).hasSuffix(#","n":2}"#))
    #expect(page.items.count == 1)
    // Absent keeps, an empty list clears (trap 22).
    let kept = try await update(nil)
    #expect(kept.targetFeeds == changed.targetFeeds && kept.data == changed.data)
    #expect(try await update([]).targetFeeds.isEmpty)
    #expect(try await world.noticed(reaction, "user:a", "user:b", "user:c") == [false, false, false])
    _ = try await update(["user:a"])
    #expect(try await world.noticed(reaction, "user:a") == [true])
    // What its feed has removed stays removed while the feed is kept.
    try await world.engine.remove(page.items[0].activity.id, from: world.feed("user:a"), ChangeContext(app: world.app))
    _ = try await update(["user:a", "user:b"])
    #expect(try await world.noticed(reaction, "user:a", "user:b") == [false, true])
    try await world.delete(reaction)
    #expect(try await world.noticed(reaction, "user:a", "user:b") == [false, false])
    world.clock.advance(100_000_000)
    try await world.settle()
    #expect(world.store.rowCount == 1)
  }

  /// A request that dies after any of its calls: a worker leaves all of it or nothing.
  @Test func whateverDiesAWorkerFinishes() async throws {
    for request in ["add", "child", "update", "delete", "soft", "restore"] {
      var calls = 0
      var died = true
      while died {
        calls += 1
        died = try await dies(request, after: calls)
        #expect(calls < 100, "\(request) does not end")
      }
      #expect(calls > 3, "\(request) was not interrupted")
    }
  }

  /// Runs the request over a store that fails from a call on; `false` if it came through.
  private func dies(_ request: String, after calls: Int) async throws -> Bool {
    let world = World()
    let top = try await world.react("comment", targets: ["user:al"])
    let child = try await world.react("like", under: top.id, targets: ["user:al"])
    if request == "restore" { try await world.delete(top, soft: true) }
    let budget = CallBudget(calls)
    let engine = World.engine(
      GatedStore(world.store) { _ async throws(StoreError) in if !budget.take() { throw .unavailable("dead") } },
      world.clock, SequenceTimeSource(offset: 5_000_000), FeedEngine.Options(), world.metrics)
    let id = ActivityID(ticks: 5, low: 0x8000_0000_0000_0007)
    var died = false
    do {
      switch request {
      case "add", "child":
        _ = try await engine.addReaction(
          ReactionInput(
            kind: "like", parent: request == "add" ? .activity(World.activity) : .reaction(top.id), userID: "cy",
            id: id,
            targetFeeds: [world.feed("user:al")]), ChangeContext(app: world.app))
      case "update":
        _ = try await engine.updateReaction(
          top.id, ReactionChange(targetFeeds: [world.feed("user:dee")]), ChangeContext(app: world.app))
      case "restore": _ = try await engine.restoreReaction(top.id, ChangeContext(app: world.app))
      default: try await engine.deleteReaction(top.id, soft: request == "soft", ChangeContext(app: world.app))
      }
    } catch {
      died = true
    }
    died = died || budget.isSpent
    try await world.settle()
    let why = "\(request), dead after \(calls) calls"
    let topNow = try await world.tree(top.id)
    let isLive = topNow.map { $0.reaction.deletedAt == nil } ?? false
    #expect(try await world.noticed(child, "user:al") == [isLive], "\(why): the child's activity")
    switch request {
    case "add", "child":
      let added = try await world.tree(id)
      #expect(try await world.noticed(id, "user:al") == [added != nil], "\(why)")
      #expect(try await world.list(.user("cy")).ids == (added == nil ? [] : [id]), "\(why)")
      let count = request == "add" ? try await world.counts() : topNow?.childrenCounts.map { "\($0.count)" }.first ?? ""
      let wanted = request == "add" ? (added == nil ? "comment:1" : "comment:1 like:1") : added == nil ? "1" : "2"
      #expect(count == wanted, "\(why)")
    case "update":
      let moved = topNow?.reaction.targetFeeds.first?.description == "user:dee"
      #expect(try await world.noticed(top, "user:al", "user:dee") == [!moved, moved], "\(why)")
    default:
      #expect(try await world.noticed(top, "user:al") == [isLive], "\(why)")
      #expect(try await world.counts() == "comment:\(isLive ? 1 : 0)", "\(why)")
      #expect(try await world.list(.activity(World.activity)).ids == (isLive ? [top.id] : []), "\(why)")
    }
    return died
  }
}
