import ObjectStorage
import Testing

/// What every storage does. Each run uses apps of its own, so that a bucket may hold what earlier runs left.
struct ObjectStorageContract {
  let storage: any ObjectStorage
  let app = UInt32.random(in: 1_000...UInt32.max)

  func key(_ path: String, app: UInt32? = nil) throws -> ObjectKey {
    try #require(ObjectKey(.app(app ?? self.app), path))
  }

  /// The error that `body` throws; `nil` when it does not.
  func failure(_ body: () async throws(ObjectStorageError) -> Void) async -> ObjectStorageError? {
    do throws(ObjectStorageError) {
      try await body()
      return nil
    } catch { return error }
  }

  func whatIsPutIsGotWholeAndInParts() async throws {
    let key = try key("images/a.b/c-1_2.png")
    #expect(try await storage.get(key, offset: 0, bytesMax: 10) == nil)
    #expect(try await storage.info(key) == nil)
    let body = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    try await storage.put(key, body, when: .always)
    #expect(try await storage.get(key, offset: 0, bytesMax: 5_000) == body)
    #expect(try await storage.get(key, offset: 0, bytesMax: 1_000) == body)
    #expect(try await storage.get(key, offset: 100, bytesMax: 50) == Array(body[100..<150]))
    #expect(try await storage.get(key, offset: 990, bytesMax: 50) == Array(body[990...]))
    #expect(try await storage.get(key, offset: 1_000, bytesMax: 1) == [])
    #expect(try await storage.get(key, offset: 5_000, bytesMax: 1) == [])
    #expect(try await storage.info(key) == ObjectInfo(path: key.path, bytes: 1_000))
    try await storage.put(key, [9], when: .always)
    #expect(try await storage.get(key, offset: 0, bytesMax: 10) == [9])
    try await storage.delete(key)
    #expect(try await storage.get(key, offset: 0, bytesMax: 10) == nil)
    try await storage.delete(key)
  }

  func anEmptyObjectIsAnObject() async throws {
    let key = try key("empty")
    try await storage.put(key, [], when: .always)
    #expect(try await storage.info(key)?.bytes == 0)
    #expect(try await storage.get(key, offset: 0, bytesMax: 10) == [])
  }

  func ofPutsIfAbsentOneWins() async throws {
    let key = try key("once")
    let storage = storage
    let won = try await withThrowingTaskGroup(of: UInt8?.self) { group in
      for number in UInt8(0)..<8 {
        group.addTask {
          do {
            try await storage.put(key, [number], when: .ifAbsent)
            return number
          } catch ObjectStorageError.exists { return nil }
        }
      }
      return try await group.reduce(into: [UInt8]()) { if let number = $1 { $0.append(number) } }
    }
    #expect(won.count == 1)
    #expect(try await storage.get(key, offset: 0, bytesMax: 10) == won)
    #expect(
      await failure { () throws(ObjectStorageError) in try await storage.put(key, [99], when: .ifAbsent) } == .exists)
    try await storage.put(key, [7], when: .always)
    #expect(try await storage.get(key, offset: 0, bytesMax: 10) == [7])
  }

  func listsAreInOrderOfPathsAndPaged() async throws {
    let paths = ["a.b", "a/1", "a/2/x", "a/2/y", "a/3", "a0", "b/1", "c"]
    for path in paths.shuffled() { try await storage.put(try key(path), Array(path.utf8), when: .always) }
    func list(_ prefix: String, after: String = "", limit: Int = 1_000) async throws -> ObjectPage {
      try await storage.list(.app(app), prefix: prefix, after: after, limit: limit)
    }
    let all = try await list("")
    #expect(all.objects.map(\.path) == paths && !all.isCut)
    #expect(all.objects.map(\.bytes) == paths.map(\.utf8.count))
    #expect(try await list("a/").objects.map(\.path) == ["a/1", "a/2/x", "a/2/y", "a/3"])
    #expect(try await list("a").objects.count == 6)
    #expect(try await list("a/2").objects.map(\.path) == ["a/2/x", "a/2/y"])
    #expect(try await list("none").objects.isEmpty)
    var seen: [String] = []
    var page: ObjectPage
    repeat {
      page = try await list("", after: seen.last ?? "", limit: 3)
      #expect(page.objects.count <= 3)
      seen += page.objects.map(\.path)
    } while page.isCut && seen.count < 100
    #expect(seen == paths)
  }

  func appsDoNotSeeEachOther() async throws {
    let other = app ^ 1
    try await storage.put(try key("shared/name"), [1], when: .always)
    #expect(try await storage.get(try key("shared/name", app: other), offset: 0, bytesMax: 1) == nil)
    #expect(try await storage.list(.app(other), prefix: "", after: "", limit: 10).objects.isEmpty)
    // An app whose number begins with ours is another app.
    #expect(try await storage.list(.app(app / 10), prefix: "", after: "", limit: 10).objects.isEmpty)
    #expect(
      try await storage.list(.system("backups"), prefix: "apps/\(app)", after: "", limit: 10).objects.isEmpty)
    try await storage.put(try key("shared/name", app: other), [2], when: .ifAbsent)
    try await storage.delete(try key("shared/name", app: other))
    #expect(try await storage.get(try key("shared/name"), offset: 0, bytesMax: 1) == [1])
  }

  func anUploadIsSeenWhenItIsFinishedAndOnlyThen() async throws {
    let key = try key("large")
    let piece = [UInt8](repeating: 5, count: 3 << 20)
    let upload = try await storage.upload(key)
    for number in 0..<6 { try await upload.append(piece + [UInt8(number)]) }
    #expect(try await storage.info(key) == nil)
    try await upload.finish()
    #expect(try await storage.info(key)?.bytes == 6 * (piece.count + 1))
    for number in 0..<6 {
      let offset = (number + 1) * (piece.count + 1) - 2
      #expect(try await storage.get(key, offset: offset, bytesMax: 2) == [5, UInt8(number)])
    }
    #expect(await failure { () throws(ObjectStorageError) in try await upload.append([1]) } != nil)
    let small = try await storage.upload(try self.key("small"))
    try await small.append([1, 2])
    try await small.finish()
    #expect(try await storage.get(try self.key("small"), offset: 0, bytesMax: 9) == [1, 2])
    let dropped = try await storage.upload(try self.key("dropped"))
    try await dropped.append(piece)
    try await dropped.abandon()
    #expect(try await storage.info(try self.key("dropped")) == nil)
    #expect(
      try await storage.list(.app(app), prefix: "", after: "", limit: 10).objects.map(\.path) == ["large", "small"])
  }

  func limitsAreNamed() async throws {
    let key = try key("limits")
    let tooLarge = [UInt8](repeating: 0, count: ObjectLimits.bodyBytesMax + 1)
    let put = await failure { () throws(ObjectStorageError) in try await storage.put(key, tooLarge, when: .always) }
    #expect(put?.description.contains("\(ObjectLimits.bodyBytesMax)") == true)
    for (offset, bytesMax) in [(-1, 1), (0, 0), (0, ObjectLimits.bodyBytesMax + 1)] {
      let get = await failure { () throws(ObjectStorageError) in
        _ = try await storage.get(key, offset: offset, bytesMax: bytesMax)
      }
      #expect(get?.isInvalid == true)
    }
    for (prefix, limit) in [("", 0), ("", ObjectLimits.listMax + 1), ("../", 1), ("/", 1), ("a//b", 1), ("a b", 1)] {
      let list = await failure { () throws(ObjectStorageError) in
        _ = try await storage.list(.app(app), prefix: prefix, after: "", limit: limit)
      }
      #expect(list?.isInvalid == true, "\(prefix) \(limit)")
    }
    let upload = try await storage.upload(key)
    let piece = await failure { () throws(ObjectStorageError) in
      try await upload.append([UInt8](repeating: 0, count: ObjectLimits.pieceBytesMax + 1))
    }
    #expect(piece?.isInvalid == true)
    try await upload.abandon()
  }

  func run() async throws {
    try await whatIsPutIsGotWholeAndInParts()
    try await anEmptyObjectIsAnObject()
    try await ofPutsIfAbsentOneWins()
    for part in [
      ObjectStorageContract.listsAreInOrderOfPathsAndPaged, ObjectStorageContract.appsDoNotSeeEachOther,
      ObjectStorageContract.anUploadIsSeenWhenItIsFinishedAndOnlyThen, ObjectStorageContract.limitsAreNamed,
    ] {
      // Apps of their own: lists hold what the part made.
      try await part(ObjectStorageContract(storage: storage))()
    }
  }
}

extension ObjectStorageError {
  var isInvalid: Bool { if case .invalid = self { true } else { false } }
}
