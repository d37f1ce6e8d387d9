import KeevoClient
import Model
import Testing

@testable import Feeds

/// Adding, finding and counting (feeds R2–R9, T9).
@Suite struct ReactionTests {
  @Test func whatAnAddAnswersIsWhatIsFoundLater() async throws {
    let world = World()
    let added = try await world.react("like", data: #"{"b": 1, "a": [0.50, {}]}"#)
    #expect(added.createdAt == added.updatedAt)
    #expect(added.id.ticks == added.createdAt.ticks)
    #expect(try await world.engine.reactions([added.id], app: world.app) == [added])
    let tree = try #require(try await world.tree(added.id))
    #expect(tree == ReactionTree(added))
    let lists: [ReactionListRequest.Scope] = [.activity(World.activity), .user("bob")]
    for scope in lists {
      #expect(try await world.list(scope).reactions == [tree])
      #expect(try await world.list(scope, kind: "like").reactions == [tree])
      #expect(try await world.list(scope, kind: "lik").reactions == [])
    }
    #expect(try await world.list(.activity(World.activity), user: "bob").reactions == [tree])
    #expect(try await world.list(.activity(World.activity), kind: "like", user: "bob").reactions == [tree])
    #expect(try await world.list(.activity(World.activity), user: "bo").reactions == [])
    #expect(try await world.jobs().isEmpty)
  }

  @Test func idsGrowAndAUserMayReactAnyNumberOfTimes() async throws {
    let world = World()
    var ids: [ActivityID] = []
    for _ in 0..<5 { ids.append(try await world.react("like").id) }
    #expect(ids == ids.sorted() && Set(ids).count == 5)
    #expect(try await world.counts() == "like:5")
    #expect(try await world.list(.activity(World.activity)).ids == ids.reversed())
  }

  @Test func anIdIsTakenOnceUntilItIsDeleted() async throws {
    let world = World()
    let id = ActivityID(ticks: 77, low: 0x8000_0000_0000_0005, version: 4)
    let first = try await world.react("like", id: id, data: #"{"n":1}"#)
    let child = try await world.react("clap", under: id)
    await #expect(throws: ReactionError.self) { try await world.react("love", id: id) }
    #expect(try await world.counts() == "like:1")
    try await world.delete(first)
    let again = try await world.react("like", id: id, data: #"{"n":2}"#)
    #expect(again.id == id)
    let tree = try #require(try await world.tree(id))
    #expect(String(decoding: tree.reaction.data, as: UTF8.self) == #"{"n":2}"#)
    #expect(tree.latestChildren.isEmpty && tree.childrenCounts.isEmpty, "the first one's children do not come back")
    #expect(try await world.tree(child.id) == nil)
    // The collection of the first life leaves the second alone.
    world.clock.advance(100_000_000)
    try await world.settle()
    #expect(try await world.tree(id) == tree)
    #expect(try await world.list(.user("bob")).ids == [id])
    #expect(try await world.counts() == "like:1")
  }

  @Test func childrenGoThreeLevelsDeep() async throws {
    let world = World()
    let top = try await world.react("comment")
    let second = try await world.react("comment", under: top.id)
    let third = try await world.react("like", under: second.id)
    #expect(third.activityID == World.activity && third.parent == second.id && top.parent == nil)
    await #expect(throws: ReactionError.self) { try await world.react("like", under: third.id) }
    await #expect(throws: ReactionError.self) { try await world.react("like", under: World.activity) }
    #expect(try await world.counts() == "comment:1", "counts of an activity ignore children")
    let tree = try #require(try await world.tree(top.id))
    #expect(tree.childrenCounts == [ReactionCount(kind: "comment", count: 1)])
    let shown = try #require(tree.latestChildren.first?.reactions.first)
    #expect(shown == (try await world.tree(second.id)), "children equal what get shows for them")
    #expect(shown.latestChildren.first?.reactions.first?.reaction == third)
    #expect(try await world.list(.reaction(top.id)).reactions == [shown])
    #expect(try await world.list(.activity(World.activity)).ids == [top.id])
    #expect(try await world.list(.user("bob")).ids == [third.id, second.id, top.id])
  }

  /// Ten claps, ten likes and ten unlikes in turn show 3, 3 and 4 (R6).
  @Test func theTenNewestChildrenAreShownOverAllKinds() async throws {
    let world = World()
    let top = try await world.react("comment")
    for _ in 0..<10 { for kind in ["clap", "like", "unlike"] { try await world.react(kind, under: top.id) } }
    let tree = try #require(try await world.tree(top.id, own: OwnChildrenRequest(userID: "bob")))
    #expect(tree.latestChildren.map { "\($0.kind):\($0.reactions.count)" } == ["clap:3", "like:3", "unlike:4"])
    for kind in tree.latestChildren {
      let ids = kind.reactions.map(\.reaction.id)
      #expect(ids == ids.sorted(by: >))
    }
    #expect(tree.childrenCounts.map { "\($0.kind):\($0.count)" } == ["clap:10", "like:10", "unlike:10"])
    #expect(tree.ownChildren?.map { "\($0.kind):\($0.reactions.count)" } == ["clap:5", "like:5", "unlike:5"])
    #expect(tree.ownChildren?[0].reactions[0].ownChildren == [])
    let some = try await world.tree(top.id, own: OwnChildrenRequest(userID: nil, kinds: ["like"]))
    #expect(some?.ownChildren?.map { "\($0.kind):\($0.reactions.count)" } == ["like:5"])
    let others = try await world.tree(top.id, own: OwnChildrenRequest(userID: "al"))
    #expect(others?.ownChildren == [])
  }

  /// R9, trap 37: a hundred at once give a hundred more, and take a hundred away.
  @Test func countsAreExactUnderParallelRequests() async throws {
    let world = World()
    let top = try await world.react("comment")
    func together(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<count { group.addTask { try await body(number) } }
        try await group.waitForAll()
      }
    }
    try await together(100) { number in
      try await world.react("like", by: "u\(number)")
      try await world.react("clap", by: "u\(number)", under: top.id)
    }
    #expect(try await world.counts() == "comment:1 like:100")
    #expect(try await world.tree(top.id)?.childrenCounts == [ReactionCount(kind: "clap", count: 100)])
    let first = try await world.list(.activity(World.activity), kind: "like", limit: 25)
    #expect(first.hasMore && first.ids.count == 25)
    var likes: [Reaction] = first.reactions.map(\.reaction)
    while let last = likes.last, likes.count < 100 {
      likes += try await world.list(
        .activity(World.activity), kind: "like", bounds: ReactionBounds(lessThan: last.id)
      ).reactions.map(\.reaction)
    }
    #expect(Set(likes.map(\.id)).count == 100)
    let all = likes
    // Each is deleted by two requests at once, of which one finds it gone.
    try await together(200) { number in
      do { try await world.delete(all[number % 100], soft: number % 3 == 0) } catch ReactionError.unknown {}
    }
    let left = try await world.list(.activity(World.activity), kind: "like")
    #expect(left.ids.isEmpty)
    #expect(try await world.counts() == "comment:1 like:0")
  }

  @Test func pagesGoBothWaysAndEndExactly() async throws {
    let world = World()
    var ids: [ActivityID] = []
    for number in 0..<7 { ids.append(try await world.react(number % 2 == 0 ? "like" : "clap").id) }
    let scope = ReactionListRequest.Scope.activity(World.activity)
    for (kind, wanted) in [(nil, ids), ("like", [ids[0], ids[2], ids[4], ids[6]])] as [(String?, [ActivityID])] {
      var seen: [ActivityID] = []
      var bounds = ReactionBounds()
      while true {
        let page = try await world.list(scope, kind: kind, limit: 2, bounds: bounds)
        seen += page.ids
        guard page.hasMore, let last = page.ids.last else { break }
        bounds = ReactionBounds(lessThan: last)
      }
      #expect(seen == wanted.reversed())
      seen = []
      bounds = ReactionBounds(greaterThanOrEqual: wanted[0])
      while true {
        let page = try await world.list(scope, kind: kind, limit: 2, bounds: bounds)
        seen += page.ids
        guard page.hasMore, let last = page.ids.last else { break }
        bounds = ReactionBounds(greaterThan: last)
      }
      #expect(seen == wanted)
    }
    let between = ReactionBounds(lessThan: ids[5], greaterThanOrEqual: ids[2])
    #expect(try await world.list(scope, bounds: between).ids == [ids[4], ids[3], ids[2]])
    let exact = ReactionBounds(lessThanOrEqual: ids[3], greaterThanOrEqual: ids[3])
    #expect(try await world.list(scope, bounds: exact).ids == [ids[3]])
    let none = ReactionBounds(lessThan: ids[3], greaterThanOrEqual: ids[3])
    #expect(try await world.list(scope, bounds: none).ids == [])
    let page = try await world.list(scope, limit: 7)
    #expect(!page.hasMore, "a page that ends with the last has no next")
    #expect(try await world.list(scope, limit: 0).ids == [])
    #expect(try await world.engine.reactionIDs(ofUser: "bob", after: nil, limit: 4, app: world.app) == Array(ids[..<4]))
    #expect(
      try await world.engine.reactionIDs(ofUser: "bob", after: ids[4], limit: 9, app: world.app) == Array(ids[5...]))
  }

  @Test func anotherAppSeesNothingOfIt() async throws {
    let world = World()
    let other = AppID(2)
    let id = ActivityID(ticks: 5, low: 0x8000_0000_0000_0005)
    let mine = try await world.react("like", id: id, data: #"{"app":1}"#)
    let theirs = try await world.react("like", id: id, data: #"{"app":2}"#, app: other)
    #expect(mine.id == theirs.id)
    #expect(try await world.counts() == "like:1")
    try await world.delete(mine)
    #expect(try await world.counts() == "like:0")
    #expect(try await world.counts(app: other) == "like:1")
    #expect(try await world.tree(id) == nil)
    #expect(try await world.tree(id, app: other)?.reaction == theirs)
    await #expect(throws: ReactionError.self) {
      try await world.engine.restoreReaction(id, ChangeContext(app: world.app))
    }
    await #expect(throws: ReactionError.self) { try await world.react("like", under: id) }
  }

  /// C12c: the same request again, with the time it was noted with, finds its first attempt, however far that came.
  @Test func aRepeatedRequestAddsNothingTwice() async throws {
    let world = World()
    let time = ActivityTime(microseconds: 1_795_300_000_000_000)
    let first = try await world.react("like", time: time)
    #expect(try await world.react("like", time: time) == first)
    #expect(try await world.counts() == "like:1")
    let id = ActivityID(ticks: 99, low: 0x8000_0000_0000_0005)
    let named = try await world.react("like", id: id, time: ActivityTime(microseconds: 1_795_300_000_000_001))
    #expect(
      try await world.react("like", id: id, time: ActivityTime(microseconds: 1_795_300_000_000_001)) == named)
    await #expect(throws: ReactionError.self) {
      try await world.react("like", id: id, time: ActivityTime(microseconds: 1_795_300_000_000_002))
    }
  }

  /// K5: what rankings count, in one call.
  @Test func rankingsSeeTheCountsOfTheKindsTheyName() async throws {
    let world = World()
    let other = ActivityID(ticks: 9, low: 1 << 63)
    for kind in ["like", "clap", "like"] { try await world.react(kind) }
    let gone = try await world.react("love")
    try await world.delete(gone)
    let counts = StoredActivityCounts(store: world.store)
    let kinds = ["clap", "like", "love", "none"]
    #expect(
      try await counts.reactions(kinds, of: [World.activity, other], app: world.app) == [[1, 2, 0, 0], [0, 0, 0, 0]])
    #expect(try await counts.reactions(kinds, of: [World.activity], app: AppID(2)) == [[0, 0, 0, 0]])
    #expect(try await counts.reactions([], of: [other], app: world.app) == [[]])
  }

  /// S2: one entry for each change, by the named user, or by who reacts.
  @Test func changesAreNotedInTheAuditLog() async throws {
    let world = World()
    let byBob = ChangeContext(app: world.app, author: .actor)
    let input = ReactionInput(kind: "like", parent: .activity(World.activity), userID: "bob")
    let id = try await world.engine.addReaction(input, byBob).id
    let byEve = ChangeContext(app: world.app, author: .user("eve"))
    _ = try await world.engine.updateReaction(id, ReactionChange(), byEve)
    try await world.engine.deleteReaction(id, soft: true, byEve)
    _ = try await world.engine.restoreReaction(id, byEve)
    try await world.engine.deleteReaction(id, soft: false, byBob)
    let page = try await world.engine.auditLogs(AuditLog.Query(entity: (.reaction, "\(id)")), app: world.app)
    #expect(
      page.entries.map { "\($0.action.name) \($0.userID)" } == [
        "delete ", "update eve", "delete eve", "update eve", "create bob",
      ])
    #expect(try await world.jobs().count == 1, "what is left is the collection, a day later")
  }

  /// H6, H9, H10: the members of several activities, as enriched reads ask for them.
  @Test func membersOfSeveralActivities() async throws {
    let world = World()
    let other = ActivityID(ticks: 9, low: 1 << 63)
    var likes: [ActivityID] = []
    for number in 0..<7 { likes.append(try await world.react("like", by: "u\(number % 2)").id) }
    let clap = try await world.react("clap", to: other)
    try await world.delete(clap)
    var request = ReactionMembersRequest()
    request.counts = true
    request.latest = true
    request.own = true
    request.ownUserID = "u1"
    let none = ActivityID(ticks: 10, low: 1 << 63)
    let members = try await world.engine.reactionMembers(of: [none, World.activity, other], request, app: world.app)
    #expect(members[0].counts == [] && members[0].latest == [] && members[0].own == [])
    #expect(members[1].counts == [ReactionCount(kind: "like", count: 7)])
    #expect(members[1].latest?.map(\.kind) == ["like"] && members[1].latest?.first?.hasMore == true)
    #expect(members[1].latest?.first?.reactions.map(\.reaction.id) == Array(likes.reversed()[..<5]))
    #expect(members[1].own?.first?.reactions.map(\.reaction.id) == [likes[5], likes[3], likes[1]])
    #expect(members[2].counts == [ReactionCount(kind: "clap", count: 0)] && members[2].latest == [])
    request = ReactionMembersRequest()
    request.latest = true
    request.latestPerKind = 7
    request.isOldestFirst = true
    request.kinds = ["like"]
    let oldest = try await world.engine.reactionMembers(of: [World.activity], request, app: world.app)
    #expect(oldest[0].latest?.first?.reactions.map(\.reaction.id) == likes && oldest[0].latest?.first?.hasMore == false)
    #expect(oldest[0].counts == nil && oldest[0].own == nil)
  }

  /// B4: the members of a whole page cost a fixed number of calls, whatever is on it.
  @Test func thePageAsksInFewCalls() async throws {
    let world = World()
    var ids: [ActivityID] = []
    for number in 0..<25 {
      let id = ActivityID(ticks: UInt64(100 + number), low: 1 << 63)
      ids.append(id)
      for kind in ["clap", "comment", "like"] {
        let top = try await world.react(kind, to: id)
        let child = try await world.react("like", under: top.id)
        try await world.react("like", under: child.id)
      }
    }
    let calls = CallBudget(1_000)
    let engine = World.engine(
      GatedStore(world.store) { _ async throws(StoreError) in _ = calls.take() }, world.clock, SequenceTimeSource(),
      FeedEngine.Options(), world.metrics)
    var request = ReactionMembersRequest()
    request.counts = true
    request.latest = true
    request.own = true
    request.ownUserID = "bob"
    request.ownChildren = OwnChildrenRequest(userID: "bob")
    let members = try await engine.reactionMembers(of: ids, request, app: world.app)
    #expect(members.count == 25)
    #expect(members[7].own?.count == 3 && members[7].latest?[1].reactions[0].latestChildren.count == 1)
    // Counts, latest, own, own records; for each of two levels of children what there is, own, records, which are asked
    // for 500 at a time.
    #expect(calls.used <= 4 + 2 * 4, "\(calls.used) calls")
  }

  /// What a page shows of reactions is bounded by their number, which is known before any is read.
  @Test func aPageShowsABoundedNumberOfReactions() async throws {
    let world = World { $0.reactionsPerPageMax = 7 }
    for kind in ["like", "clap"] {
      for _ in 0..<5 { try await world.react(kind) }
    }
    func members(_ change: (inout ReactionMembersRequest) -> Void) async throws -> Int? {
      var request = ReactionMembersRequest()
      change(&request)
      do throws(ReactionError) {
        return try await world.engine.reactionMembers(of: [World.activity], request, app: world.app)[0].latest?
          .reduce(0) { $0 + $1.reactions.count } ?? 0
      } catch {
        guard case .feeds(.invalid(let reason)) = error else { throw error }
        #expect(reason.contains("more than 7 reactions"))
        return nil
      }
    }
    func latest(_ perKind: Int, kinds: [String] = []) async throws -> Int? {
      try await members {
        $0.latest = true
        $0.latestPerKind = perKind
        $0.kinds = kinds
      }
    }
    #expect(try await latest(3) == 6)
    #expect(try await latest(4) == nil)
    #expect(try await latest(4, kinds: ["clap"]) == 4)
    #expect(try await latest(25, kinds: ["clap"]) == 5, "no more than there are")
    #expect(try await members { $0.own = true } == nil)
    #expect(try await members { $0.counts = true } == 0)
  }
}
