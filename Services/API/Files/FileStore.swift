import Feeds
import Model
import ObjectStorage

/// Uploads as feed-api keeps them: the bytes in object storage, what is known of them in the store.
public struct FileStore: Sendable {
  enum Failure: Error, Sendable {
    case feed(FeedError)
    case storage(ObjectStorageError)
  }

  let uploads: Uploads
  let storage: any ObjectStorage
  let signer: FileSigner

  public init(uploads: Uploads, storage: any ObjectStorage, signer: FileSigner) {
    self.uploads = uploads
    self.storage = storage
    self.signer = signer
  }

  /// Keeps a file: first its bytes, so that a record never lacks them. Gives the record that stands now.
  func add(
    _ upload: Upload, _ content: [UInt8], app: AppID, traceID: [UInt8]
  ) async throws(Failure) -> Upload {
    let key = try key(upload.id, app)
    do throws(ObjectStorageError) {
      if content.count <= ObjectLimits.bodyBytesMax {
        try await storage.put(key, content, when: .always)
      } else {
        let writer = try await storage.upload(key)
        var rest = content[...]
        while !rest.isEmpty {
          try await writer.append(Array(rest.prefix(ObjectLimits.pieceBytesMax)))
          rest = rest.dropFirst(ObjectLimits.pieceBytesMax)
        }
        try await writer.finish()
      }
    } catch { throw .storage(error) }
    do { return try await uploads.add(upload, app: app, traceID: traceID) } catch { throw .feed(error) }
  }

  func find(_ id: UploadID, app: AppID) async throws(Failure) -> Upload? {
    do { return try await uploads.find(id, app: app) } catch { throw .feed(error) }
  }

  /// A part of a file; `nil` if its bytes are gone.
  func read(_ upload: Upload, _ range: Range<Int>, app: AppID) async throws(Failure) -> [UInt8]? {
    let key = try key(upload.id, app)
    var bytes: [UInt8] = []
    while bytes.count < range.count {
      let wanted = min(range.count - bytes.count, ObjectLimits.bodyBytesMax)
      let piece: [UInt8]?
      do throws(ObjectStorageError) {
        piece = try await storage.get(key, offset: range.lowerBound + bytes.count, bytesMax: wanted)
      } catch { throw .storage(error) }
      guard let piece, !piece.isEmpty else { return nil }
      if bytes.isEmpty { bytes = piece } else { bytes += piece }
    }
    return bytes
  }

  /// Deletes a file: first its bytes, so that none are left behind when the record goes. `false`: it was gone.
  func delete(_ upload: Upload, app: AppID, traceID: [UInt8]) async throws(Failure) -> Bool {
    let key = try key(upload.id, app)
    do { try await storage.delete(key) } catch { throw .storage(error) }
    do { return try await uploads.delete(upload, app: app, traceID: traceID) } catch { throw .feed(error) }
  }

  private func key(_ id: UploadID, _ app: AppID) throws(Failure) -> ObjectKey {
    // Two digits of it as a folder: file systems do not like millions of names in one.
    let text = id.description
    guard let key = ObjectKey(.app(app.rawValue), "uploads/\(text.prefix(2))/\(text)") else {
      throw .storage(.invalid("an upload's id \(text)"))
    }
    return key
  }
}
