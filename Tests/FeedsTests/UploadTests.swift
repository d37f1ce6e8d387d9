import Feeds
import KeevoClient
import Model
import Testing

/// Records of uploads (feeds 2.12).
@Suite struct UploadTests {
  private func upload(_ digit: String, owner: String? = "alice", name: String = "a.png") throws -> Upload {
    Upload(
      id: try #require(UploadID(String(repeating: digit, count: 32))), kind: .image, name: name,
      contentType: "image/png", bytes: 7, owner: owner, createdAt: ActivityTime(microseconds: 1_700_000_000_000_001))
  }

  @Test func aRecordStaysUntilItIsDeleted() async throws {
    let uploads = Uploads(store: MemoryStore())
    let first = try upload("a")
    #expect(try await uploads.find(first.id, app: AppID(1)) == nil)
    #expect(try await uploads.add(first, app: AppID(1)) == first)
    #expect(try await uploads.find(first.id, app: AppID(1)) == first)
    // What is there stays: an upload is never changed.
    let second = try upload("a", owner: nil, name: "b.png")
    #expect(try await uploads.add(second, app: AppID(1)) == first)
    #expect(try await uploads.delete(second, app: AppID(1)) == false, "another one is there")
    #expect(try await uploads.delete(first, app: AppID(1)))
    #expect(try await uploads.delete(first, app: AppID(1)) == false)
    #expect(try await uploads.add(second, app: AppID(1)) == second)
  }

  @Test func appsDoNotSeeEachOthers() async throws {
    let uploads = Uploads(store: MemoryStore())
    let first = try upload("a")
    _ = try await uploads.add(first, app: AppID(1))
    #expect(try await uploads.find(first.id, app: AppID(2)) == nil)
    #expect(try await uploads.delete(first, app: AppID(2)) == false)
    #expect(try await uploads.find(first.id, app: AppID(1)) == first)
  }

  @Test(arguments: ["", "a", String(repeating: "A", count: 32), String(repeating: "g", count: 32)])
  func idsHaveOneForm(text: String) { #expect(UploadID(text) == nil) }
}
