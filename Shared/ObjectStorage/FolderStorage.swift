import EventLoop
import Glibc
import Synchronization

/// Objects as files below a folder, one file each: for one machine, and for tests.
///
/// A body is written and synced in the folder `.drafts` and then moved into place, which is atomic; so the folder has to be of one
/// file system. Every call runs on a small pool of threads, since files block.
public final class FolderStorage: ObjectStorage {
  private let root: String
  private let isSwept = Atomic<Bool>(false)
  private let pool = BlockingPool(threadsMax: 4, queueMax: 1_024)

  /// `root` is made when the first object is stored.
  public init(root: String) { self.root = root }

  private func run<Value: Sendable>(
    _ work: @escaping @Sendable () throws(ObjectStorageError) -> Value
  ) async throws(ObjectStorageError) -> Value {
    let result: Result<Value, ObjectStorageError>
    do throws(BlockingPool.Refusal) {
      result = try await pool.run { Result { () throws(ObjectStorageError) in try work() } }
    } catch { throw .unavailable("\(error)") }
    return try result.get()
  }

  private func file(_ key: ObjectKey) -> String { "\(root)/\(key.text)" }

  /// Begins a draft; the first one of a process removes what others left behind.
  private func begin(_ file: String) throws(ObjectStorageError) -> FolderDraft {
    let drafts = "\(root)/.drafts"
    if !isSwept.exchange(true, ordering: .relaxed) { try FolderDraft.sweep(drafts) }
    return try FolderDraft(for: file, in: drafts)
  }

  public func put(_ key: ObjectKey, _ body: [UInt8], when condition: PutCondition) async throws(ObjectStorageError) {
    try ObjectChecks.body(body.count)
    let file = file(key)
    try await run { [self] () throws(ObjectStorageError) in
      let draft = try begin(file)
      do throws(ObjectStorageError) {
        try draft.append(body)
        try draft.publish(replacing: condition == .always)
      } catch {
        draft.discard()
        throw error
      }
    }
  }

  public func get(_ key: ObjectKey, offset: Int, bytesMax: Int) async throws(ObjectStorageError) -> [UInt8]? {
    try ObjectChecks.range(offset: offset, bytesMax: bytesMax)
    let file = file(key)
    return try await run { () throws(ObjectStorageError) in
      try FolderFiles.read(file, offset: offset, bytesMax: bytesMax)
    }
  }

  public func info(_ key: ObjectKey) async throws(ObjectStorageError) -> ObjectInfo? {
    let file = file(key)
    return try await run { () throws(ObjectStorageError) in
      try FolderFiles.bytes(of: file).map { ObjectInfo(path: key.path, bytes: $0) }
    }
  }

  public func delete(_ key: ObjectKey) async throws(ObjectStorageError) {
    let file = file(key)
    try await run { () throws(ObjectStorageError) in
      guard unlink(file) == 0 || errno == ENOENT || errno == ENOTDIR || errno == EISDIR else {
        throw FolderFiles.error("delete", file)
      }
    }
  }

  public func list(
    _ owner: ObjectKey.Owner, prefix: String, after: String, limit: Int
  ) async throws(ObjectStorageError) -> ObjectPage {
    let start = "\(root)/\(try ObjectChecks.list(owner, prefix: prefix, after: after, limit: limit))"
    return try await run { () throws(ObjectStorageError) in
      var walk = FolderWalk(root: start, prefix: prefix, after: after, limit: limit)
      try walk.run()
      return walk.page
    }
  }

  public func upload(_ key: ObjectKey) async throws(ObjectStorageError) -> any ObjectUpload {
    let file = file(key)
    let draft = try await run { [self] () throws(ObjectStorageError) in try begin(file) }
    return FolderUpload(draft: draft) { (work) async throws(ObjectStorageError) in try await self.run(work) }
  }
}

/// An upload into a draft.
final class FolderUpload: ObjectUpload {
  typealias Work = @Sendable () throws(ObjectStorageError) -> Void

  private let draft: FolderDraft
  private let run: @Sendable (@escaping Work) async throws(ObjectStorageError) -> Void
  private let stored = Mutex(0)

  init(draft: FolderDraft, run: @escaping @Sendable (@escaping Work) async throws(ObjectStorageError) -> Void) {
    self.draft = draft
    self.run = run
  }

  func append(_ bytes: [UInt8]) async throws(ObjectStorageError) {
    try ObjectChecks.piece(bytes.count, after: stored.withLock { $0 })
    let draft = draft
    try await run { () throws(ObjectStorageError) in try draft.append(bytes) }
    stored.withLock { $0 += bytes.count }
  }

  func finish() async throws(ObjectStorageError) {
    let draft = draft
    try await run { () throws(ObjectStorageError) in try draft.publish(replacing: true) }
  }

  func abandon() async throws(ObjectStorageError) {
    let draft = draft
    try await run { () throws(ObjectStorageError) in draft.discard() }
  }
}
