import Auth
import EventLoop
import Feeds
import HTTP
import JSON
import Model
import ObjectStorage
import Telemetry

extension FeedAPIHandler {
  /// `POST files/`, `POST images/` (feeds M1–M4, P11).
  func upload(_ context: RequestContext, _ kind: Upload.Kind) async throws(APIError) -> APIAnswer {
    let form = try await form(context)
    let sniffed = ImageFormat.type(of: form.content)
    let type: String
    switch kind {
    case .file: type = FileType.of(sent: form.contentType, name: form.name)
    case .image:
      guard ImageFormat(sniffing: form.content) != nil else {
        throw .input("File type \(sniffed) is not supported")
      }
      type = sniffed
    }
    // What a user uploads is that user's.
    try context.authorize(owner: Authorizer.Owner(context.identity.userID))
    let now = try await uploadTime(context)
    guard let id = UploadID(bytes: fileSigner.digest("upload \(now.ticks)", app: context.app.id).prefix(16)) else {
      throw .failure("no id for the upload")
    }
    let record = Upload(
      id: id, kind: kind, name: FileName.reduced(form.name, contentType: type), contentType: type,
      bytes: form.content.count, owner: context.identity.userID, createdAt: now)
    return try await keep(record, form.content, context, status: 201)
  }

  /// Keeps a file and answers with its address.
  func keep(
    _ record: Upload, _ content: [UInt8], _ context: RequestContext, status: Int
  ) async throws(APIError) -> APIAnswer {
    do throws(UploadError) {
      let most = context.app.usageLimits.storageBytes
      let kept = try await files.add(record, content, limit: most, app: context.app.id, traceID: context.traceID)
      if let used = kept.bytesUsed, let most { usage?.noteUse(.storageBytes, used, of: most, app: context.app.id) }
      return answer(kept.upload, context, status: status)
    } catch { throw failed(error, context) }
  }

  /// `DELETE files/?url=`, `DELETE images/?url=` (feeds M5, P25).
  func deleteUpload(_ context: RequestContext, _ kind: Upload.Kind) async throws(APIError) -> APIAnswer {
    guard let url = try context.query.scalar("url"), !url.isEmpty else { throw .input("url must name an upload") }
    try context.authorize(owner: .notYetKnown)
    guard let address = ownAddress(url, context) else { throw Self.unknownUpload }
    let upload = try await owned(address, kind, context)
    let isDeleted: Bool
    do throws(UploadError) {
      isDeleted = try await files.delete(upload, app: context.app.id, traceID: context.traceID)
    } catch { throw failed(error, context) }
    // Otherwise somebody else deleted it in the same moment.
    guard isDeleted else { throw Self.unknownUpload }
    return .empty(status: 200)
  }

  /// The upload at an address, if it is of that kind and the caller may process and delete it (feeds M5, M8, P30).
  func owned(
    _ address: FileAddress, _ kind: Upload.Kind, _ context: RequestContext
  ) async throws(APIError) -> Upload {
    let found: Upload?
    do throws(UploadError) {
      found = address.app == context.app.id ? try await files.find(address.id, app: address.app) : nil
    } catch { throw failed(error, context) }
    guard let found, found.kind == kind, found.name == address.name else { throw Self.unknownUpload }
    try context.authorize(owner: Authorizer.Owner(found.owner))
    return found
  }

  /// The address that a URL of ours means, its query aside; `nil` for those of other hosts and for other paths.
  func ownAddress(_ url: String, _ context: RequestContext) -> FileAddress? {
    guard let (origin, path) = FileAddress.split(url: url), isOwn(origin, context) else { return nil }
    return FileAddress(path: path)
  }

  /// Whether scheme and host are those of this API, whichever scheme the edge was asked by.
  func isOwn(_ origin: String, _ context: RequestContext) -> Bool {
    func host(_ origin: String) -> String { String(origin.drop { $0 != "/" }).lowercased() }
    return host(origin) == host(context.origin) || host(origin) == host(context.requestOrigin)
  }

  static let unknownUpload = APIError(
    status: 404, code: 16, exception: "DoesNotExistException", detail: "there is no such file or image")

  /// `{"file":"<URL>"` (feeds M1).
  func answer(_ upload: Upload, _ context: RequestContext, status: Int) -> APIAnswer {
    var writer = JSONWriter(reserving: 256)
    writer.splice(#"{"file":"#)
    writer.string(url(of: upload, context))
    return APIAnswer(status: status, open: writer.bytes)
  }

  /// The signed address at which an upload is fetched (feeds M1).
  func url(of upload: Upload, _ context: RequestContext) -> String {
    let address = FileAddress(app: context.app.id, id: upload.id, name: upload.name)
    let expires = limits.fileURLSeconds == 0 ? nil : wallClockMicroseconds() / 1_000_000 + Int64(limits.fileURLSeconds)
    let query =
      (expires.map { "expires=\($0)&" } ?? "") + "sig=\(fileSigner.signature(address, expires: expires))"
    return "\(context.origin)\(address.path)?\(query)"
  }

  // MARK: The form

  struct UploadForm: Sendable {
    var name: String?
    var contentType: String?
    var content: [UInt8]
  }

  /// The part `file` of the body (feeds M4).
  private func form(_ context: RequestContext) async throws(APIError) -> UploadForm {
    let request = context.request
    let bounds = limits.form
    let result = try await aside(bytes: request.body.count) { () -> Result<UploadForm, APIError> in
      Result { () throws(APIError) in
        let form: MultipartForm
        do throws(MultipartError) {
          form = try MultipartForm(
            request.body, contentType: request.header("Content-Type") ?? "", limits: bounds)
        } catch { throw .input("\(error)") }
        guard let part = form.parts.first(where: { $0.name == "file" }) else {
          throw .input("the form has no part named file")
        }
        guard !part.content.isEmpty else { throw .input("the file is empty") }
        return UploadForm(
          name: part.fileName, contentType: part.contentType, content: Array(request.body[part.content]))
      }
    }
    return try result.get()
  }

  /// Runs what takes long for many bytes away from the loop.
  func aside<Value: Sendable>(
    bytes: Int, _ work: @escaping @Sendable () -> Value
  ) async throws(APIError) -> Value {
    if bytes <= Self.quickBytesMax { return work() }
    do throws(BlockingPool.Refusal) { return try await pool.run(work) } catch {
      throw .unavailable("too many uploads are under way, try again")
    }
  }

  /// Worked on where they came in: some tens of microseconds.
  private static let quickBytesMax = 64 << 10

  private func uploadTime(_ context: RequestContext) async throws(APIError) -> ActivityTime {
    if let time = context.times?.first { return time }
    do { return try await entities.now(app: context.app.id) } catch { throw failed(error, context) }
  }

  func failed(_ error: UploadError, _ context: RequestContext) -> APIError {
    switch error {
    case .feed(let error): return failed(error, context)
    case .full(let bytesMax): return .storageFull(bytesMax: bytesMax)
    case .storage(let error):
      logger.error(
        "object storage failed", [("app", "\(context.app.id)"), ("path", context.request.path), ("reason", "\(error)")])
      if case .unavailable = error { return .unavailable("the object storage cannot be reached, try again") }
      return .failure("the object storage could not do this; the service's log has the reason")
    }
  }
}
