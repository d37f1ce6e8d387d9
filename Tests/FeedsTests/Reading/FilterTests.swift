import Feeds
import KeevoClient
import Model
import Testing

/// Ours beyond feeds 2.2 (`filter`), and its `discard_…`.
@Suite struct FilterTests {
  private func filled(_ change: (inout FeedEngine.Options) -> Void = { _ in }) async throws -> World {
    let world = World(remoteShards: [1, 5], change)
    try await world.follow("flat:all", "user:a")
    for index in 0..<20 {
      let custom =
        #","n":\#(index),"tags":["t\#(index % 3)","x"],"route":{"name":"r\#(index % 2)"},"even":\#(index % 2 == 0)"#
      try await world.add(
        "n\(index)", to: index < 10 ? "user:a" : "flat:all", time: Int64(1_000 + index), actor: "SU:\(index % 4)",
        custom: custom)
    }
    return world
  }

  private func read(
    _ world: World, _ filter: String, _ change: (inout PageRequest) -> Void = { _ in }
  ) async throws -> [String] {
    let filter = try ActivityFilter(parsing: filter)
    return try await world.page("flat:all") {
      $0.filter = filter
      change(&$0)
    }.items.map { World.text($0).replacing("<user:a", with: "") }
  }

  @Test func fieldsOfAnyKindSelect() async throws {
    let world = try await filled()
    #expect(try await read(world, #"{"actor":"SU:1"}"#) == ["n17", "n13", "n9", "n5", "n1"])
    #expect(try await read(world, #"{"actor":["SU:1","SU:2"],"even":true}"#) == ["n18", "n14", "n10", "n6", "n2"])
    #expect(try await read(world, #"{"n":7}"#) == ["n7"])
    #expect(try await read(world, #"{"n":[7.0,1e1]}"#) == ["n10", "n7"])
    #expect(try await read(world, #"{"object":["n3",4]}"#) == ["n3"])
    #expect(try await read(world, #"{"route.name":"r1","tags":"t2"}"#) == ["n17", "n11", "n5"])
    #expect(try await read(world, #"{"origin":"user:a","tags":"t0"}"#) == ["n9", "n6", "n3", "n0"])
    #expect(try await read(world, #"{"origin":null,"tags":"t0"}"#) == ["n18", "n15", "n12"])
    #expect(try await read(world, #"{"nothing":null,"n":2}"#) == ["n2"])
    #expect(try await read(world, #"{"verb":"like"}"#) == [])
    #expect(try await read(world, #"{"route":"r1"}"#) == [])
    #expect(try await read(world, "{}").count == 20)
    #expect(
      try await read(world, #"{"actor":"SU:1"}"#) {
        $0.offset = 1
        $0.limit = 2
      } == ["n13", "n9"])
  }

  @Test func foreignIDsAreFoundWithoutWalkingTheFeed() async throws {
    let world = try await filled { $0.filterScanMax = 1 }
    #expect(try await read(world, #"{"foreign_id":["n19","n2","n3","no"]}"#) == ["n19", "n3", "n2"])
    #expect(try await read(world, #"{"foreign_id":["n19","n2","n3"],"even":true}"#) == ["n2"])
    #expect(
      try await read(world, #"{"foreign_id":["n19","n2","n3"]}"#) {
        $0.offset = 1
        $0.limit = 1
      } == ["n3"])
    let second = try await world.page("flat:all").items[1].activity.id
    #expect(try await read(world, #"{"foreign_id":["n19","n2"]}"#) { $0.idLessThan = second } == ["n2"])
    // What the feed does not hold is not given, wherever else it is.
    try await world.add("elsewhere", to: "user:b", time: 900)
    #expect(try await read(world, #"{"foreign_id":"elsewhere"}"#) == [])
  }

  @Test func tooManyTimesOfOneForeignIDAreWalked() async throws {
    let world = World { $0.foreignIDHintsMax = 3 }
    for index in 0..<5 { try await world.add("same", to: "flat:all", time: Int64(1_000 + index)) }
    #expect(try await read(world, #"{"foreign_id":"same"}"#).count == 5)
  }

  @Test func aFilteredReadLooksAtABoundedNumberAndGoesOn() async throws {
    let world = try await filled { $0.filterScanMax = 6 }
    let filter = try ActivityFilter(parsing: #"{"n":[18,3,2]}"#)
    var pages: [[String]] = []
    var request = PageRequest(limit: 2, offset: 1)
    request.filter = filter
    while pages.count < 10 {
      let page = try await world.engine.readFlat(world.feed("flat:all"), app: world.app, page: request)
      pages.append(page.items.map { World.member("object", $0.activity) })
      guard page.hasMore else { break }
      if let stop = page.stop {
        request.idLessThan = stop.after
        request.offset = stop.offsetLeft
      } else {
        request.idLessThan = page.items.last?.activity.id
        request.offset = 0
      }
    }
    #expect(pages == [[], [], ["n3", "n2"], []])
  }

  @Test func discardedActorsGo() async throws {
    let world = try await filled()
    let page = try await world.page("flat:all") {
      $0.filter.discardedActors = ["SU:0", "SU:1", "SU:2"]
      $0.limit = 3
    }
    #expect(page.items.map { World.member("object", $0.activity) } == ["n19", "n15", "n11"])
    #expect(page.hasMore)
  }

  @Test func activitiesThatReferToWhatIsGoneCanBeDiscarded() async throws {
    let world = World(remoteShards: [2])
    let kept = try await world.add("kept", to: "user:a", time: 1_000)
    let gone = try await world.add("gone", to: "user:a", time: 1_001)
    for (index, id) in [kept.id, gone.id].enumerated() {
      try await world.add("share\(index)", to: "user:b", time: Int64(2_000 + index), custom: #","shared":"SA:\#(id)""#)
    }
    try await world.add("plain", to: "user:b", time: 3_000, custom: #","shared":"SA:nothing""#)
    try await world.remove(gone, from: "user:a")
    #expect(try await world.read("user:b") == ["plain", "share1", "share0"])
    #expect(try await world.read("user:b") { $0.filter.discardsDeleted = true } == ["plain", "share0"])
    let page = try await world.page("user:b") {
      $0.filter.discardsDeleted = true
      $0.limit = 2
    }
    #expect(page.items.count == 2 && !page.hasMore)
  }

  @Test(arguments: [
    ("7", ""), ("{", ""), (#"{"a":{}}"#, "a"), (#"{"a":[[1]]}"#, "a"), (#"{"":1}"#, ""), (#"{"a.":1}"#, "a."),
    (#"{"a.b.c.d.e.f.g.h.i":1}"#, "a.b.c.d.e.f.g.h.i"),
  ])
  func wrongFiltersNameTheirField(text: String, path: String) {
    #expect(throws: ActivityFilter.Invalid.self) { try ActivityFilter(parsing: text) }
    do throws(ActivityFilter.Invalid) { _ = try ActivityFilter(parsing: text) } catch { #expect(error.path == path) }
  }
}
