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

  // MARK: Retention

  /// Ten entries a day on days 0 … 4, of alice and bob in turn.
  private func filled(_ store: any KeyValueStore) async throws -> AuditLog {
    let audit = AuditLog(store: store)
    for day in 0..<5 {
      try await audit.write(
        (0..<10).map { number in
          AuditEntry(
            .user, id: "u\(number)", action: .update, userID: number % 2 == 0 ? "alice" : "bob",
            createdAt: ActivityTime(microseconds: Int64(day) * 86_400_000_000 + Int64(number) * 1_000_000))
        }, app: AppID(1))
    }
    return audit
  }

  private static let queries = [
    AuditLog.Query(limit: 100), AuditLog.Query(userID: "alice", limit: 100),
    AuditLog.Query(entity: (.user, "u4"), limit: 100), AuditLog.Query(entity: (.user, "u4"), userID: "bob", limit: 100),
  ]

  private func counts(_ audit: AuditLog, notBefore: ActivityTime? = nil) async throws -> [Int] {
    var counts: [Int] = []
    for query in Self.queries {
      counts.append(try await audit.page(query, app: AppID(1), notBefore: notBefore).entries.count)
    }
    return counts
  }

  @Test func expiredEntriesAreNotShown() async throws {
    let audit = try await filled(MemoryStore())
    #expect(try await counts(audit) == [50, 25, 5, 0])
    #expect(AuditLog.expiry(retentionDays: 0, nowMilliseconds: 5) == nil)
    let expiry = try #require(AuditLog.expiry(retentionDays: 2, nowMilliseconds: 4 * 86_400_000 + 5_000))
    // Day 2 from its sixth second on, and days 3 and 4.
    #expect(try await counts(audit, notBefore: expiry) == [25, 12, 2, 0])
    // Pages end there, in both directions.
    var shown = 0
    var query = AuditLog.Query(limit: 4)
    while true {
      let page = try await audit.page(query, app: AppID(1), notBefore: expiry)
      shown += page.entries.count
      guard let older = page.older else { break }
      query.older = older
    }
    #expect(shown == 25)
    query.older = nil
    query.newer = try await audit.page(AuditLog.Query(limit: 50), app: AppID(1)).entries.dropLast(10).last.map {
      entry in
      AuditLogTests.cursor(entry)
    }
    let newer = try await audit.page(query, app: AppID(1), notBefore: expiry)
    #expect(newer.entries.count == 4 && newer.entries.allSatisfy { $0.createdAt >= expiry })
  }

  /// The cursor that stands for an entry: its key.
  private static func cursor(_ entry: AuditEntry) -> [UInt8] {
    var bytes: [UInt8] = []
    for shift in stride(from: 56, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: ~entry.createdAt.ticks >> UInt64(shift)))
    }
    return bytes + [UInt8](repeating: 0, count: 8)
  }

  @Test func expiredDaysAreCollectedWholly() async throws {
    let store = MemoryStore()
    let audit = try await filled(store)
    func rows() async throws -> Int {
      var count = 0
      for shard in 0..<UInt32(8) {
        count += try await store.scan(
          ScanRequest(scope: .shard(shard, .data), limit: 10_000, keysOnly: true)
        ).rows.count
      }
      return count
    }
    let all = try await rows()
    let expiry = ActivityTime(microseconds: 2 * 86_400_000_000 + 5_000_000)
    #expect(try await audit.collect(app: AppID(2), before: expiry) == 0, "of another app")
    #expect(try await audit.collect(app: AppID(1), before: expiry, shouldStop: { true }) == 0)
    #expect(try await rows() == all)
    #expect(try await audit.collect(app: AppID(1), before: expiry) == 20)
    // A day is listed once, and each entry lies in three partitions.
    #expect(try await rows() == all - 2 * 31)
    #expect(try await counts(audit) == [30, 15, 3, 0])
    #expect(try await audit.collect(app: AppID(1), before: expiry) == 0)
    let later = ActivityTime(microseconds: 9 * 86_400_000_000)
    #expect(try await audit.collect(app: AppID(1), before: later) == 30)
    #expect(try await rows() == 0)
  }
}
