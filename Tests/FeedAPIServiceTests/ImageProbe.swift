import CZlib

@testable import FeedAPIService

/// Looks into an image.
enum ImageProbe {
  struct NoPixel: Error {}

  /// Red, green and blue of the first pixel of a PNG of 8 bits a channel. No filter of PNG changes that pixel: what lies to its
  /// left and above is 0 there.
  static func pixel(of image: [UInt8]) throws -> [UInt8] {
    guard ImageFormat(sniffing: image) == .png, image.count > 33, image[24] == 8, [2, 6].contains(image[25]) else {
      throw NoPixel()
    }
    var packed: [UInt8] = []
    var place = 8
    while place + 12 <= image.count {
      let length = image[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      guard place + 12 + length <= image.count else { break }
      if image[place + 4..<place + 8].elementsEqual("IDAT".utf8) { packed += image[place + 8..<place + 8 + length] }
      place += 12 + length
    }
    var pixels = [UInt8](repeating: 0, count: 1 << 20)
    var count = UInt(pixels.count)
    guard uncompress(&pixels, &count, packed, UInt(packed.count)) == Z_OK, count >= 4 else { throw NoPixel() }
    return Array(pixels[1..<4])
  }
}
