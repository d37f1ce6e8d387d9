import Feeds
import KeevoClient
import Model
import Synchronization
import Testing

@Suite struct LeasedTimeSourceTests {
  /// Clocks of one process over a shared store: the process's wall clock may be off.
  private final class Clocks: Sendable {
    private let state = Mutex((wall: Int64(ManualClock.start) * 1_000, monotonic: UInt64(1_000_000_000)))
    let store: ManualClock
    init(_ store: ManualClock) { self.store = store }
    var wall: Int64 { state.withLock { $0.wall } }
    var monotonic: UInt64 { state.withLock { $0.monotonic } }
    func setBack(microseconds: Int64) { state.withLock { $0.wall -= microseconds } }
    func advance(milliseconds: UInt64) {
      state.withLock {
        $0.wall += Int64(milliseconds) * 1_000
        $0.monotonic += milliseconds * 1_000_000
      }
      store.advance(milliseconds)
    }
  }

  private let clock = ManualClock()
  private let store: MemoryStore
  private let app = AppID(1)

  init() {
    let clock = clock
    store = MemoryStore(options: .init(clock: { clock.milliseconds }))
  }

  private func source(_ clocks: Clocks) -> LeasedTimeSource {
    LeasedTimeSource(
      store: store, wallMicroseconds: { clocks.wall }, monotonicNanoseconds: { clocks.monotonic },
      sleep: { clocks.advance(milliseconds: $0 / 1_000_000) })
  }

  @Test func timesGrowStrictlyAndKeepTheSlot() async throws {  // T5, B14
    let clocks = Clocks(clock)
    let source = source(clocks)
    var last: Int64 = 0
    var slots: Set<Int64> = []
    for round in 0..<200 {
      let times = try await source.next(1 + round % 5, app: app).map(\.microseconds)
      for time in times {
        #expect(time > last)
        slots.insert(time % 16)
        last = time
      }
      if round % 10 == 0 { clocks.advance(milliseconds: 300) }
    }
    #expect(slots.count == 1)
    #expect(last - clocks.wall < 1_000_000)
  }

  @Test func aClockSetBackHoldsTheCounterNotTheService() async throws {
    let clocks = Clocks(clock)
    let source = source(clocks)
    let before = try await source.next(1, app: app)[0]
    clocks.setBack(microseconds: 3_600_000_000)
    let after = try await source.next(1, app: app)[0]
    #expect(after > before)
    #expect(after.microseconds - before.microseconds <= 16)
  }

  @Test func processesNeverGiveTheSameTime() async throws {
    let sources = (0..<8).map { _ in source(Clocks(clock)) }
    var seen: Set<Int64> = []
    for round in 0..<40 {
      for source in sources {
        for time in try await source.next(3, app: app) {
          #expect(seen.insert(time.microseconds).inserted, "round \(round)")
        }
      }
    }
  }

  @Test func whoTakesASlotOverStartsPastItsMark() async throws {
    var seen: Set<Int64> = []
    var last: Int64 = 0
    // More processes one after another than there are slots, each dying without a word; their clock stands still.
    for _ in 0..<40 {
      let clocks = Clocks(clock)
      let source = source(clocks)
      for time in try await source.next(50, app: app) {
        #expect(seen.insert(time.microseconds).inserted)
        last = max(last, time.microseconds)
      }
      clock.advance(1_000)
    }
    #expect(seen.count == 2_000)
  }

  @Test func aProcessThatSleptPastItsLeaseTakesASlotAnew() async throws {
    let clocks = Clocks(clock)
    let one = source(clocks)
    let before = try await one.next(1, app: app)[0]
    clocks.advance(milliseconds: 60_000)
    var others: [LeasedTimeSource] = []
    var seen: Set<Int64> = [before.microseconds]
    for _ in 0..<15 {
      let other = source(Clocks(clock))
      for time in try await other.next(20, app: app) { seen.insert(time.microseconds) }
      others.append(other)
    }
    for time in try await one.next(20, app: app) { #expect(seen.insert(time.microseconds).inserted) }
  }

  @Test func aSeventeenthProcessIsToldWhyItMustWait() async throws {
    var sources: [LeasedTimeSource] = []
    for _ in 0..<16 {
      let source = source(Clocks(clock))
      _ = try await source.next(1, app: app)
      sources.append(source)
    }
    let clocks = Clocks(ManualClock())
    await #expect(throws: StoreError.self) { _ = try await source(clocks).next(1, app: app) }
  }
}
