import Feeds
import KeevoClient
import Model
import Testing

/// Records of uploads (feeds 2.12).
@Suite struct UploadTests {
  private let app = AppID(1)

  private func upload(
    _ digit: String, owner: String? = "alice", name: String = "a.png", bytes: Int = 7, at: Int64 = 1,
    attempt: UInt64 = 1
  ) throws -> Upload {
    Upload(
      id: try #require(UploadID(String(repeating: digit, count: 32))), kind: .image, name: name,
      contentType: "image/png", bytes: bytes, owner: owner,
      createdAt: ActivityTime(microseconds: 1_700_000_000_000_000 + at), attempt: attempt)
  }

  /// Begins and finishes at once.
  private func add(_ upload: Upload, to uploads: Uploads, app: AppID? = nil) async throws -> Upload {
    let pending = try await uploads.begin(upload, app: app ?? self.app, nowMilliseconds: ManualClock.start)
    return try await uploads.finish(pending, app: app ?? self.app)
  }

  private func uploads() -> Uploads {
    let clock = ManualClock()
    return Uploads(store: MemoryStore(options: .init(clock: { clock.milliseconds })))
  }

  @Test func aRecordStaysUntilItIsDeleted() async throws {
    let uploads = uploads()
    let first = try upload("a")
    #expect(try await uploads.find(first.id, app: app) == nil)
    let pending = try await uploads.begin(first, app: app, nowMilliseconds: ManualClock.start)
    #expect(try await uploads.find(first.id, app: app) == nil, "not known before its bytes are there")
    #expect(try await uploads.bytes(app: app) == 7, "but counted")
    #expect(try await uploads.finish(pending, app: app) == first)
    #expect(try await uploads.find(first.id, app: app) == first)
    #expect(try await uploads.bytes(app: app) == 7)
    // What is there stays: an upload is never changed.
    let second = try upload("a", owner: nil, name: "b.png", bytes: 5, attempt: 2)
    let late = try await uploads.begin(second, app: app, nowMilliseconds: ManualClock.start)
    #expect(try await uploads.finish(late, app: app) == first)
    #expect(try await uploads.bytes(app: app) == 12)
    #expect(try await uploads.abandon(late, app: app))
    #expect(try await uploads.abandon(late, app: app) == false, "counted back once")
    #expect(try await uploads.bytes(app: app) == 7)
    #expect(try await uploads.delete(second, app: app) == false, "another one is there")
    #expect(try await uploads.delete(first, app: app))
    #expect(try await uploads.delete(first, app: app) == false)
    #expect(try await uploads.bytes(app: app) == 0)
    #expect(try await add(second, to: uploads) == second)
    #expect(try await uploads.bytes(app: app) == 5)
  }

  @Test func whatWasGivenUpOrIsTooLateNeverBecomesKnown() async throws {
    let clock = ManualClock()
    let uploads = Uploads(store: MemoryStore(options: .init(clock: { clock.milliseconds })))
    let first = try await uploads.begin(try upload("a"), app: app, nowMilliseconds: clock.milliseconds)
    _ = try await uploads.abandon(first, app: app)
    await #expect(throws: FeedError.self) { try await uploads.finish(first, app: app) }
    let second = try await uploads.begin(try upload("b"), app: app, nowMilliseconds: clock.milliseconds)
    clock.advance(Uploads.finishMillisecondsMax)
    #expect(try await uploads.finish(second, app: app) == second.upload, "in time")
    let third = try await uploads.begin(try upload("c"), app: app, nowMilliseconds: clock.milliseconds)
    clock.advance(Uploads.finishMillisecondsMax + 1)
    await #expect(throws: FeedError.self) { try await uploads.finish(third, app: app) }
    #expect(try await uploads.find(third.upload.id, app: app) == nil)
  }

  @Test func thoseThatArePendingForTooLongAreFound() async throws {
    let clock = ManualClock()
    let uploads = Uploads(store: MemoryStore(options: .init(clock: { clock.milliseconds })))
    func expired(_ limit: Int = 10) async throws -> [PendingUpload] {
      try await uploads.expired(app: app, nowMilliseconds: clock.milliseconds, limit: limit)
    }
    var begun: [PendingUpload] = []
    for digit in ["3", "1", "2"] {
      begun.append(try await uploads.begin(try upload(digit), app: app, nowMilliseconds: clock.milliseconds))
    }
    _ = try await uploads.finish(begun[0], app: app)
    clock.advance(Uploads.pendingMillisecondsMax)
    #expect(try await expired().isEmpty)
    clock.advance(1)
    #expect(try await Set(expired()) == [begun[1], begun[2]])
    #expect(try await expired(1).count == 1)
    #expect(try await uploads.expired(app: AppID(2), nowMilliseconds: clock.milliseconds, limit: 10).isEmpty)
  }

  @Test func aUsersUploadsAreListedOldestFirst() async throws {
    let uploads = uploads()
    let third = try await add(try upload("1", at: 3), to: uploads)
    let first = try await add(try upload("f", at: 1), to: uploads)
    let second = try await add(try upload("1", at: 2, attempt: 9), to: uploads)
    #expect(second == third, "the same id: the first stays")
    _ = try await add(try upload("2", owner: "alic"), to: uploads)
    _ = try await add(try upload("3", owner: "alice2"), to: uploads)
    _ = try await add(try upload("4", owner: nil), to: uploads)
    _ = try await uploads.begin(try upload("5"), app: app, nowMilliseconds: ManualClock.start)
    #expect(try await uploads.uploads(of: "alice", app: app, max: 2) == [first, third])
    await #expect(throws: FeedError.self) { try await uploads.uploads(of: "alice", app: app, max: 1) }
    #expect(try await uploads.uploads(of: "alice", app: AppID(2), max: 2).isEmpty)
    #expect(try await uploads.delete(first, app: app))
    #expect(try await uploads.uploads(of: "alice", app: app, max: 2) == [third])
  }

  @Test func appsDoNotSeeEachOthers() async throws {
    let uploads = uploads()
    let first = try await add(try upload("a"), to: uploads)
    #expect(try await uploads.find(first.id, app: AppID(2)) == nil)
    #expect(try await uploads.bytes(app: AppID(2)) == 0)
    #expect(try await uploads.delete(first, app: AppID(2)) == false)
    #expect(try await uploads.find(first.id, app: app) == first)
  }

  @Test(arguments: ["", "a", String(repeating: "A", count: 32), String(repeating: "g", count: 32)])
  func idsHaveOneForm(text: String) { #expect(UploadID(text) == nil) }
}
