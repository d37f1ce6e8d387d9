import Auth
import ControlPlane
import Feeds
import HTTP
import Model
import Telemetry

extension FeedAPIHandler {
  /// `GET /files/<app>/<id>/<name>?…`: an upload, for whoever has its signed address (feeds M1).
  func serveFile(_ request: HTTPRequest, _ form: ResponseForm) async throws(APIError) -> HTTPResponse {
    guard request.method == .get || request.method == .head else {
      throw .method(request.method.description, allow: "GET, HEAD, OPTIONS")
    }
    guard let address = FileAddress(path: request.path) else { throw .pathUnknown }
    try checkSignature(address, RequestQuery(request.query))
    guard let app = configuration.current.apps[address.app] else { throw Self.unknownUpload }
    if app.suspended { throw APIError(AuthError.suspended) }
    let found: Upload?
    do throws(UploadError) { found = try await files.find(address.id, app: address.app) } catch {
      throw failed(error, address)
    }
    guard let upload = found, upload.name == address.name else { throw Self.unknownUpload }
    let etag = "\"\(upload.id)\""
    var headers = form.headers() + Self.headers(of: upload, etag: etag)
    if let known = request.header("If-None-Match"), known == "*" || Self.tags(known).contains(etag) {
      return HTTPResponse(status: 304, headers: headers)
    }
    // A range of an older form would not fit; there is only one form, so any other tag asks for the whole.
    let rangeHolds = request.header("If-Range").map { $0 == etag } ?? true
    let range: Range<Int>
    var status = 200
    switch ByteRange(rangeHolds && request.method == .get ? request.header("Range") : nil, of: upload.bytes) {
    case .whole: range = 0..<upload.bytes
    case .part(let part):
      range = part
      status = 206
      headers.append(.init("Content-Range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(upload.bytes)"))
    case .unsatisfiable:
      var refusal = form.response(
        APIError(
          status: 416, code: 4, exception: "InputException", detail: "the file has \(upload.bytes) bytes only"))
      refusal.headers.append(.init("Content-Range", "bytes */\(upload.bytes)"))
      return refusal
    }
    if request.method == .head {
      return HTTPResponse(status: status, headers: headers, streamBytes: range.count) { _ in }
    }
    return try await send(upload, address, range, status: status, headers)
  }

  private func checkSignature(_ address: FileAddress, _ query: RequestQuery) throws(APIError) {
    let expires = query.parameters["expires"]
    let moment = expires.flatMap { Int64($0) }
    guard let signature = query.parameters["sig"], expires == nil || moment != nil,
      fileSigner.verifies(signature, address, expires: moment)
    else {
      throw APIError(
        status: 403, code: 17, exception: "NotAllowedException", detail: "the address of the file is not signed rightly"
      )
    }
    if let moment, wallClockMicroseconds() / 1_000_000 > moment {
      throw APIError(
        status: 403, code: 17, exception: "NotAllowedException", detail: "the address of the file has expired")
    }
  }

  /// The first piece is read before the status is said, so that an absent storage is told as one.
  private func send(
    _ upload: Upload, _ address: FileAddress, _ range: Range<Int>, status: Int, _ headers: [HTTPRequest.Header]
  ) async throws(APIError) -> HTTPResponse {
    let first = range.lowerBound..<min(range.upperBound, range.lowerBound + Self.pieceBytes)
    let bytes: [UInt8]?
    do throws(UploadError) { bytes = try await files.read(upload, first, app: address.app) } catch {
      throw failed(error, address)
    }
    guard let bytes else { throw Self.unknownUpload }
    if first == range { return HTTPResponse(status: status, headers: headers, body: bytes) }
    let (files, logger) = (files, logger)
    return HTTPResponse(status: status, headers: headers, streamBytes: range.count) { writer in
      guard await writer.write(bytes) else { return }
      var offset = first.upperBound
      while offset < range.upperBound {
        let piece = offset..<min(range.upperBound, offset + Self.pieceBytes)
        do throws(UploadError) {
          guard let bytes = try await files.read(upload, piece, app: address.app), await writer.write(bytes) else {
            return
          }
        } catch {
          logger.error("object storage failed", [("path", address.path), ("reason", "\(error)")])
          return
        }
        offset = piece.upperBound
      }
    }
  }

  /// Bytes of a file held at once.
  private static let pieceBytes = 1 << 20

  /// Nothing that was uploaded may run as a script of this origin: its type is not guessed, what is not plainly a picture, sound
  /// or text is saved instead of shown, and whatever is shown has no rights.
  private static func headers(of upload: Upload, etag: String) -> [HTTPRequest.Header] {
    let disposition = FileType.isShown(upload.contentType) ? "inline" : "attachment"
    return [
      .init("Content-Type", upload.contentType), .init("X-Content-Type-Options", "nosniff"),
      .init("Content-Disposition", "\(disposition); filename=\"\(upload.name)\""),
      .init("Content-Security-Policy", "default-src 'none'; sandbox"),
      .init("Cross-Origin-Resource-Policy", "cross-origin"), .init("Accept-Ranges", "bytes"), .init("ETag", etag),
      // Never changed, but perhaps deleted.
      .init("Cache-Control", "private, max-age=300"),
    ]
  }

  private static func tags(_ header: String) -> [String] {
    header.split(separator: ",").map { item in
      let tag = item.drop { $0 == " " }.prefix { $0 != " " }
      return String(tag.hasPrefix("W/") ? tag.dropFirst(2) : tag)
    }
  }

  private func failed(_ error: UploadError, _ address: FileAddress) -> APIError {
    logger.error("a file could not be served", [("path", address.path), ("reason", "\(error)")])
    return .unavailable("the file cannot be read now, try again")
  }
}
