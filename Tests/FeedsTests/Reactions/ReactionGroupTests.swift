import KeevoClient
import Model
import Testing

@testable import Feeds

/// Target feeds of aggregated and notification groups (feeds R8–R12, G1–G7).
@Suite struct ReactionGroupTests {
  /// Groups as `verb activities/actors`.
  private func groups(_ world: World, _ feed: String) async throws -> [String] {
    try await world.groups(feed).groups.map {
      "\(String(decoding: $0.verb.dropFirst().dropLast(), as: UTF8.self)) \($0.activityCount)/\($0.actorCount)"
    }
  }

  @Test func eachReactionEntersOnceAndIsCounted() async throws {
    let world = World()
    let first = try await world.react("like", by: "bob", targets: ["notification:a", "user:x"])
    try await world.react("like", by: "bob", targets: ["notification:a"])
    try await world.react("like", by: "eve", targets: ["notification:a", "aggregated:b"])
    try await world.react("comment", by: "eve", under: first.id, targets: ["notification:a"])
    #expect(try await groups(world, "notification:a") == ["comment 1/1", "like 3/2"])
    #expect(try await groups(world, "aggregated:b") == ["like 1/1"])
    #expect(try await world.groups("notification:a").unmarked == .init(unseen: 2, unread: 2))
    #expect(try await world.noticed(first, "user:x") == [true])
    let shown = try await world.groups("notification:a").groups[1].items
    #expect(shown.map { World.member("actor", $0.activity) } == ["SU:eve", "SU:bob", "SU:bob"])
    #expect(World.member("reaction", shown[2].activity) == "SR:\(first.id)")
    #expect(shown.allSatisfy { $0.origin == nil })
    // Jobs that run again add nothing.
    try await world.settle()
    #expect(try await groups(world, "notification:a") == ["comment 1/1", "like 3/2"])
  }

  @Test func aFeedThatAlsoFollowsATargetCountsItOnce() async throws {  // F9, F11
    let world = World()
    try await world.follow("notification:a", "user:x")
    try await world.react("like", targets: ["user:x", "notification:a"])
    #expect(try await groups(world, "notification:a") == ["like 1/1"])
    try await world.react("like", by: "eve", targets: ["user:x"])
    #expect(try await groups(world, "notification:a") == ["like 2/2"])
  }

  @Test func deletionsLeaveAndRestorationsComeBackOnce() async throws {  // R11, R12
    let world = World()
    let bob = try await world.react("like", by: "bob", targets: ["notification:a"])
    let eve = try await world.react("like", by: "eve", targets: ["notification:a"])
    let child = try await world.react("like", by: "amy", under: eve.id, targets: ["notification:a"])
    #expect(try await groups(world, "notification:a") == ["like 3/3"])
    try await world.delete(bob, soft: true)
    #expect(try await groups(world, "notification:a") == ["like 2/2"])
    // With a reaction its children go.
    try await world.delete(eve, soft: true)
    #expect(try await groups(world, "notification:a") == [])
    #expect(try await world.groups("notification:a").unmarked == .init(unseen: 0, unread: 0))
    _ = try await world.restore(eve)
    #expect(try await groups(world, "notification:a") == ["like 2/2"])
    _ = try await world.restore(bob)
    #expect(try await groups(world, "notification:a") == ["like 3/3"])
    try await world.delete(eve)
    #expect(try await groups(world, "notification:a") == ["like 1/1"])
    #expect(try await world.tree(child.id) == nil)
    // Nothing is left behind when all has been collected.
    try await world.delete(bob)
    world.clock.advance(200_000_000)
    try await world.settle()
    #expect(try await groups(world, "notification:a") == [])
    #expect(try await world.groups("notification:a").unmarked == .init(unseen: 0, unread: 0))
  }

  @Test func changesOfTargetsMoveIt() async throws {  // R10
    let world = World()
    let reaction = try await world.react("like", targets: ["notification:a"])
    func change(_ targets: [String]?, _ extra: String? = nil) async throws {
      _ = try await world.engine.updateReaction(
        reaction.id,
        ReactionChange(data: nil, targetFeeds: targets?.map(world.feed), extraMembers: extra.map { Array($0.utf8) }),
        ChangeContext(app: world.app))
    }
    try await change(["notification:b", "aggregated:c"])
    #expect(try await groups(world, "notification:a") == [])
    #expect(try await groups(world, "notification:b") == ["like 1/1"])
    #expect(try await groups(world, "aggregated:c") == ["like 1/1"])
    // Kept feeds show the new content, in the same group, once.
    try await change(["notification:b"], #","note":"new""#)
    #expect(try await groups(world, "notification:b") == ["like 1/1"])
    #expect(try await groups(world, "aggregated:c") == [])
    let shown = try await world.groups("notification:b").groups[0].items[0].activity
    #expect(World.member("note", shown) == "new")
    try await change(nil)
    #expect(try await groups(world, "notification:b") == ["like 1/1"])
    try await change([])
    #expect(try await groups(world, "notification:b") == [])
  }

  @Test func reactionsSideBySideAreAllCounted() async throws {  // R9, B16
    let world = World()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<40 {
        group.addTask { try await world.react("like", by: "u\(index % 8)", targets: ["notification:a"]) }
      }
      try await group.waitForAll()
    }
    try await world.settle()
    #expect(try await groups(world, "notification:a") == ["like 40/8"])
    #expect(try await world.groups("notification:a").groups[0].items.count == 15)
  }
}
