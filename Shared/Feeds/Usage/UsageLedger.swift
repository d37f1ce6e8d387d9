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
  public static let everyMillisecondsHelp =
    "how often counts of what apps use are written; a process that dies loses as much"

  private struct Account {
    /// What this process has counted; days of past months go once they are written.
    var days: [UsageDay: Usage] = [:]
    /// Days whose row is older than that.
    var unwritten: Set<UsageDay> = []
    /// What the other processes have counted in a month, when it was last read.
    var others: (month: String, usage: Usage)?
    var isLimited = false
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
  private let state = Mutex(State())

  public init(
    store: any KeyValueStore, holder: UInt64 = .random(in: 1...(.max)),
    nowMicroseconds: @escaping @Sendable () -> Int64 = { wallClockMicroseconds() }, logger: Logger = .silent
  ) {
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
      return state.accounts[app].map { Self.used(.feedUpdates, $0, today.month) } ?? 0
    }
    guard used >= UInt64(max(0, most)) else { return nil }
    return max(1, Int((today.nextMonth.start.microseconds - now + 999_999) / 1_000_000))
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
      state.withLock { $0.accounts[app]?.others = (today.month, read) }
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
}
