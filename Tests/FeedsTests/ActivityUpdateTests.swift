import Feeds
import JSON
import KeevoClient
import Model
import Testing

/// Updates of activities and of where they are: feeds F14–F17, F20, F21, B8.
@Suite struct ActivityUpdateTests {
  private func change(
    _ id: ActivityID, set: [(String, String)] = [], unset: [String] = []
  ) throws -> ActivityChange {
    ActivityChange(
      id: id,
      set: try set.map {
        .init(path: $0.0.split(separator: ".").map(String.init), value: try JSONValue(parsing: $0.1))
      }, unset: unset.map { $0.split(separator: ".").map(String.init) })
  }

  private func body(_ activity: StoredActivity?) -> String {
    guard let activity else { return "" }
    return String(decoding: activity.body[activity.originOffset...], as: UTF8.self)
  }

  @Test func aFullUpdateReplacesContentEverywhereAndKeepsPlaceAndTargets() async throws {  // F14, F16
    let world = World()
    try await world.follow("timeline:fan", "user:a")
    let old = try await world.add("x", to: "user:a", time: 1_000_000, targets: ["flat:t"], custom: ",\"a\":1,\"b\":2")
    try await world.add("y", to: "user:a", time: 2_000_000)
    try await world.engine.update(
      [world.input("x", time: 1_000_000, to: ["flat:other"], actor: "bob", custom: ",\"c\":[3.0]")], world.context)
    for feed in ["user:a", "timeline:fan"] {
      #expect(try await world.read(feed).map { $0.prefix(1) } == ["y", "x"], "an update does not move it")
    }
    let item = try #require(try await world.page("flat:t").items.first)
    #expect(item.activity.id == old.id)
    #expect(World.member("actor", item.activity) == "bob")
    #expect(body(item.activity) == ",\"to\":[\"flat:t\"],\"c\":[3.0]}")
    #expect(try await world.read("flat:other") == [])
  }

  @Test func aFullUpdateCreatesWhatIsMissingInNoFeed() async throws {  // F14
    let world = World()
    let input = world.input("x", time: 1_000_000)
    try await world.engine.update([input], world.context)
    let id = input.id(at: ActivityTime(microseconds: 1_000_000))
    #expect(try await world.engine.activities([id], app: world.app)[0] != nil)
    try await world.remove(try #require(try await world.engine.activities([id], app: world.app)[0]), from: "user:a")
    #expect(try await world.engine.activities([id], app: world.app)[0] != nil, "it was never in that feed")
    try await world.add("x", to: "user:a", time: 1_000_000)
    #expect(try await world.read("user:a") == ["x"])
    #expect(try await world.engine.activities([id], app: AppID(2)) == [nil])
  }

  @Test func aPartialUpdateSetsAndRemovesByPathsAndKeepsTheOrderOfMembers() async throws {  // F15, C9a
    let world = World()
    let old = try await world.add(
      "x", to: "user:a", time: 1_000_000, targets: ["flat:t"],
      custom: ",\"product\":{\"price\":1.50,\"color\":\"é\\n\"},\"n\":12345678901234567890,\"z\":null")
    let updated = try await world.engine.update(
      [
        change(
          old.id,
          set: [("product.price", "7.90"), ("foo.bar.baz", "[]"), ("n", "0.50"), ("actor", "\"bob\""), ("new", "{}")],
          unset: ["product.color", "z", "nothing.there"])
      ], limits: ActivityLimits(), world.context)
    #expect(
      body(updated[0])
        == ",\"to\":[\"flat:t\"],\"product\":{\"price\":7.90},\"n\":0.50,\"foo\":{\"bar\":{\"baz\":[]}},\"new\":{}}")
    #expect(World.member("actor", updated[0]) == "bob")
    #expect(try await world.page("flat:t").items.first?.activity == updated[0])
    #expect(try await world.engine.activities([old.id], app: world.app) == [updated[0]])
  }

  @Test func theOrderOfSetDoesNotMatter() async throws {  // F15
    let world = World()
    let old = try await world.add("x", to: "user:a", time: 1_000_000)
    let settings = [("a.b", "2"), ("a", "{\"b\":1,\"c\":1}"), ("a.c.d", "3"), ("a.c", "{}")]
    for order in [settings, settings.reversed()] {
      let updated = try await world.engine.update(
        [change(old.id, set: order)], limits: ActivityLimits(), world.context)
      #expect(body(updated[0]) == ",\"a\":{\"b\":2,\"c\":{\"d\":3}}}")
    }
  }

  @Test func aBatchOfPartialUpdatesIsWholeOrNotAtAll() async throws {
    let world = World()
    let x = try await world.add("x", to: "user:a", time: 1_000_000, custom: ",\"n\":1")
    let y = try await world.add("y", to: "user:a", time: 2_000_000, custom: ",\"n\":1")
    let gone = ActivityID(ticks: 5, low: 5)
    let good = try change(x.id, set: [("n", "2")])
    for bad in [
      try change(gone, set: [("n", "2")]), try change(y.id, set: [("n.deep", "2")]),
      try change(y.id, set: [("actor", "\"\"")]), try change(y.id, set: [("verb", "[]")]),
      try change(y.id, set: [("long", "\"\(String(repeating: "x", count: 10_240))\"")]),
    ] {
      await #expect(throws: FeedError.self) {
        _ = try await world.engine.update([good, bad], limits: ActivityLimits(), world.context)
      }
    }
    #expect(try await world.engine.activities([x.id, y.id], app: world.app) == [x, y])
    let both = try await world.engine.update(
      [good, try change(y.id, set: [("n", "3")]), try change(x.id, unset: ["n"])], limits: ActivityLimits(),
      world.context)
    #expect(both.map(body) == ["}", ",\"n\":3}", "}"])
  }

  @Test func anotherAppsActivityIsMissing() async throws {
    let world = World()
    let x = try await world.add("x", to: "user:a", time: 1_000_000)
    let other = ChangeContext(app: AppID(2))
    await #expect(throws: FeedError.self) {
      _ = try await world.engine.update([change(x.id, set: [("n", "2")])], limits: ActivityLimits(), other)
    }
    await #expect(throws: FeedError.self) {
      _ = try await world.engine.updateTargets(
        [TargetsChange(id: x.id, change: .replace([]))], in: world.feed("user:a"), other)
    }
    try await world.engine.erase([(x.id, [world.feed("user:a")])], other)
    try await world.engine.remove(x.id, from: world.feed("user:a"), other)
    #expect(try await world.page("user:a").items.map(\.activity) == [x])
  }

  @Test func addToManyReachesTheFeedsAndNotTheirFollowers() async throws {  // F20
    let world = World()
    try await world.follow("timeline:fan", "user:a")
    try await world.engine.addToMany(
      world.input("x", time: 1_000_000), feeds: ["user:a", "user:b", "flat:c"].map(world.feed), world.context)
    for feed in ["user:a", "user:b", "flat:c"] { #expect(try await world.read(feed) == ["x"]) }
    #expect(try await world.read("timeline:fan") == [])
    try await world.settle()
    #expect(try await world.read("timeline:fan") == [])
    let x = try #require(try await world.page("user:a").items.first?.activity)
    try await world.remove(x, from: "user:a")
    #expect(try await world.read("user:a") == [])
    #expect(try await world.read("user:b") == ["x"])
    try await world.follow("timeline:late", "user:b")
    #expect(try await world.read("timeline:late") == ["x<user:b"], "a follow copies it")
    try await world.remove(x, from: "user:b")
    try await world.remove(x, from: "flat:c")
    #expect(try await world.engine.activities([x.id], app: world.app) == [nil])
  }

  @Test(arguments: [0, 3, 256])
  func fiveThousandFeedsHoldAnActivityWhateverTheHeaderHolds(headerMax: Int) async throws {  // B8, L9
    let world = World { $0.headerPlacementsMax = headerMax }
    let names = (0..<5_000).map { "user:m\($0)" }
    try await world.engine.addToMany(
      world.input("x", time: 1_000_000, custom: ",\"n\":1"), feeds: names.map(world.feed), world.context)
    let x = try #require(try await world.page("user:m4999").items.first?.activity)
    for place in [0, 2, 255, 256, 257, 1_000, 4_999] { #expect(try await world.read("user:m\(place)") == ["x"]) }
    #expect(try await world.read("user:m4998", app: AppID(2)) == [])
    // Removed from one, content replaced, added anew with targets: the others keep it.
    try await world.remove(x, from: "user:m4000")
    try await world.add("x", to: "user:own", time: 1_000_000, targets: ["flat:t"], custom: ",\"n\":2")
    try await world.settle()
    #expect(try await world.read("user:m4000") == [])
    for name in ["user:m0", "user:m3999", "user:m4999", "user:own", "flat:t"] {
      let item = try #require(try await world.page(name).items.first?.activity)
      #expect(body(item) == ",\"to\":[\"flat:t\"],\"n\":2}", "\(name)")
    }
    try await world.engine.erase([(x.id, [])], world.context)
    for name in ["user:m0", "user:m4999", "user:own", "flat:t"] { #expect(try await world.read(name) == []) }
    try await world.settle()
    #expect(try await world.rows() == 0, "nothing but the audit log's and the foreign id's partitions is left")
  }

  @Test func changedTargetsGainAndLoseItWithTheirFollowers() async throws {  // F21
    let world = World()
    try await world.follow("timeline:old", "flat:old")
    try await world.follow("timeline:new", "flat:new")
    try await world.follow("flat:old", "user:a")
    let x = try await world.add("x", to: "user:a", time: 1_000_000, targets: ["flat:old", "flat:stays"])
    let outcome = try await world.engine.updateTargets(
      [
        TargetsChange(
          id: x.id,
          change: .edit(added: ["flat:new", "flat:stays", "user:a"].map(world.feed), removed: [world.feed("flat:old")]))
      ], in: world.feed("user:a"), world.context)[0]
    #expect(outcome.added.map(\.description) == ["flat:new"])
    #expect(outcome.removed.map(\.description) == ["flat:old"])
    #expect(body(outcome.activity) == ",\"to\":[\"flat:stays\",\"flat:new\"]}")
    for settled in [false, true] {
      if settled { try await world.settle() }
      #expect(try await world.read("flat:new") == ["x"])
      #expect(try await world.read("timeline:new") == ["x<flat:new"])
      #expect(try await world.read("flat:old") == ["x<user:a"], "it still follows")
      #expect(try await world.read("timeline:old") == [])
      #expect(try await world.read("flat:stays") == ["x"])
    }
    let cleared = try await world.engine.updateTargets(
      [TargetsChange(id: x.id, change: .replace([]))], in: world.feed("flat:stays"), world.context)[0]
    #expect(body(cleared.activity) == "}")
    #expect(cleared.removed.count == 2)
    #expect(try await world.read("user:a") == ["x"])
    #expect(try await world.read("timeline:new") == [])
  }

  @Test func replacedTargetsStandInTheOrderAsked() async throws {
    let world = World()
    let x = try await world.add("x", to: "user:a", time: 1_000_000, targets: ["flat:p", "flat:q"])
    let outcome = try await world.engine.updateTargets(
      [TargetsChange(id: x.id, change: .replace(["flat:q", "flat:p", "flat:r"].map(world.feed)))],
      in: world.feed("user:a"), world.context)[0]
    #expect(body(outcome.activity) == ",\"to\":[\"flat:q\",\"flat:p\",\"flat:r\"]}")
    #expect(outcome.removed == [])
  }

  @Test func targetsAreChangedOnlyInAFeedThatHasTheActivity() async throws {  // F21
    let world = World()
    try await world.follow("timeline:fan", "user:a")
    let x = try await world.add("x", to: "user:a", time: 1_000_000)
    let y = try await world.add("y", to: "user:a", time: 2_000_000)
    let change = TargetsChange(id: x.id, change: .replace([world.feed("flat:t")]))
    await #expect(throws: FeedError.self) {
      _ = try await world.engine.updateTargets([change], in: world.feed("user:b"), world.context)
    }
    await #expect(throws: FeedError.self) {
      let missing = TargetsChange(id: ActivityID(ticks: 1, low: 1), change: .replace([]))
      _ = try await world.engine.updateTargets([change, missing], in: world.feed("user:a"), world.context)
    }
    #expect(try await world.read("flat:t") == [])
    _ = try await world.engine.updateTargets([change], in: world.feed("timeline:fan"), world.context)
    #expect(try await world.read("flat:t") == ["x"])
    #expect(try await world.page("user:a").items.map(\.activity.id) == [y.id, x.id])
  }

  @Test func moreFeedsThanAnActivityMayHaveAreRefused() async throws {
    let world = World { $0.placementsMax = 3 }
    try await world.add("x", to: "user:a", time: 1_000_000, targets: ["flat:1", "flat:2"])
    await #expect(throws: FeedError.self) { try await world.add("x", to: "user:b", time: 1_000_000) }
    #expect(try await world.read("user:b") == [])
  }

  @Test func anActorsActivitiesAreFoundAsTheyAreNow() async throws {  // feeds 2.17
    let world = World()
    let context = ChangeContext(app: world.app, author: .actor, indexesActors: true)
    func found(_ user: String, app: AppID? = nil) async throws -> [ActivityID] {
      try await world.engine.activities(of: user, app: app ?? world.app, max: 10)
    }
    let inputs = (1...3).map { world.input("n\($0)", time: Int64($0) * 1_000_000, actor: $0 == 2 ? "al" : "SU:al") }
    let stored = try await world.engine.add(inputs, to: world.feed("user:a"), context)
    #expect(try await found("al") == stored.map(\.id), "oldest first")
    #expect(try await found("al", app: AppID(2)) == [])
    try await world.engine.update([world.input("n1", time: 1_000_000, actor: "bob")], context)
    try await world.engine.remove(stored[1].id, from: world.feed("user:a"), context)
    #expect(try await found("al") == [stored[2].id])
    #expect(try await found("bob") == [stored[0].id])
    try await world.settle()
    #expect(try await found("al") == [stored[2].id])
    await #expect(throws: FeedError.self) { _ = try await world.engine.activities(of: "al", app: world.app, max: 0) }
    _ = try await world.engine.add([world.input("n9", actor: "al")], to: world.feed("user:a"), world.context)
    #expect(try await found("al") == [stored[2].id], "where privacy is off nothing is noted")
  }
}
