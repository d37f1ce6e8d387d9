import Feeds
import KeevoClient
import Model
import Synchronization
import Telemetry
import Testing

/// Counts of what apps use (insight D52, D53).
@Suite struct UsageTests {
  private final class Clock: Sendable {
    let now = Mutex<Int64>(0)
    init(_ time: String) throws { set(try #require(ActivityTime(time))) }
    func set(_ time: ActivityTime) { now.withLock { $0 = time.microseconds } }
    func read() -> Int64 { now.withLock { $0 } }
  }

  private let app = AppID(1)

  private func ledger(_ store: any KeyValueStore, _ clock: Clock, _ holder: UInt64 = 1) -> UsageLedger {
    UsageLedger(store: store, holder: holder, nowMicroseconds: { clock.read() })
  }

  private func days(_ store: any KeyValueStore, app: AppID? = nil, _ month: String = "2026-11") async throws -> [String]
  {
    try await UsageLedger.read(store, app: app ?? self.app, month: month).map { day, usage in
      "\(day) \(usage[.requests])/\(usage[.feedUpdates])/\(usage[.reactions])"
    }
  }

  @Test func daysAndMonths() throws {
    let last = UsageDay(try #require(ActivityTime("2026-11-30T23:59:59.999999")))
    #expect(last.description == "2026-11-30" && last.month == "2026-11")
    #expect(last.nextMonth.description == "2026-12-01" && last.nextMonth.nextMonth.description == "2027-01-01")
    #expect(UsageDay(ActivityTime(microseconds: -5)).description == "1970-01-01")
  }

  @Test func cellsComeBackAndLaterMeasuresArePassedOver() throws {
    #expect(Usage().isEmpty)
    var usage = Usage()
    usage[.feedUpdates] = 258
    usage[.reactions] = 1
    usage += usage
    #expect(usage[.feedUpdates] == 516 && usage[.reactions] == 2 && usage[.requests] == 0)
  }

  @Test func processesAddUpAndAppsAreApart() async throws {
    let store = MemoryStore()
    let clock = try Clock("2026-11-21T10:00:00")
    let (one, two) = (ledger(store, clock, 1), ledger(store, clock, 2))
    one.note(.requests, app: app)
    one.note(.feedUpdates, 5, app: app)
    one.note(.feedUpdates, 0, app: app)
    two.note(.requests, 2, app: app)
    two.note(.reactions, app: AppID(2))
    #expect(try await days(store) == [], "nothing is written yet")
    try await one.write()
    try await two.write()
    #expect(try await days(store) == ["2026-11-21 3/5/0"])
    #expect(try await days(store, app: AppID(2)) == ["2026-11-21 0/0/1"])
    // Written again, nothing is counted again.
    try await one.write()
    one.note(.requests, app: app)
    try await one.write()
    #expect(try await days(store) == ["2026-11-21 4/5/0"])
    // Another process of the same kind begins a row of its own.
    let third = ledger(store, clock, 3)
    third.note(.requests, 10, app: app)
    try await third.write()
    #expect(try await days(store) == ["2026-11-21 14/5/0"])
  }

  @Test func daysAreOfUTCAndMonthsLieApart() async throws {
    let store = MemoryStore()
    let clock = try Clock("2026-11-30T23:59:59.999999")
    let ledger = ledger(store, clock)
    ledger.note(.requests, app: app)
    clock.set(try #require(ActivityTime("2026-12-01T00:00:00")))
    ledger.note(.requests, 2, app: app)
    try await ledger.write()
    #expect(try await days(store) == ["2026-11-30 1/0/0"])
    #expect(try await days(store, "2026-12") == ["2026-12-01 2/0/0"])
  }

  @Test func whatIsNotWrittenStaysCounted() async throws {
    let gate = WriteGate(MemoryStore())
    let clock = try Clock("2026-11-21T10:00:00")
    let ledger = ledger(gate, clock)
    ledger.note(.requests, app: app)
    // What is counted while a write is on its way is written with the next.
    gate.beforeNextWrite { [app] in ledger.note(.requests, 2, app: app) }
    try await ledger.write()
    #expect(try await days(gate) == ["2026-11-21 1/0/0"])
    try await ledger.write()
    #expect(try await days(gate) == ["2026-11-21 3/0/0"])
  }

  @Test func theMonthsLimitHoldsOverAllProcesses() async throws {
    let store = MemoryStore()
    let clock = try Clock("2026-11-30T23:59:30")
    let (one, two) = (ledger(store, clock, 1), ledger(store, clock, 2))
    let limits = UsageLimits(feedUpdatesPerMonth: 10)
    one.note(.feedUpdates, 6, app: app)
    two.note(.feedUpdates, 3, app: app)
    #expect(one.secondsUntilFeedUpdates(limits, app: app) == nil)
    try await two.write()
    try await one.write()
    #expect(one.secondsUntilFeedUpdates(limits, app: app) == nil, "9 of 10")
    two.note(.feedUpdates, app: app)
    #expect(one.secondsUntilFeedUpdates(limits, app: app) == nil, "not heard of yet")
    try await two.write()
    try await one.write()
    #expect(one.secondsUntilFeedUpdates(limits, app: app) == 30)
    #expect(one.secondsUntilFeedUpdates(limits, app: AppID(2)) == nil, "of that app alone")
    #expect(one.secondsUntilFeedUpdates(UsageLimits(), app: app) == nil)
    #expect(one.secondsUntilFeedUpdates(UsageLimits(feedUpdatesPerMonth: 11), app: app) == nil)
    #expect(one.secondsUntilFeedUpdates(UsageLimits(feedUpdatesPerMonth: 0), app: AppID(3)) == 30)
    clock.set(try #require(ActivityTime("2026-12-01T00:00:00")))
    #expect(one.secondsUntilFeedUpdates(limits, app: app) == nil, "a new month")
  }

  // MARK: Warnings

  private final class Told: Sendable {
    private let warnings = Mutex<[String]>([])
    func add(_ app: AppID, _ warning: UsageWarning) {
      warnings.withLock { $0.append("\(app) \(warning.kind.name) \(warning.used)/\(warning.most)") }
    }
    var all: [String] { warnings.withLock { $0 } }
  }

  @Test func fourFifthsOfALimitAreToldOnce() async throws {
    let store = MemoryStore()
    let clock = try Clock("2026-11-21T10:00:00")
    let told = Told()
    let metrics = Metrics()
    func ledger(_ holder: UInt64) -> UsageLedger {
      UsageLedger(
        store: store, holder: holder, nowMicroseconds: { clock.read() }, metrics: metrics,
        onWarning: { told.add($0, $1) })
    }
    let (one, two) = (ledger(1), ledger(2))
    let limits = UsageLimits(feedUpdatesPerMonth: 10)
    func count(_ ledger: UsageLedger, _ updates: Int, _ limits: UsageLimits) async throws {
      ledger.note(.feedUpdates, updates, app: app)
      _ = ledger.secondsUntilFeedUpdates(limits, app: app)
      try await ledger.write()
    }
    try await count(one, 7, limits)
    #expect(told.all.isEmpty)
    // Both see it; one tells it.
    try await count(two, 1, limits)
    try await count(one, 0, limits)
    try await count(two, 1, limits)
    #expect(told.all == ["1 feed_updates_per_month 8/10"])
    // A process that begins anew does not tell it again.
    try await count(ledger(3), 0, limits)
    #expect(told.all.count == 1)
    // Under another figure it is another limit.
    try await count(one, 0, UsageLimits(feedUpdatesPerMonth: 11))
    #expect(told.all.last == "1 feed_updates_per_month 9/11")
    try await count(one, 0, UsageLimits(feedUpdatesPerMonth: 100))
    #expect(told.all.count == 2)
    let written = try await UsageLedger.warnings(store, app: app, month: "2026-11")
    #expect(written.map(\.most) == [10, 11] && written.map(\.used) == [8, 9])
    #expect(metrics.counter("usage_warnings_total").value == 2)
    #expect(try await UsageLedger.warnings(store, app: AppID(2), month: "2026-11").isEmpty)
    // A month begins at nothing, and is warned of by itself.
    clock.set(try #require(ActivityTime("2026-12-01T00:00:00")))
    try await count(one, 0, limits)
    #expect(told.all.count == 2)
    try await count(one, 8, limits)
    #expect(told.all.count == 3)
    #expect(try await UsageLedger.warnings(store, app: app, month: "2026-12").map(\.used) == [8])
  }

  @Test func storageIsToldWhateverTheFeedsDo() async throws {
    let store = MemoryStore()
    let clock = try Clock("2026-11-21T10:00:00")
    let told = Told()
    let ledger = UsageLedger(
      store: store, holder: 1, nowMicroseconds: { clock.read() }, onWarning: { told.add($0, $1) })
    ledger.noteUse(.storageBytes, 79, of: 100, app: app)
    try await ledger.write()
    #expect(told.all.isEmpty)
    ledger.noteUse(.storageBytes, 80, of: 100, app: app)
    try await ledger.write()
    ledger.noteUse(.storageBytes, 100, of: 100, app: app)
    try await ledger.write()
    #expect(told.all == ["1 storage_bytes 80/100"])
    #expect(try await days(store) == [], "it is no count of a day")
  }

  // MARK: Feed updates

  @Test func eachFeedAnActivityLandsInIsCountedOnce() async throws {
    let world = World()
    let ledger = UsageLedger(store: world.store, holder: 1, nowMicroseconds: { 0 })
    let engine = FeedEngine(
      store: world.store, times: SequenceTimeSource(offset: 500), groups: FixedGroups(),
      timing: World.timing(world.clock),
      runtime: FeedRuntime(spawn: { work in Task { await work() } }, sleep: { _ in await Task.yield() }), usage: ledger,
      logger: .silent, metrics: world.metrics)
    func used() async throws -> UInt64 {
      try await ledger.write()
      return try await UsageLedger.read(world.store, app: world.app, month: "1970-01").first?.usage[.feedUpdates] ?? 0
    }
    func add(_ name: String, to feed: String, targets: [String] = []) async throws -> StoredActivity {
      try await engine.add(
        [world.input(name, time: 1_000_000, to: targets)], to: world.feed(feed), app: world.app, traceID: [])[0]
    }
    _ = try await add("a", to: "user:a")
    #expect(try await used() == 1)
    // Nothing lands anywhere.
    _ = try await add("a", to: "user:a")
    #expect(try await used() == 1)
    try await engine.follow(
      [FollowRequest(source: world.feed("timeline:b"), target: world.feed("user:a"))], app: world.app, traceID: [])
    #expect(try await used() == 2, "the copy")
    for follower in ["timeline:c", "notification:d"] {
      try await engine.follow(
        [FollowRequest(source: world.feed(follower), target: world.feed("user:a"), activityCopyLimit: 0)],
        app: world.app,
        traceID: [])
    }
    #expect(try await used() == 2)
    let added = try await add("b", to: "user:a", targets: ["user:e", "notification:f"])
    #expect(try await used() == 2 + 3 + 3, "three of its own, three followers'")
    try await engine.remove(added.id, from: world.feed("user:a"), world.context)
    #expect(try await used() == 8)
  }
}
