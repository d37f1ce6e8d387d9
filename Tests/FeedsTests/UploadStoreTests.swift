import Feeds
import KeevoClient
import Model
import ObjectStorage
import Synchronization
import Testing

/// Uploads whole: bytes and records together, whatever comes between (feeds 2.12, insight D53).
@Suite struct UploadStoreTests {
  private let app = AppID(1)
  private let clock = ManualClock()
  private let objects = MemoryStorage()
  private let rows: MemoryStore

  init() {
    let clock = clock
    rows = MemoryStore(options: .init(clock: { clock.milliseconds }))
  }

  private func fileStore(_ store: (any KeyValueStore)? = nil) -> UploadStore {
    let clock = clock
    return UploadStore(
      records: Uploads(store: store ?? rows), storage: objects, wallMilliseconds: { clock.milliseconds })
  }

  private func upload(_ digit: String = "a", bytes: Int = 3) throws -> Upload {
    Upload(
      id: try #require(UploadID(String(repeating: digit, count: 32))), kind: .file, name: "a",
      contentType: "text/plain", bytes: bytes, owner: "alice", createdAt: ActivityTime(microseconds: 5))
  }

  /// A store that fails at the writes of these numbers, counted from 1: they do not happen.
  private func failing(at numbers: Set<Int>) -> GatedStore {
    let count = Mutex(0)
    return GatedStore(rows) { call throws(StoreError) in
      guard call == "write" else { return }
      let number = count.withLock { count in
        count += 1
        return count
      }
      if numbers.contains(number) { throw .unavailable("away") }
    }
  }

  @Test func whatIsAddedIsReadAndDeleted() async throws {
    let files = fileStore()
    let kept = try await files.add(try upload(), [1, 2, 3], app: app)
    #expect(kept.bytesUsed == nil && objects.names.count == 1)
    #expect(try await files.find(kept.upload.id, app: app) == kept.upload)
    #expect(try await files.read(kept.upload, 1..<3, app: app) == [2, 3])
    #expect(try await files.delete(kept.upload, app: app))
    #expect(objects.names.isEmpty)
    #expect(try await files.delete(kept.upload, app: app) == false)
  }

  @Test func ofTwoOfTheSameIDTheFirstStaysAndTheOthersBytesGo() async throws {
    let files = fileStore()
    let first = try await files.add(try upload(), [1, 2, 3], app: app)
    let second = try await files.add(try upload(bytes: 4), [4, 5, 6, 7], app: app)
    #expect(second.upload == first.upload && objects.names.count == 1)
    #expect(try await files.read(first.upload, 0..<3, app: app) == [1, 2, 3])
    #expect(try await files.records.bytes(app: app) == 3)
  }

  /// A process that dies, or a store that goes away, between the bytes and their record.
  @Test func bytesWithoutARecordAreFoundAndGo() async throws {
    await #expect(throws: UploadError.self) {
      try await fileStore(failing(at: [2])).add(try upload(), [1, 2, 3], app: app)
    }
    let files = fileStore()
    #expect(objects.names.count == 1, "the bytes were stored")
    #expect(try await files.find(try upload().id, app: app) == nil)
    #expect(try await files.collect(app: app) == 0, "it may be on its way still")
    let other = try await files.add(try upload("b"), [9, 9, 9], app: app)
    clock.advance(Uploads.pendingMillisecondsMax + 1)
    #expect(try await files.collect(app: AppID(2)) == 0)
    #expect(try await files.collect(app: app) == 1)
    #expect(objects.names.count == 1, "the other one stays")
    #expect(try await files.read(other.upload, 0..<3, app: app) == [9, 9, 9])
    #expect(try await files.records.bytes(app: app) == 3)
    #expect(try await files.collect(app: app) == 0)
  }

  @Test func aRecordNeverComesBeforeItsBytes() async throws {
    objects.fail(.unavailable("away"))
    await #expect(throws: UploadError.self) { try await fileStore().add(try upload(), [1, 2, 3], app: app) }
    #expect(try await fileStore().find(try upload().id, app: app) == nil)
    clock.advance(Uploads.pendingMillisecondsMax + 1)
    await #expect(throws: UploadError.self) { try await fileStore().collect(app: app) }
    objects.fail(nil)
    #expect(try await fileStore().collect(app: app) == 1)
    #expect(try await fileStore().records.bytes(app: app) == 0)
  }

  @Test func aBeginningThatFailedStoresNothing() async throws {
    await #expect(throws: UploadError.self) {
      try await fileStore(failing(at: [1])).add(try upload(), [1, 2, 3], app: app)
    }
    #expect(objects.names.isEmpty)
  }

  @Test func theLimitIsNeverPassed() async throws {
    let files = fileStore()
    let first = try await files.add(try upload("a"), [1, 2, 3], limit: 7, app: app)
    #expect(first.bytesUsed == 3)
    #expect(try await files.add(try upload("b", bytes: 4), [1, 2, 3, 4], limit: 7, app: app).bytesUsed == 7)
    do {
      _ = try await files.add(try upload("c", bytes: 1), [1], limit: 7, app: app)
      Issue.record("one byte more was taken")
    } catch UploadError.full(let most) { #expect(most == 7) }
    #expect(objects.names.count == 2)
    #expect(try await files.records.bytes(app: app) == 7, "what was refused is not counted")
    #expect(
      try await files.add(try upload("c", bytes: 1), [1], limit: 7, app: AppID(2)).bytesUsed == 1, "another app's")
    #expect(try await files.delete(first.upload, app: app))
    #expect(try await files.add(try upload("c", bytes: 1), [1], limit: 7, app: app).bytesUsed == 5)
  }

  @Test func uploadsAtTheSameTimeDoNotPassTheLimitTogether() async throws {
    let files = fileStore()
    let app = app
    let uploads = try "0123456789".map { try upload(String($0)) }
    let kept = await withTaskGroup(of: Bool.self) { group in
      for upload in uploads {
        group.addTask { (try? await files.add(upload, [1, 2, 3], limit: 10, app: app)) != nil }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(kept <= 3)
    #expect(try await files.records.bytes(app: app) == UInt64(3 * kept))
    #expect(objects.names.count == kept)
  }
}
