import EventLoop
import Model

/// Makes derived images away from the event loops, a few at a time (feeds M6).
final class ImageProcessor: Sendable {
  private let limits: ImageLimits
  private let pool: BlockingPool
  private let share: AppShare

  init(_ limits: ImageLimits) {
    self.limits = limits
    pool = BlockingPool(threadsMax: limits.jobsMax, queueMax: limits.queueMax)
    share = AppShare(limit: limits.appJobsMax)
  }

  /// The bytes of the derived image, in `format.derived`.
  func make(
    _ bytes: [UInt8], _ format: ImageFormat, _ request: ImageRequest, app: AppID
  ) async throws(ImageFailure) -> [UInt8] {
    guard share.enter(app) else { throw .busy }
    defer { share.leave(app) }
    let limits = limits
    let end = monotonicNanoseconds() + UInt64(limits.milliseconds) * 1_000_000
    let result: Result<[UInt8], ImageFailure>
    do throws(BlockingPool.Refusal) {
      result = try await pool.run {
        Result { () throws(ImageFailure) in try Self.make(bytes, format, request, limits, end) }
      }
    } catch { throw .busy }
    return try result.get()
  }

  private static func make(
    _ bytes: [UInt8], _ format: ImageFormat, _ request: ImageRequest, _ limits: ImageLimits, _ end: UInt64
  ) throws(ImageFailure) -> [UInt8] {
    let now = monotonicNanoseconds()
    guard now < end else { throw .late(milliseconds: limits.milliseconds) }
    func check(_ size: ImagePlan.Size) throws(ImageFailure) {
      guard size.pixels <= limits.pixelsMax else {
        throw .tooManyPixels(width: size.width, height: size.height, limit: limits.pixelsMax)
      }
    }
    let image: ImageCodec.Source
    let size: ImagePlan.Size
    if format == .bmp {
      size = try BitmapDecoder.size(bytes)
      try check(size)
      image = .pixels(try BitmapDecoder.pixels(bytes), size)
    } else {
      image = .encoded(bytes, format)
      size = try ImageCodec.size(image)
      try check(size)
    }
    let plan = ImagePlan(size, request, sideMax: limits.sideMax)
    try check(plan.size)
    do throws(ImageFailure) {
      return try ImageCodec.make(image, plan, as: format.derived, microseconds: Int64((end - now) / 1_000))
    } catch {
      if case .late = error { throw .late(milliseconds: limits.milliseconds) }
      throw error
    }
  }
}
