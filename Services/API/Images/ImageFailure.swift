/// Why an image was not processed.
enum ImageFailure: Error, Hashable, Sendable {
  /// The bytes are no image of that format, or broken.
  case unreadable(String)
  /// The image, or what is asked of it, has more pixels than allowed.
  case tooManyPixels(width: Int, height: Int, limit: Int)
  /// All that may wait are waiting, or the app has its share under way.
  case busy
  case late(milliseconds: Int)
  /// libvips could not be started.
  case unavailable
}
