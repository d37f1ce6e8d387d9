import ObjectStorage
import Synchronization

/// Object storage in memory, which can be told to fail.
final class MemoryObjects: ObjectStorage {
  private struct State {
    var objects: [String: [UInt8]] = [:]
    var failure: ObjectStorageError?
  }

  private let state = Mutex(State())

  /// The names of what is there.
  var names: [String] { state.withLock { $0.objects.keys.sorted() } }

  /// What every call throws from now on.
  func fail(_ failure: ObjectStorageError?) { state.withLock { $0.failure = failure } }

  private func with<Value: Sendable>(
    _ body: (inout sending [String: [UInt8]]) -> Value
  ) throws(ObjectStorageError) -> Value {
    let (failure, value): (ObjectStorageError?, Value?) = state.withLock { state in
      if let failure = state.failure { return (failure, nil) }
      return (nil, body(&state.objects))
    }
    if let failure { throw failure }
    guard let value else { throw .failed("no value") }
    return value
  }

  func put(_ key: ObjectKey, _ body: [UInt8], when condition: PutCondition) async throws(ObjectStorageError) {
    let isTaken = try with { objects in
      if condition == .ifAbsent, objects[key.description] != nil { return true }
      objects[key.description] = body
      return false
    }
    if isTaken { throw .exists }
  }

  func get(_ key: ObjectKey, offset: Int, bytesMax: Int) async throws(ObjectStorageError) -> [UInt8]? {
    try with { objects in objects[key.description].map { Array($0.dropFirst(offset).prefix(bytesMax)) } }
  }

  func info(_ key: ObjectKey) async throws(ObjectStorageError) -> ObjectInfo? {
    try with { objects in objects[key.description].map { ObjectInfo(path: key.path, bytes: $0.count) } }
  }

  func delete(_ key: ObjectKey) async throws(ObjectStorageError) {
    try with { objects in objects[key.description] = nil }
  }

  func list(
    _ owner: ObjectKey.Owner, prefix: String, after: String, limit: Int
  ) async throws(ObjectStorageError) -> ObjectPage { throw .invalid("not listed in tests") }

  func upload(_ key: ObjectKey) async throws(ObjectStorageError) -> any ObjectUpload {
    throw .invalid("no uploads in pieces in tests")
  }
}
