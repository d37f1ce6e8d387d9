import Testing

@testable import FeedAPIService

/// M3, M6: Windows bitmaps.
@Suite struct BitmapDecoderTests {
  /// A bitmap with a head of 40 bytes.
  static func bitmap(
    _ width: Int32, _ height: Int32, bits: UInt16, compression: UInt32 = 0, palette: [UInt8] = [], pixels: [UInt8]
  ) -> [UInt8] {
    func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
      (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    let start = UInt32(54 + palette.count)
    let head =
      Array("BM".utf8) + bytes(start + UInt32(pixels.count)) + bytes(UInt32(0)) + bytes(start) + bytes(UInt32(40))
      + bytes(width)
      + bytes(height) + bytes(UInt16(1)) + bytes(bits) + bytes(compression) + [UInt8](repeating: 0, count: 20)
    return head + palette + pixels
  }

  private func pixels(_ bytes: [UInt8]) throws -> [[UInt8]] {
    let all = try BitmapDecoder.pixels(bytes)
    return stride(from: 0, to: all.count, by: 4).map { Array(all[$0..<$0 + 4]) }
  }

  private static let red: [UInt8] = [255, 0, 0, 255]
  private static let green: [UInt8] = [0, 255, 0, 255]
  private static let blue: [UInt8] = [0, 0, 255, 255]

  @Test func rowsComeFromTheTop() throws {
    // Rows are filled up to four bytes; the first is the last one unless the height is negative.
    let rows: [UInt8] = [0, 0, 255, 0, 255, 0, 9, 9] + [255, 0, 0, 0, 0, 255, 9, 9]
    #expect(
      try pixels(Self.bitmap(2, 2, bits: 24, pixels: rows)) == [Self.blue, Self.red, Self.red, Self.green])
    #expect(
      try pixels(Self.bitmap(2, -2, bits: 24, pixels: rows)) == [Self.red, Self.green, Self.blue, Self.red])
    #expect(try BitmapDecoder.size(Self.bitmap(2, -2, bits: 24, pixels: rows)) == .init(width: 2, height: 2))
  }

  @Test(
    arguments: [
      (1, [0b0100_0000, 0, 0, 0]), (4, [0x01, 0, 0, 0]), (8, [0, 1, 0, 0]),
    ] as [(UInt16, [UInt8])])
  func coloursAreTakenFromTheTable(bits: UInt16, row: [UInt8]) throws {
    let palette: [UInt8] = [0, 0, 255, 0, 0, 255, 0, 0]
    #expect(try pixels(Self.bitmap(2, 1, bits: bits, palette: palette, pixels: row)) == [Self.red, Self.green])
  }

  @Test func masksSayWhereTheColoursAre() throws {
    #expect(try pixels(Self.bitmap(2, 1, bits: 16, pixels: [0x00, 0x7C, 0xE0, 0x03])) == [Self.red, Self.green])
    #expect(try pixels(Self.bitmap(1, 1, bits: 32, pixels: [255, 0, 0, 0])) == [Self.blue])
    let masks: [UInt8] = [0, 0, 0, 255] + [0, 0, 255, 0] + [0, 255, 0, 0] + [255, 0, 0, 0]
    #expect(
      try pixels(Self.bitmap(1, 1, bits: 32, compression: 6, palette: masks, pixels: [128, 0, 0, 255])) == [
        [255, 0, 0, 128]
      ])
  }

  @Test func whatIsBrokenIsRefusedAndNothingElseHappens() {
    let whole = Self.bitmap(3, 5, bits: 24, pixels: [UInt8](repeating: 7, count: 60))
    #expect(throws: Never.self) { try BitmapDecoder.pixels(whole) }
    #expect(throws: Never.self) { try BitmapDecoder.pixels(Array(whole.dropLast(3))) }
    for count in 0..<whole.count - 3 {
      #expect(throws: ImageFailure.self) { try BitmapDecoder.pixels(Array(whole.prefix(count))) }
    }
    for bytes in [
      Self.bitmap(0, 1, bits: 24, pixels: [0, 0, 0, 0]), Self.bitmap(-1, 1, bits: 24, pixels: [0, 0, 0, 0]),
      Self.bitmap(1, 0, bits: 24, pixels: [0, 0, 0, 0]), Self.bitmap(1, 1, bits: 7, pixels: [0, 0, 0, 0]),
      Self.bitmap(1, 1, bits: 8, compression: 1, pixels: [0, 0, 0, 0]),
      Self.bitmap(.max, .max, bits: 32, pixels: [0, 0, 0, 0]), Self.bitmap(.max, .min, bits: 32, pixels: [0, 0, 0, 0]),
    ] {
      #expect(throws: ImageFailure.self) { try BitmapDecoder.pixels(bytes) }
    }
    // Each byte of the head changed: read or refused, never out of bounds.
    for place in 0..<54 {
      for value in [UInt8(0), 1, 0x7F, 0x80, 0xFF] {
        var broken = whole
        broken[place] = value
        guard let size = try? BitmapDecoder.size(broken), size.pixels < 100_000 else { continue }
        _ = try? BitmapDecoder.pixels(broken)
      }
    }
  }
}
