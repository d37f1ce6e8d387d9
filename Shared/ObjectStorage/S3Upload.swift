import Synchronization

/// A multipart upload: pieces are gathered until they make a part, the last of any size.
final class S3Upload: ObjectUpload {
  /// S3 takes parts of 5 MiB and more, at most 10,000: 64 GiB need 6.6 MiB each.
  static let partBytes = 8 << 20

  private struct State {
    var waiting: [UInt8] = []
    var stored = 0
    /// The entity tags of the parts sent, in order.
    var tags: [String] = []
    var hasEnded = false
  }

  private let storage: S3Storage
  private let key: ObjectKey
  private let id: String
  private let state = Mutex(State())

  init(storage: S3Storage, key: ObjectKey, id: String) {
    self.storage = storage
    self.key = key
    self.id = id
  }

  func append(_ bytes: [UInt8]) async throws(ObjectStorageError) {
    let (stored, hasEnded) = state.withLock { ($0.stored, $0.hasEnded) }
    if hasEnded { throw .invalid("the upload has ended") }
    try ObjectChecks.piece(bytes.count, after: stored)
    let part = state.withLock { state -> [UInt8]? in
      state.stored += bytes.count
      state.waiting += bytes
      guard state.waiting.count >= Self.partBytes else { return nil }
      defer { state.waiting = [] }
      return state.waiting
    }
    if let part { try await send(part) }
  }

  private func send(_ part: [UInt8]) async throws(ObjectStorageError) {
    let number = state.withLock { $0.tags.count + 1 }
    let answer = try await storage.send(
      .put, key.text, query: [("partNumber", "\(number)"), ("uploadId", id)], body: part)
    try storage.expect([200], answer)
    guard let tag = answer.header("ETag") else { throw .failed("a part was taken without a tag") }
    state.withLock { $0.tags.append(tag) }
  }

  func finish() async throws(ObjectStorageError) {
    let (last, hasEnded) = state.withLock { ($0.waiting, $0.hasEnded) }
    if hasEnded { throw .invalid("the upload has ended") }
    let isFirst = state.withLock { $0.tags.isEmpty }
    if !last.isEmpty || isFirst { try await send(last) }
    let parts = state.withLock { $0.tags }.enumerated().map { number, tag in
      "<Part><PartNumber>\(number + 1)</PartNumber><ETag>\(tag)</ETag></Part>"
    }
    let body = "<CompleteMultipartUpload>\(parts.joined())</CompleteMultipartUpload>"
    let answer = try await storage.send(.post, key.text, query: [("uploadId", id)], body: Array(body.utf8))
    try storage.expect([200], answer)
    // It may begin with 200 and fail afterwards: the body has the last word.
    guard S3List.element("ETag", in: answer.body[...]) != nil else {
      throw .failed("the upload was not put together: \(S3List.element("Code", in: answer.body[...]) ?? "no code")")
    }
    state.withLock { $0.hasEnded = true }
  }

  func abandon() async throws(ObjectStorageError) {
    let hadEnded = state.withLock { state in
      defer { state = State(hasEnded: true) }
      return state.hasEnded
    }
    if hadEnded { return }
    try storage.expect([200, 204, 404], try await storage.send(.delete, key.text, query: [("uploadId", id)]))
  }
}
