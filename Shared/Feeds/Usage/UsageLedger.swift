import EventLoop
import KeevoClient
import Model
import Synchronization
import Telemetry

/// Counts what apps use, in this process, and writes it to the store now and then (insight D52, D53): a request costs a lock and
/// no call.
///
/// Each process has a row of its own for each app and day, and writes into it the whole of what it has counted that day: writing it
/// again changes nothing, however a call ended, and the rows of all processes add up. A process that dies loses what it has counted
/// since its last writing (`everyMilliseconds`); one that drains writes all.
///
/// What other processes have counted is read, for apps with a limit, as often: so an app can pass its limit by what the others
/// admit in that time.
public final class UsageLedger: Sendable {
  static let space = UInt8(ascii: "z")
  /// How often what has been counted is written.
  public static let everyMillisecondsDefault = 5_000
  /// The setting of that, for `start`.
  public static var setting: FeedEngine.Options.NumberSetting {
    (
      "usage-milliseconds", 100...600_000, everyMillisecondsDefault,
      "how often counts of what apps use are written; a process that dies loses as much"
    )
  }

  private struct Account {
    /// What this process has counted; days of past months go once they are written.
    var days: [UsageDay: Usage] = [:]
    /// Days whose row is older than that.
    var unwritten: Set<UsageDay> = []
    /// What the other processes have counted in a month, when it was last read.
    var others: (month: String, usage: Usage)?
    var isLimited = false
    /// Limits with what is used of them, where this process knows it.
    var levels: [UsageLimits.Kind: (used: UInt64, most: Int)] = [:]
    /// Warnings of this month that have been told, by this process or another.
    var told: (month: String, keys: Set<RowKey>) = ("", [])
  }

  private struct State {
    var accounts: [AppID: Account] = [:]
    var isStopped = false
  }

  private let store: any KeyValueStore
  /// Whose rows these are.
  private let holder: UInt64
  private let nowMicroseconds: @Sendable () -> Int64
  private let logger: Logger
  private let warnings: Counter
  private let onWarning: @Sendable (AppID, UsageWarning) -> Void
  private let state = Mutex(State())

  /// - Parameter onWarning: told of each warning once, by the one process that wrote it, if that process lives.
  public init(
    store: any KeyValueStore, holder: UInt64 = .random(in: 1...(.max)),
    nowMicroseconds: @escaping @Sendable () -> Int64 = { wallClockMicroseconds() }, logger: Logger = .silent,
    metrics: Metrics = Metrics(), onWarning: @escaping @Sendable (AppID, UsageWarning) -> Void = { _, _ in }
  ) {
    warnings = metrics.counter(
      "usage_warnings_total", help: "Limits of apps of which this process was the first to see 80 % used")
    self.onWarning = onWarning
    self.store = store
    self.holder = holder
    self.nowMicroseconds = nowMicroseconds
    self.logger = logger
  }

  private var today: UsageDay { UsageDay(ActivityTime(microseconds: nowMicroseconds())) }

  // MARK: Counting

  public func note(_ measure: Usage.Measure, _ count: Int = 1, app: AppID) {
    guard count > 0 else { return }
    let today = today
    state.withLock { state in
      state.accounts[app, default: Account()].days[today, default: Usage()][measure] &+= UInt64(count)
      state.accounts[app]?.unwritten.insert(today)
    }
  }

  /// Seconds until the app may add to feeds again; `nil`: it may now.
  public func secondsUntilFeedUpdates(_ limits: UsageLimits, app: AppID) -> Int? {
    guard let most = limits.feedUpdatesPerMonth else { return nil }
    let now = nowMicroseconds()
    let today = UsageDay(ActivityTime(microseconds: now))
    let used = state.withLock { state in
      // From now on the other processes' counts are read too.
      state.accounts[app, default: Account()].isLimited = true
      let used = state.accounts[app].map { Self.used(.feedUpdates, $0, today.month) } ?? 0
      state.accounts[app]?.levels[.feedUpdatesPerMonth] = (used, most)
      return used
    }
    guard used >= UInt64(max(0, most)) else { return nil }
    return max(1, Int((today.nextMonth.start.microseconds - now + 999_999) / 1_000_000))
  }

  /// Notes how much of a limit is used; the next writing warns where that is much.
  public func noteUse(_ kind: UsageLimits.Kind, _ used: UInt64, of most: Int, app: AppID) {
    state.withLock { $0.accounts[app, default: Account()].levels[kind] = (used, most) }
  }

  private static func used(_ measure: Usage.Measure, _ account: Account, _ month: String) -> UInt64 {
    let own = account.days.reduce(UInt64(0)) { $1.key.month == month ? $0 &+ $1.value[measure] : $0 }
    guard let others = account.others, others.month == month else { return own }
    return own &+ others.usage[measure]
  }

  // MARK: Writing

  /// Writes what is not written yet, and reads what others have counted for apps with a limit.
  public func write() async throws(StoreError) {
    let today = today
    let (cells, limited) = state.withLock { state in
      var cells: [(app: AppID, day: UsageDay, usage: Usage)] = []
      for (app, account) in state.accounts {
        for day in account.unwritten { cells.append((app, day, account.days[day] ?? Usage())) }
      }
      cells.sort { ($0.app.rawValue, $0.day.number) < ($1.app.rawValue, $1.day.number) }
      return (cells, state.accounts.filter(\.value.isLimited).map(\.key).sorted())
    }
    var rest = cells[...]
    while !rest.isEmpty {
      let part = rest.prefix(StoreLimits.subBatchesMax)
      rest = rest.dropFirst(part.count)
      _ = try await store.write(
        WriteRequest(
          batches: part.map { cell in
            SubBatch(
              partition: Self.partition(cell.app, cell.day.month),
              operations: [.put(Self.key(cell.day, holder), value: cell.usage.encoded)])
          }))
      state.withLock { state in
        for cell in part where state.accounts[cell.app]?.days[cell.day] == cell.usage {
          state.accounts[cell.app]?.unwritten.remove(cell.day)
          if cell.day.month != today.month { state.accounts[cell.app]?.days[cell.day] = nil }
        }
      }
    }
    for app in limited {
      var others = Usage()
      for row in try await Self.rows(store, app, today.month) where row.holder != holder { others += row.usage }
      let read = others
      state.withLock { state in
        state.accounts[app]?.others = (today.month, read)
        guard let account = state.accounts[app], let level = account.levels[.feedUpdatesPerMonth] else { return }
        let used = Self.used(.feedUpdates, account, today.month)
        state.accounts[app]?.levels[.feedUpdatesPerMonth] = (used, level.most)
      }
    }
    try await warn(today.month)
  }

  /// Writes warnings that are due and not told yet; whoever writes one first tells it.
  private func warn(_ month: String) async throws(StoreError) {
    let now = ActivityTime(microseconds: nowMicroseconds())
    let due = state.withLock { state in
      var due: [(app: AppID, warning: UsageWarning)] = []
      for app in state.accounts.keys.sorted() {
        guard var account = state.accounts[app], !account.levels.isEmpty else { continue }
        if account.told.month != month { account.told = (month, []) }
        for kind in UsageLimits.Kind.allCases {
          guard let level = account.levels[kind], UsageWarning.isDue(used: level.used, of: level.most),
            !account.told.keys.contains(UsageWarning.key(kind, level.most))
          else { continue }
          due.append((app, UsageWarning(kind: kind, most: level.most, used: level.used, at: now)))
        }
        state.accounts[app] = account
      }
      return due
    }
    for (app, warning) in due {
      let results = try await store.write(
        WriteRequest(batches: [
          SubBatch(
            partition: Self.partition(app, month), conditions: [.absent(warning.key)],
            operations: [.put(warning.key, value: warning.encoded)])
        ])
      ).results
      state.withLock { _ = $0.accounts[app]?.told.keys.insert(warning.key) }
      guard results.first?.applied == true else { continue }
      warnings.increment()
      logger.warning(
        "an app has used \(UsageWarning.percent) % of a limit",
        [
          ("app", "\(app)"), ("limit", warning.kind.name), ("used", "\(warning.used)"), ("most", "\(warning.most)"),
        ])
      onWarning(app, warning)
    }
  }

  /// Writes every so often until `stop`.
  public func start(on loop: EventLoop, everyMilliseconds: Int) {
    Task(executorPreference: loop) { [self] in
      while true {
        await loop.sleep(nanoseconds: UInt64(everyMilliseconds) * 1_000_000)
        if state.withLock({ $0.isStopped }) { return }
        await writeOrWarn()
      }
    }
  }

  /// Ends the writing, after once more.
  public func stop() async {
    state.withLock { $0.isStopped = true }
    await writeOrWarn()
  }

  private func writeOrWarn() async {
    do throws(StoreError) { try await write() } catch {
      // What is not written stays counted.
      logger.warning("usage is not written; it is tried again", [("error", "\(error)")])
    }
  }

  // MARK: Rows

  private static func partition(_ app: AppID, _ month: String) -> Partition {
    Partition(app: app.rawValue, name: Array("z/\(month)".utf8))
  }

  private static func key(_ day: UsageDay, _ holder: UInt64) -> RowKey {
    RowKey(space: space, rest: FeedKeys.bigEndian(UInt64(day.number)) + FeedKeys.bigEndian(holder))
  }

  private static func rows(
    _ store: any KeyValueStore, _ app: AppID, _ month: String
  ) async throws(StoreError) -> [(day: UsageDay, holder: UInt64, usage: Usage)] {
    var found: [(day: UsageDay, holder: UInt64, usage: Usage)] = []
    var cursor: [UInt8] = []
    repeat {
      let page = try await store.scan(
        ScanRequest(
          scope: .partition(partition(app, month), RowRange(space: space)), limit: StoreLimits.scanRowsMax,
          cursor: cursor))
      cursor = page.next
      for row in page.rows {
        guard row.key.rest.count == 16 else { throw .unknownFormat("a row of usage") }
        do {
          found.append(
            (
              UsageDay(number: UInt32(truncatingIfNeeded: FeedKeys.integer(row.key.rest[..<8]))),
              FeedKeys.integer(row.key.rest[8...]), try Usage(row.value)
            ))
        } catch { throw .unknownFormat("a row of usage: \(error)") }
      }
    } while !cursor.isEmpty
    return found
  }

  /// What all processes have written of the days of a month, in order; days without use are left out.
  public static func read(
    _ store: any KeyValueStore, app: AppID, month: String
  ) async throws(StoreError) -> [(day: UsageDay, usage: Usage)] {
    var days: [UsageDay: Usage] = [:]
    for row in try await rows(store, app, month) { days[row.day, default: Usage()] += row.usage }
    return days.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// What has been warned of in a month, the oldest first.
  public static func warnings(
    _ store: any KeyValueStore, app: AppID, month: String
  ) async throws(StoreError) -> [UsageWarning] {
    var found: [UsageWarning] = []
    var cursor: [UInt8] = []
    repeat {
      let page = try await store.scan(
        ScanRequest(
          scope: .partition(partition(app, month), RowRange(space: UsageWarning.space)), limit: StoreLimits.scanRowsMax,
          cursor: cursor))
      cursor = page.next
      for row in page.rows {
        do { if let warning = try UsageWarning(row) { found.append(warning) } } catch {
          throw .unknownFormat("a warning: \(error)")
        }
      }
    } while !cursor.isEmpty
    return found.sorted { $0.at.microseconds < $1.at.microseconds }
  }
}
