import CVips

/// Reads and writes images through libvips. Blocking.
///
/// This file is the one of the module that touches libvips' pointers: each is used during one call only, and bytes given by
/// libvips are copied and freed before it ends.
enum ImageCodec {
  enum Source: Sendable {
    case encoded([UInt8], ImageFormat)
    /// Rows of four bytes a pixel, from the top.
    case pixels([UInt8], ImagePlan.Size)

    fileprivate var bytes: [UInt8] {
      switch self {
      case .encoded(let bytes, _), .pixels(let bytes, _): bytes
      }
    }
  }

  private static let isReady = millrace_image_start() == 0
  private static let messageBytes = 512

  /// Width and height as shown, from the image's head.
  static func size(_ source: Source) throws(ImageFailure) -> ImagePlan.Size {
    guard isReady else { throw .unavailable }
    var width: Int32 = 0
    var height: Int32 = 0
    var message = [CChar](repeating: 0, count: messageBytes)
    let code = with(source) { millrace_image_size($0, &width, &height, &message, message.count) }
    guard code == millrace_image_done, width > 0, height > 0 else { throw .unreadable(text(message)) }
    return ImagePlan.Size(width: Int(width), height: Int(height))
  }

  static func make(
    _ source: Source, _ plan: ImagePlan, as format: ImageFormat, microseconds: Int64
  ) throws(ImageFailure) -> [UInt8] {
    guard isReady else { throw .unavailable }
    var steps = millrace_image_plan()
    if let part = plan.part {
      (steps.left, steps.top) = (Int32(clamping: part.left), Int32(clamping: part.top))
      (steps.cut_width, steps.cut_height) = (Int32(clamping: part.size.width), Int32(clamping: part.size.height))
    }
    (steps.width, steps.height) = (Int32(clamping: plan.scaled.width), Int32(clamping: plan.scaled.height))
    if let canvas = plan.canvas {
      (steps.canvas_width, steps.canvas_height) = (Int32(clamping: canvas.width), Int32(clamping: canvas.height))
    }
    var made: UnsafeMutableRawPointer?
    var count = 0
    var message = [CChar](repeating: 0, count: messageBytes)
    let code = with(source) {
      millrace_image_make($0, &steps, number(format), microseconds, &made, &count, &message, message.count)
    }
    defer { millrace_image_free(made) }
    if code == millrace_image_late { throw .late(milliseconds: Int(microseconds / 1_000)) }
    guard code == millrace_image_done, let made else { throw .unreadable(text(message)) }
    return Array(UnsafeRawBufferPointer(start: made, count: count))
  }

  private static func with(_ source: Source, _ body: (UnsafePointer<millrace_image>) -> Int32) -> Int32 {
    source.bytes.withUnsafeBytes { bytes in
      var image = millrace_image()
      image.bytes = bytes.baseAddress
      image.count = bytes.count
      switch source {
      case .encoded(_, let format): image.format = number(format)
      case .pixels(_, let size):
        image.format = Int32(millrace_image_rgba)
        (image.width, image.height) = (Int32(clamping: size.width), Int32(clamping: size.height))
      }
      return body(&image)
    }
  }

  private static func number(_ format: ImageFormat) -> Int32 {
    switch format {
    case .jpeg: Int32(millrace_image_jpeg)
    case .png: Int32(millrace_image_png)
    case .gif: Int32(millrace_image_gif)
    case .webp: Int32(millrace_image_webp)
    case .bmp: 0
    }
  }

  /// libvips' words in one line.
  private static func text(_ message: [CChar]) -> String {
    String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      .split(separator: "\n").joined(separator: "; ")
  }
}
