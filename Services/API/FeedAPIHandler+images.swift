import Auth
import Feeds
import Model
import Telemetry

extension FeedAPIHandler {
  /// `GET images/?url=&w=&h=&resize=&crop=` (feeds M6–M9).
  func processImage(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let request = try ImageRequest(context.query)
    guard let url = try context.query.scalar("url"), !url.isEmpty else { throw .input("url must name an image") }
    guard let (origin, path) = FileAddress.split(url: url), isOwn(origin, context) else {
      throw .input("url must be the address of an image that was uploaded here")
    }
    try context.authorize(owner: .notYetKnown)
    guard let address = FileAddress(path: path) else { throw Self.unknownUpload }
    let source = try await owned(address, .image, context)
    // The same request gives the same image, made once.
    let digest = fileSigner.digest("derived \(source.id) \(request.name)", app: context.app.id)
    guard let id = UploadID(bytes: digest.prefix(16)) else { throw .failure("no id for the image") }
    let stored: [UInt8]?
    do throws(UploadError) {
      if let there = try await files.find(id, app: context.app.id) { return answer(there, context, status: 200) }
      stored = try await files.read(source, 0..<source.bytes, app: context.app.id)
    } catch { throw failed(error, context) }
    // Without bytes its deletion has begun.
    guard let bytes = stored else { throw Self.unknownUpload }
    guard let format = ImageFormat(rawValue: source.contentType) else { throw .failure("an image of unknown type") }
    var derived = source
    derived.id = id
    derived.createdAt = ActivityTime(microseconds: wallClockMicroseconds())
    if request.isPlain { return try await keep(derived, bytes, context, status: 200) }
    let made: [UInt8]
    do throws(ImageFailure) {
      made = try await images.make(bytes, format, request, app: context.app.id)
    } catch { throw failed(error, context) }
    derived.bytes = made.count
    if format.derived != format {
      derived.contentType = format.derived.contentType
      derived.name = FileName.renamed(source.name, contentType: derived.contentType)
    }
    return try await keep(derived, made, context, status: 200)
  }

  private func failed(_ error: ImageFailure, _ context: RequestContext) -> APIError {
    switch error {
    case .unreadable(let reason): return .input("the image cannot be read: \(reason)")
    case .tooManyPixels(let width, let height, let limit):
      return .input("\(width) times \(height) pixels are too many, at most \(limit) are processed")
    case .busy: return .unavailable("too many images are being processed, try again")
    case .late(let milliseconds):
      return .unavailable("the image was not processed within \(milliseconds) ms, try again")
    case .unavailable:
      logger.error("libvips could not be started", [("app", "\(context.app.id)")])
      return .failure("images cannot be processed here; the service's log has the reason")
    }
  }
}
