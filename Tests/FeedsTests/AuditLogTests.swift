import Feeds
import KeevoClient
import Model
import Synchronization
import Testing

/// Feeds S2–S4.
@Suite struct AuditLogTests {
  private func log(
    _ world: World, _ query: AuditLog.Query = AuditLog.Query(), app: AppID? = nil
  ) async throws -> [String] {
    try await world.engine.auditLogs(query, app: app ?? world.app).entries.map {
      "\($0.action.name) \($0.entityType.name) by \($0.userID)"
    }
  }

  @Test func everyChangeStandsInTheLogAtOnceNewestFirst() async throws {  // S2
    let world = World()
    let x = world.input("x", time: 1_000_000, actor: "SU:alice")
    let user = ChangeContext(app: world.app, author: .user("admin"))
    let actor = ChangeContext(app: world.app, author: .actor)
    let stored = try await world.engine.add([x], to: world.feed("user:a"), actor)[0]
    _ = try await world.engine.add([x], to: world.feed("user:a"), actor)
    try await world.engine.update([world.input("x", time: 1_000_000, custom: ",\"n\":1")], user)
    try await world.engine.remove(stored.id, from: world.feed("user:b"), user)
    try await world.engine.remove(stored.id, from: world.feed("user:a"), user)
    let all = ["delete activity by admin", "update activity by admin", "create activity by alice"]
    #expect(try await log(world) == all, "what changes nothing is not noted")
    #expect(try await log(world, AuditLog.Query(userID: "admin")) == Array(all.prefix(2)))
    #expect(try await log(world, AuditLog.Query(entity: (.activity, stored.id.description))) == all)
    #expect(
      try await log(world, AuditLog.Query(entity: (.activity, stored.id.description), userID: "alice")) == [all[2]])
    #expect(try await log(world, AuditLog.Query(entity: (.user, stored.id.description))) == [])
    #expect(try await log(world, app: AppID(2)) == [])
    try await world.settle()
    #expect(try await log(world) == all)
    try await world.add("y", to: "user:a")
    #expect(try await log(world) == all, "an add without an author is not noted")
  }

  @Test func aChangeWhoseProcessDiesIsNotedByAWorker() async throws {
    let world = World()
    let writes = Mutex(0)
    let dying = GatedStore(world.store) { call async throws(StoreError) in
      // The change itself is written, and nothing after it.
      if call != "write" { return }
      let number = writes.withLock { count in
        count += 1
        return count
      }
      if number > 1 { throw .failed("crashed") }
    }
    let engine = World.engine(dying, world.clock, SequenceTimeSource(), FeedEngine.Options(), world.metrics)
    _ = try await engine.add(
      [world.input("", time: 1_000_000)], to: world.feed("user:a"), ChangeContext(app: world.app, author: .user("u")))
    #expect(try await log(world) == [])
    try await world.settle()
    #expect(try await log(world) == ["create activity by u"])
    #expect(try await world.jobs().isEmpty)
  }

  @Test(arguments: ["", "user", "entity"])
  func pagesLeadBothWaysOverDaysAndEndEmpty(filter: String) async throws {  // S3, S4
    let store = MemoryStore()
    let log = AuditLog(store: store)
    let app = AppID(1)
    var entries: [AuditEntry] = []
    for number in 0..<23 {
      // Ten an hour apart, over several days.
      let time = ActivityTime(microseconds: 1_795_000_000_000_000 + Int64(number) * 10 * 3_600_000_000)
      entries.append(AuditEntry(.activity, id: "same", action: .update, userID: "u", createdAt: time))
    }
    try await log.write(entries, app: app)
    try await log.write(entries, app: app)
    var query = AuditLog.Query(limit: 5)
    if filter == "user" { query.userID = "u" }
    if filter == "entity" { query.entity = (.activity, "same") }
    var seen: [AuditEntry] = []
    var page = try await log.page(query, app: app)
    #expect(page.newer == nil)
    var pages = [page]
    while let older = page.older {
      query.older = older
      page = try await log.page(query, app: app)
      #expect(!page.entries.isEmpty)
      pages.append(page)
    }
    seen = pages.flatMap(\.entries)
    #expect(seen == entries.reversed())
    #expect(pages.map(\.entries.count) == [5, 5, 5, 5, 3])
    query.older = nil
    for number in stride(from: 3, through: 0, by: -1) {
      query.newer = page.newer
      page = try await log.page(query, app: app)
      #expect(page.entries == pages[number].entries)
      #expect(page.older == pages[number].older)
    }
    #expect(page.newer == nil)
    query.newer = nil
    query.limit = 23
    #expect(try await log.page(query, app: app).older == nil, "a page that ends with the last entry")
  }
}
