import Synchronization

/// Objects in memory, which can be told to fail: for tests, beside `FolderStorage` and under the same contract.
public final class MemoryStorage: ObjectStorage {
  private struct State {
    /// By the bytes of their names, as lists are ordered.
    var objects: [String: [UInt8]] = [:]
    var failure: ObjectStorageError?
  }

  private let state = Mutex(State())

  public init() {}

  /// The names of what is there, with their owners', in order.
  public var names: [String] { state.withLock { Self.ordered(Array($0.objects.keys)) } }

  /// What every call throws from now on; `nil`: nothing.
  public func fail(_ failure: ObjectStorageError?) { state.withLock { $0.failure = failure } }

  private static func ordered(_ names: [String]) -> [String] {
    names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private func objects() throws(ObjectStorageError) -> [String: [UInt8]] {
    let (failure, objects) = state.withLock { ($0.failure, $0.objects) }
    if let failure { throw failure }
    return objects
  }

  public func put(_ key: ObjectKey, _ body: [UInt8], when condition: PutCondition) async throws(ObjectStorageError) {
    try ObjectChecks.body(body.count)
    try store(key, body, when: condition)
  }

  fileprivate func store(_ key: ObjectKey, _ body: [UInt8], when condition: PutCondition) throws(ObjectStorageError) {
    let failure: ObjectStorageError? = state.withLock { state in
      if let failure = state.failure { return failure }
      if condition == .ifAbsent, state.objects[key.text] != nil { return .exists }
      state.objects[key.text] = body
      return nil
    }
    if let failure { throw failure }
  }

  public func get(_ key: ObjectKey, offset: Int, bytesMax: Int) async throws(ObjectStorageError) -> [UInt8]? {
    try ObjectChecks.range(offset: offset, bytesMax: bytesMax)
    return try objects()[key.text].map { Array($0.dropFirst(offset).prefix(bytesMax)) }
  }

  public func info(_ key: ObjectKey) async throws(ObjectStorageError) -> ObjectInfo? {
    try objects()[key.text].map { ObjectInfo(path: key.path, bytes: $0.count) }
  }

  public func delete(_ key: ObjectKey) async throws(ObjectStorageError) {
    let failure = state.withLock { state in
      if state.failure == nil { state.objects[key.text] = nil }
      return state.failure
    }
    if let failure { throw failure }
  }

  public func list(
    _ owner: ObjectKey.Owner, prefix: String, after: String, limit: Int
  ) async throws(ObjectStorageError) -> ObjectPage {
    let start = try ObjectChecks.list(owner, prefix: prefix, after: after, limit: limit)
    let all = try objects()
    let found = Self.ordered(all.keys.filter { $0.hasPrefix(start + prefix) }).filter { name in
      after.isEmpty || (start + after).utf8.lexicographicallyPrecedes(name.utf8)
    }
    return ObjectPage(
      objects: found.prefix(limit).map {
        ObjectInfo(path: String($0.dropFirst(start.count)), bytes: all[$0]?.count ?? 0)
      }, isCut: found.count > limit)
  }

  public func upload(_ key: ObjectKey) async throws(ObjectStorageError) -> any ObjectUpload {
    _ = try objects()
    return MemoryUpload(key, in: self)
  }
}

/// An upload whose pieces wait in memory.
final class MemoryUpload: ObjectUpload {
  private let key: ObjectKey
  private let storage: MemoryStorage
  /// `nil` once it has ended.
  private let bytes = Mutex<[UInt8]?>([])

  init(_ key: ObjectKey, in storage: MemoryStorage) {
    self.key = key
    self.storage = storage
  }

  func append(_ piece: [UInt8]) async throws(ObjectStorageError) {
    try ObjectChecks.piece(piece.count, after: bytes.withLock { $0?.count ?? 0 })
    let isOpen = bytes.withLock { bytes in
      bytes?.append(contentsOf: piece)
      return bytes != nil
    }
    guard isOpen else { throw .invalid("the upload has ended") }
  }

  func finish() async throws(ObjectStorageError) {
    let whole = bytes.withLock { bytes in
      defer { bytes = nil }
      return bytes
    }
    guard let whole else { throw .invalid("the upload has ended") }
    try storage.store(key, whole, when: .always)
  }

  func abandon() async throws(ObjectStorageError) { bytes.withLock { $0 = nil } }
}
