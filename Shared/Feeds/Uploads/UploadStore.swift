import Model
import ObjectStorage

/// Uploads whole: the bytes in object storage, what is known of them in the store.
public struct UploadStore: Sendable {
  /// An upload that was added.
  public struct Kept: Hashable, Sendable {
    /// The record that stands now: that of another one of the same id if it was there first.
    public var upload: Upload
    /// Bytes of all uploads of the app, where it has a limit.
    public var bytesUsed: UInt64?
  }

  public let records: Uploads
  private let storage: any ObjectStorage
  private let wallMilliseconds: @Sendable () -> UInt64

  public init(
    records: Uploads, storage: any ObjectStorage, wallMilliseconds: @escaping @Sendable () -> UInt64
  ) {
    self.records = records
    self.storage = storage
    self.wallMilliseconds = wallMilliseconds
  }

  /// Keeps a file: noted first, then its bytes, then made known. So a record never lacks its bytes, and bytes that a crash
  /// leaves without a record are found by `collect`. What fails half way is left to it too: it may yet have happened.
  ///
  /// - Parameter limit: bytes that the app's uploads may have together; `nil`: any. Counted before the bytes are stored, so
  ///   uploads at the same time do not pass it together.
  public func add(
    _ upload: Upload, _ content: [UInt8], limit: Int? = nil, app: AppID, traceID: [UInt8] = []
  ) async throws(UploadError) -> Kept {
    var upload = upload
    upload.attempt = .random(in: 1...(.max))
    let pending: PendingUpload
    var used: UInt64?
    do throws(FeedError) {
      pending = try await records.begin(upload, app: app, nowMilliseconds: wallMilliseconds(), traceID: traceID)
      if limit != nil { used = try await records.bytes(app: app) }
    } catch { throw .feed(error) }
    if let limit, let used, used > UInt64(max(0, limit)) {
      // Of this one nothing is stored yet.
      try await abandon(pending, app, traceID)
      throw .full(bytesMax: limit)
    }
    do throws(ObjectStorageError) { try await put(content, try Self.key(upload, app)) } catch { throw .storage(error) }
    let kept: Upload
    do { kept = try await records.finish(pending, app: app, traceID: traceID) } catch { throw .feed(error) }
    if kept.attempt != upload.attempt {
      // What fails of this is found by `collect`; the upload is there.
      do throws(UploadError) { try await discard(pending, app, traceID) } catch {}
    }
    return Kept(upload: kept, bytesUsed: used)
  }

  /// `nil` if there is none.
  public func find(_ id: UploadID, app: AppID) async throws(UploadError) -> Upload? {
    do { return try await records.find(id, app: app) } catch { throw .feed(error) }
  }

  /// A user's uploads, oldest first; more than `max` are refused.
  public func uploads(of owner: String, app: AppID, max: Int) async throws(UploadError) -> [Upload] {
    do { return try await records.uploads(of: owner, app: app, max: max) } catch { throw .feed(error) }
  }

  /// A part of a file; `nil` if its bytes are gone.
  public func read(_ upload: Upload, _ range: Range<Int>, app: AppID) async throws(UploadError) -> [UInt8]? {
    var bytes: [UInt8] = []
    do throws(ObjectStorageError) {
      let key = try Self.key(upload, app)
      while bytes.count < range.count {
        let wanted = min(range.count - bytes.count, ObjectLimits.bodyBytesMax)
        let piece = try await storage.get(key, offset: range.lowerBound + bytes.count, bytesMax: wanted)
        guard let piece, !piece.isEmpty else { return nil }
        if bytes.isEmpty { bytes = piece } else { bytes += piece }
      }
    } catch { throw .storage(error) }
    return bytes
  }

  /// Deletes a file: first its bytes, so that none are left behind when the record goes. `false`: it was gone.
  public func delete(_ upload: Upload, app: AppID, traceID: [UInt8] = []) async throws(UploadError) -> Bool {
    do throws(ObjectStorageError) { try await storage.delete(try Self.key(upload, app)) } catch {
      throw .storage(error)
    }
    do { return try await records.delete(upload, app: app, traceID: traceID) } catch { throw .feed(error) }
  }

  /// Takes back uploads that were begun and never became known, up to `limit` of an app. Gives how many.
  public func collect(app: AppID, limit: Int = 1_000) async throws(UploadError) -> Int {
    let expired: [PendingUpload]
    do { expired = try await records.expired(app: app, nowMilliseconds: wallMilliseconds(), limit: limit) } catch {
      throw .feed(error)
    }
    for pending in expired { try await discard(pending, app, []) }
    return expired.count
  }

  /// Deletes the bytes of a pending upload, then what was noted of it.
  private func discard(_ pending: PendingUpload, _ app: AppID, _ traceID: [UInt8]) async throws(UploadError) {
    do throws(ObjectStorageError) { try await storage.delete(try Self.key(pending.upload, app)) } catch {
      throw .storage(error)
    }
    try await abandon(pending, app, traceID)
  }

  private func abandon(_ pending: PendingUpload, _ app: AppID, _ traceID: [UInt8]) async throws(UploadError) {
    do { _ = try await records.abandon(pending, app: app, traceID: traceID) } catch { throw .feed(error) }
  }

  private func put(_ content: [UInt8], _ key: ObjectKey) async throws(ObjectStorageError) {
    if content.count <= ObjectLimits.bodyBytesMax { return try await storage.put(key, content, when: .always) }
    let writer = try await storage.upload(key)
    var rest = content[...]
    while !rest.isEmpty {
      try await writer.append(Array(rest.prefix(ObjectLimits.pieceBytesMax)))
      rest = rest.dropFirst(ObjectLimits.pieceBytesMax)
    }
    try await writer.finish()
  }

  /// Two digits of the id as a folder: file systems do not like millions of names in one.
  private static func key(_ upload: Upload, _ app: AppID) throws(ObjectStorageError) -> ObjectKey {
    let id = upload.id.description
    let attempt = String(decoding: FeedKeys.hexadecimal(FeedKeys.bigEndian(upload.attempt)), as: UTF8.self)
    guard let key = ObjectKey(.app(app.rawValue), "uploads/\(id.prefix(2))/\(id)-\(attempt)") else {
      throw .invalid("the name of an upload \(id)")
    }
    return key
  }
}
