import Foundation
import Testing

@testable import ObjectStorage

@Suite struct ObjectStorageTests {
  private func withFolder(_ body: (String) async throws -> Void) async throws {
    let root = FileManager.default.temporaryDirectory.appending(
      path: "millrace-objects-\(UInt64.random(in: 0 ... .max))"
    ).path
    var failure: (any Error)?
    do { try await body(root) } catch { failure = error }
    try? FileManager.default.removeItem(atPath: root)
    if let failure { throw failure }
  }

  @Test func aFolderKeepsTheContract() async throws {
    try await withFolder { root in
      try await ObjectStorageContract(storage: FolderStorage(root: root + "/deep/below")).run()
    }
  }

  @Test func memoryKeepsTheContract() async throws { try await ObjectStorageContract(storage: MemoryStorage()).run() }

  /// With `MILLRACE_TEST_S3=endpoint` the same on a service of S3's kind, in its bucket `millrace`; the QA run sets it.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["MILLRACE_TEST_S3"] != nil))
  func s3KeepsTheContract() async throws {
    try await ObjectStorageContract(storage: S3Storage(Self.settings())).run()
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["MILLRACE_TEST_S3"] != nil))
  func s3RefusesAWrongBucketWithTheReason() async throws {
    var settings = Self.settings()
    settings.bucket = "not-there"
    let contract = ObjectStorageContract(storage: S3Storage(settings))
    let key = try contract.key("a")
    let failure = await contract.failure { () throws(ObjectStorageError) in
      try await contract.storage.put(key, [1], when: .always)
    }
    #expect(failure?.description.contains("NoSuchBucket") == true, "\(String(describing: failure))")
  }

  /// On a service that checks signatures: a secret that is not the key's is refused.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["MILLRACE_TEST_S3_SECRET"] != nil))
  func s3RefusesAWrongSecret() async throws {
    var settings = Self.settings()
    settings.secretKey += "x"
    let contract = ObjectStorageContract(storage: S3Storage(settings))
    let key = try contract.key("a")
    let failure = await contract.failure { () throws(ObjectStorageError) in
      try await contract.storage.put(key, [1], when: .always)
    }
    guard case .forbidden? = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
  }

  private static func settings() -> S3Storage.Settings {
    let environment = ProcessInfo.processInfo.environment
    return S3Storage.Settings(
      endpoint: environment["MILLRACE_TEST_S3"] ?? "", region: "us-east-1", bucket: "millrace",
      accessKey: environment["MILLRACE_TEST_S3_KEY"] ?? "test",
      secretKey: environment["MILLRACE_TEST_S3_SECRET"] ?? "test")
  }

  @Test func s3ThatIsAwayIsUnavailable() async throws {
    let storage = S3Storage(
      S3Storage.Settings(
        endpoint: "http://127.0.0.1:1", region: "x", bucket: "b", accessKey: "a", secretKey: "s"))
    let contract = ObjectStorageContract(storage: storage)
    let key = try contract.key("a")
    let failure = await contract.failure { () throws(ObjectStorageError) in _ = try await storage.info(key) }
    guard case .unavailable? = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
  }

  @Test(arguments: [
    "", "/", "/a", "a/", "a//b", ".", "..", "../x", "a/../b", "a/./b", ".hidden", "a/.hidden", "a b", "ä", "a\0b",
    "a%2fb",
    "a\\b", String(repeating: "a", count: 513),
  ])
  func whatCouldLeadElsewhereIsNoPath(_ path: String) { #expect(ObjectKey(.app(1), path) == nil) }

  @Test(arguments: ["a", "a/b.c/D-e_f.0", String(repeating: "a", count: 512)])
  func plainPathsAreTaken(_ path: String) { #expect(ObjectKey(.app(1), path)?.description == "apps/1/\(path)") }

  @Test(arguments: ["", "a/b", "..", "a b", String(repeating: "a", count: 33)])
  func anOwnersNameIsPlain(_ name: String) { #expect(ObjectKey(.system(name), "x") == nil) }

  @Test func anAbandonedOrForgottenUploadLeavesNoFile() async throws {
    try await withFolder { root in
      let storage = FolderStorage(root: root)
      let key = try #require(ObjectKey(.app(1), "a"))
      func hidden() -> [String] { (try? FileManager.default.contentsOfDirectory(atPath: root + "/.drafts")) ?? [] }
      let upload = try await storage.upload(key)
      #expect(hidden().count == 1)
      try await upload.abandon()
      #expect(hidden().isEmpty)
      do { _ = try await storage.upload(key) }
      // The pool's thread may still hold it for a moment.
      for _ in 0..<500 where !hidden().isEmpty { try await Task.sleep(nanoseconds: 10_000_000) }
      #expect(hidden().isEmpty)
    }
  }

  @Test func draftsOfProcessesThatDiedGoAfterADay() async throws {
    try await withFolder { root in
      let drafts = root + "/.drafts"
      try FileManager.default.createDirectory(atPath: drafts, withIntermediateDirectories: true)
      for (name, seconds) in [("7-old", FolderDraft.ageSecondsMax + 60), ("8-young", FolderDraft.ageSecondsMax / 2)] {
        #expect(FileManager.default.createFile(atPath: "\(drafts)/\(name)", contents: Data([1])))
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSinceNow: -Double(seconds))], ofItemAtPath: "\(drafts)/\(name)")
      }
      let storage = FolderStorage(root: root)
      let key = try #require(ObjectKey(.app(1), "a"))
      #expect(try await storage.get(key, offset: 0, bytesMax: 1) == nil)
      #expect(try FileManager.default.contentsOfDirectory(atPath: drafts).count == 2, "reading takes nothing away")
      try await storage.put(key, [1], when: .always)
      #expect(try FileManager.default.contentsOfDirectory(atPath: drafts) == ["8-young"])
      #expect(try await storage.get(key, offset: 0, bytesMax: 1) == [1])
    }
  }

  @Test func aReaderSeesOneBodyOrTheOther() async throws {
    try await withFolder { root in
      let storage = FolderStorage(root: root)
      let key = try #require(ObjectKey(.app(1), "a"))
      let bodies = [[UInt8](repeating: 1, count: 200_000), [UInt8](repeating: 2, count: 100_000)]
      try await storage.put(key, bodies[0], when: .always)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { for number in 0..<50 { try await storage.put(key, bodies[number % 2], when: .always) } }
        group.addTask {
          for _ in 0..<200 {
            let body = try #require(try await storage.get(key, offset: 0, bytesMax: 1 << 20))
            #expect(bodies.contains(body))
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func aListOfS3IsRead() throws {
    let body = """
      <?xml version="1.0" encoding="UTF-8"?>
      <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><IsTruncated>true</IsTruncated>
      <Contents><Key>apps/1/a/b</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>12</Size></Contents>
      <Contents><Key>apps/1/not &amp; ours</Key><Size>1</Size></Contents>
      <Contents><Key>apps/1/c</Key><Size>0</Size></Contents></ListBucketResult>
      """
    let page = try S3List.page(Array(body.utf8), owner: .app(1), start: "apps/1/")
    #expect(page.isCut && page.objects == [ObjectInfo(path: "a/b", bytes: 12), ObjectInfo(path: "c", bytes: 0)])
    #expect(throws: ObjectStorageError.self) {
      try S3List.page(Array("<html/>".utf8), owner: .app(1), start: "apps/1/")
    }
  }
}
