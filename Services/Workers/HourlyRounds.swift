import EventLoop
import Model
import Synchronization

/// Does something for every app once an hour, the first time at once. Several workers may: what it does finds nothing the second
/// time.
final class HourlyRounds: Sendable {
  static let everyNanoseconds: UInt64 = 3_600_000_000_000
  /// How often it is asked whether to stop.
  private static let turnNanoseconds: UInt64 = 1_000_000_000

  private let apps: @Sendable () -> [AppID]
  private let work: @Sendable (_ app: AppID, _ isStopped: @Sendable () -> Bool) async -> Void
  private let stopped = Atomic<Bool>(false)

  init(
    apps: @escaping @Sendable () -> [AppID],
    work: @escaping @Sendable (_ app: AppID, _ isStopped: @Sendable () -> Bool) async -> Void
  ) {
    self.apps = apps
    self.work = work
  }

  func start(on loop: EventLoop) {
    Task(executorPreference: loop) { [self] in
      var waited = Self.everyNanoseconds
      while !isStopped {
        if waited >= Self.everyNanoseconds {
          waited = 0
          await once()
        }
        await loop.sleep(nanoseconds: Self.turnNanoseconds)
        waited += Self.turnNanoseconds
      }
    }
  }

  func stop() { stopped.store(true, ordering: .relaxed) }

  private var isStopped: Bool { stopped.load(ordering: .relaxed) }

  /// One round over all apps.
  func once() async {
    for app in apps() where !isStopped { await work(app) { [self] in isStopped } }
  }
}
