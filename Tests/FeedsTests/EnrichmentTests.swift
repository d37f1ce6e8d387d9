import JSON
import KeevoClient
import Model
import Testing

@testable import Feeds

/// 3.8, H1–H12: references of a page.
@Suite struct EnrichmentTests {
  private let app = AppID(1)

  /// An activity that has not to be stored: its members after `origin`.
  private func item(_ members: String, _ low: UInt64 = 1, origin: String? = nil) -> FeedItem {
    let body = Array(#"{"id":"i","actor":"a","origin":,\#(members)}"#.utf8)
    return FeedItem(
      activity: StoredActivity(
        id: ActivityID(ticks: 1, low: low), version: .zero, body: body,
        originOffset: #"{"id":"i","actor":"a","origin":"#.utf8.count),
      origin: origin.flatMap { FeedID($0) })
  }

  private func enrich(
    _ members: String, store: any KeyValueStore = MemoryStore(), reactions: any ReactionSource = NoReactions(),
    _ change: (inout Enrichment.Limits, inout EnrichmentOptions) -> Void = { _, _ in }
  ) async throws -> String {
    var limits = Enrichment.Limits()
    var options = EnrichmentOptions()
    change(&limits, &options)
    let bodies = try await Enrichment(store: store, reactions: reactions, limits: limits)
      .bodies(of: [item(members)], options: options, app: app)
    let text = String(decoding: try #require(bodies.first), as: UTF8.self)
    _ = try JSONDocument(Array(text.utf8))
    let head = #"{"id":"i","actor":"a","origin":null,"#
    #expect(text.hasPrefix(head))
    return String(text.dropFirst(head.count).dropLast())
  }

  private func filled() async throws -> MemoryStore {
    let store = MemoryStore()
    let entities = Entities(store: store, times: SequenceTimeSource())
    var change = Entities.Change(app: app)
    change.time = ActivityTime(microseconds: 0)
    _ = try await entities.add(.user("bob"), data: Array(#"{"n": 1.0, "z":[]}"#.utf8), change)
    _ = try await entities.add(
      .object(collection: "food", id: "b1"), data: Array(#"{"a":1}"#.utf8), owner: "bob", change)
    return store
  }

  private static let times = #""created_at":"1970-01-01T00:00:00.000000Z","updated_at":"1970-01-01T00:00:00.000000Z""#
  private static let bob = #"{"id":"bob","data":{"n": 1.0, "z":[]},\#(times)}"#
  private static let burger =
    #"{"id":"b1","collection":"food","foreign_id":"food:b1","data":{"a":1},\#(times)}"#

  @Test func referencesGiveWayToStoredBytes() async throws {
    let store = try await filled()
    #expect(
      try await enrich(#""object":"SO:food:b1","x": "S\u0055:bob" ,"y":["SU:bob",1,"no"]"#, store: store)
        == #""object":\#(Self.burger),"x": \#(Self.bob) ,"y":[\#(Self.bob),1,"no"]"#)
  }

  @Test func whatIsNoReferenceStays() async throws {
    let store = try await filled()
    let plain =
      #""verb":"SU:bob","foreign_id":"SU:bob","time":"SU:bob","to":["SU:bob"],"o":{"x":"SU:bob"},"l":[["SU:bob"]],"#
      + #""m":"SO:food","n":"SA:x","p":"SU:","q":"SU:a b","r":"SF:bob","s":"xSU:bob","t":"SO:food:","u":"SO::b1","#
      + #""v":"SO:food:b:1","w":"su:bob","z":"SR:1""#
    #expect(try await enrich(plain, store: store) == plain)
  }

  @Test func missingThingsHaveExactShapes() async throws {
    let nothing = "00000000-0000-0000-0000-000000000000"
    #expect(
      try await enrich(#""u":"SU:alice","o":"SO:food:b1","a":"SA:\#(nothing)","r":"SR:\#(nothing)""#)
        == #""u":{"error":"ReferenceNotFound","reference":"SU:alice","reference_type":"user","id":"alice"},"#
        + #""o":{"error":"ReferenceNotFound","reference":"SO:food:b1","reference_type":"object","id":"b1","#
        + #""collection":"food"},"a":{"error":"ReferenceNotFound","reference":"SA:\#(nothing)","#
        + #""reference_type":"activity","id":"\#(nothing)"},"r":{"error":"ReferenceNotFound","#
        + #""reference":"SR:\#(nothing)","reference_type":"reaction","id":"\#(nothing)"}"#)
  }

  @Test func anotherAppsThingsAreMissing() async throws {
    let store = try await filled()
    let bodies = try await Enrichment(store: store).bodies(of: [item(#""u":"SU:bob""#)], app: AppID(2))
    #expect(String(decoding: bodies[0], as: UTF8.self).contains("ReferenceNotFound"))
  }

  @Test func aPageAsksOnce() async throws {
    let store = CountingStore(try await filled())
    let items = (0..<100).map { item(#""u":"SU:bob","o":"SO:food:b1","m":"SU:u\#($0)""#, UInt64($0)) }
    let bodies = try await Enrichment(store: store).bodies(of: items, app: app)
    #expect(bodies.count == 100)
    #expect(store.multiGets == [102])
    #expect(store.gets == 0)
    let plain = try await Enrichment(store: store).bodies(of: [item(#""u":"bob""#, origin: "user:x")], app: app)
    #expect(String(decoding: plain[0], as: UTF8.self) == #"{"id":"i","actor":"a","origin":"user:x","u":"bob"}"#)
    #expect(store.multiGets == [102], "a page without references asks nothing")
  }

  // MARK: Activities inside activities

  /// A chain of activities: each has the one before as object.
  private func chain(_ count: Int, in world: World) async throws -> [StoredActivity] {
    var activities: [StoredActivity] = []
    for number in 0..<count {
      let input = ActivityInput(
        actor: "SU:bob", verb: "share", object: activities.last.map { "SA:\($0.id)" } ?? "none",
        foreignID: "c\(number)", time: ActivityTime(microseconds: Int64(number + 1)), idLowBits: 1)
      activities += try await world.engine.add([input], to: world.feed("user:a"), app: world.app, traceID: [])
    }
    return activities
  }

  private func depth(of text: String) throws -> Int {
    var node = try JSONValue(parsing: text)
    var depth = 0
    while let inner = node["object"], inner.members != nil {
      #expect(inner["origin"] == .null)
      #expect(inner["actor"]?["reference"]?.string == "SU:bob", "references of nested activities resolve")
      node = inner
      depth += 1
    }
    return depth
  }

  @Test func nestingEndsAtItsDepth() async throws {
    let world = World()
    let activities = try await chain(6, in: world)
    let store = CountingStore(world.store)
    let last = try #require(activities.last)
    for depthMax in 1...4 {
      var limits = Enrichment.Limits()
      limits.depthMax = depthMax
      let bodies = try await Enrichment(store: store, limits: limits)
        .bodies(of: [FeedItem(activity: last, origin: nil)], app: app)
      let text = String(decoding: bodies[0], as: UTF8.self)
      #expect(try depth(of: text) == depthMax)
      #expect(text.contains(#""object":"SA:\#(activities[4 - depthMax].id)""#) == (depthMax <= 4))
    }
    #expect(store.multiGets == [2] + [2, 1] + [2, 1, 1] + [2, 1, 1, 1], "one call a level")
  }

  @Test func anActivityThatNamesItselfEnds() async throws {
    let world = World()
    let input = ActivityInput(
      actor: "a", verb: "v", object: "o", foreignID: "x", time: ActivityTime(microseconds: 1), idLowBits: 5)
    let id = input.id(at: ActivityTime(microseconds: 1))
    var cyclic = input
    cyclic.object = "SA:\(id)"
    let stored = try await world.engine.add([cyclic], to: world.feed("user:a"), app: world.app, traceID: [])
    let bodies = try await Enrichment(store: world.store)
      .bodies(of: [FeedItem(activity: stored[0], origin: nil)], app: app)
    let text = String(decoding: bodies[0], as: UTF8.self)
    #expect(text.split(separator: #""foreign_id":"x""#).count == 5, "itself, and three levels")
    #expect(text.contains(#""object":"SA:\#(id)""#))
  }

  // MARK: Reactions

  @Test func reactionsAreResolvedWithThePage() async throws {
    let store = CountingStore(try await filled())
    let id = ActivityID(ticks: 9, low: 9)
    let text = try await enrich(
      #""reaction":"SR:\#(id)","u":"SU:alice""#, store: store, reactions: ScriptedReactions(known: [id])
    ) { $1.withOwnReactions = true }
    #expect(
      text == #""reaction":{"id":"\#(id)","user":\#(Self.bob)},"#
        + #""u":{"error":"ReferenceNotFound","reference":"SU:alice","reference_type":"user","id":"alice"},"#
        + #""own_reactions":{"like":[{"user":\#(Self.bob)}]}"#)
    #expect(store.multiGets == [1, 1], "the page's users, then the reactions'")
  }

  @Test func nestedActivitiesGetTheSameMembers() async throws {
    let world = World()
    let activities = try await chain(3, in: world)
    var options = EnrichmentOptions()
    options.withOwnReactions = true
    let last = FeedItem(activity: try #require(activities.last), origin: nil)
    let bodies = try await Enrichment(store: world.store, reactions: ScriptedReactions())
      .bodies(of: [last, last], options: options, app: app)
    #expect(bodies[0] == bodies[1])
    let text = String(decoding: bodies[0], as: UTF8.self)
    #expect(text.split(separator: "own_reactions").count == 4)
    #expect(text.hasSuffix(#"]}}"#))
    let plain = try await Enrichment(store: world.store, reactions: ScriptedReactions()).bodies(of: [last], app: app)
    #expect(!String(decoding: plain[0], as: UTF8.self).contains("own_reactions"))
  }

  @Test func withoutReactionsTheMembersAreEmpty() async throws {
    #expect(
      try await enrich(#""x":1"#) {
        $1.withOwnReactions = true
        $1.withRecentReactions = true
        $1.withReactionCounts = true
      } == #""x":1,"own_reactions":{},"latest_reactions":{},"latest_reactions_extra":{},"reaction_counts":{}"#)
  }

  // MARK: Limits

  @Test func referencesPastTheLimitStayStrings() async throws {
    let store = try await filled()
    #expect(
      try await enrich(#""a":"SU:bob","b":"SU:x","c":"SU:bob","d":"SO:food:b1""#, store: store) { limits, _ in
        limits.referencesMax = 1
      } == #""a":\#(Self.bob),"b":"SU:x","c":\#(Self.bob),"d":"SO:food:b1""#)
  }

  @Test func bytesPastTheLimitAreNotMade() async throws {
    let store = try await filled()
    let list = (0..<1_000).map { _ in #""SU:bob""# }.joined(separator: ",")
    let text = try await enrich(#""l":[\#(list)]"#, store: store) { limits, _ in limits.bytesMax = 2_000 }
    #expect(text.utf8.count < 2_000 + list.utf8.count + Self.bob.utf8.count)
    #expect(text.contains(Self.bob))
    #expect(text.hasSuffix(#""SU:bob"]"#))
  }
}
