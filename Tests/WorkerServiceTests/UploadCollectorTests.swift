import EventLoop
import Feeds
import KeevoClient
import Model
import ObjectStorage
import Synchronization
import Telemetry
import Testing

@testable import WorkerService

/// Workers take back what unfinished uploads left.
@Suite struct UploadCollectorTests {
  @Test func unfinishedUploadsOfEveryAppGo() async throws {
    let now = Mutex<UInt64>(1_795_255_200_000)
    let store = MemoryStore(options: .init(clock: { 1_795_255_200_000 }))
    let objects = MemoryStorage()
    let away = GatedStore(store) { call throws(StoreError) in if call == "multiGet" { throw .unavailable("away") } }
    func files(_ store: any KeyValueStore) -> UploadStore {
      UploadStore(
        records: Uploads(store: store), storage: objects, wallMilliseconds: { now.withLock { $0 } })
    }
    // Noted and counted, then the process dies.
    for app in [1, 2] {
      let upload = Upload(
        id: try #require(UploadID(String(repeating: "a", count: 32))), kind: .file, name: "a",
        contentType: "text/plain",
        bytes: 3, owner: nil, createdAt: ActivityTime(microseconds: 1))
      await #expect(throws: UploadError.self) {
        try await files(away).add(upload, [1, 2, 3], limit: 10, app: AppID(UInt32(app)))
      }
    }
    let whole = files(store)
    let collector = UploadCollector(files: whole, logger: .silent)
    let rounds = HourlyRounds(
      apps: { [AppID(1), AppID(2)] },
      work: { app, isStopped in await collector.collect(app, isStopped: isStopped) })
    await rounds.once()
    #expect(try await whole.records.bytes(app: AppID(1)) == 3, "it may still be on its way")
    now.withLock { $0 += Uploads.pendingMillisecondsMax + 1 }
    await rounds.once()
    for app in [1, 2] { #expect(try await whole.records.bytes(app: AppID(UInt32(app))) == 0) }
  }

  @Test func aRoundThatIsStoppedLeavesTheRestToTheNext() async {
    let seen = Mutex<[AppID]>([])
    let rounds = HourlyRounds(
      apps: { [AppID(1), AppID(2)] },
      work: { app, isStopped in
        seen.withLock { $0.append(app) }
        #expect(isStopped() == false)
      })
    await rounds.once()
    #expect(seen.withLock { $0 } == [AppID(1), AppID(2)])
    rounds.stop()
    await rounds.once()
    #expect(seen.withLock { $0.count } == 2)
  }
}
