/// Reads Windows bitmaps (BITMAPINFOHEADER and its successors; without compression, or with masks), which libvips leaves to
/// a loader that is not fit for strangers' files.
enum BitmapDecoder {
  private struct Head {
    var size: ImagePlan.Size
    var isTopDown: Bool
    var bits: Int
    var pixels: Int
    /// Four bytes a colour: blue, green, red, unused.
    var palette: ArraySlice<UInt8>
    /// Red, green, blue, alpha.
    var masks: [UInt32]
    /// Bytes from one row to the next.
    var stride: Int
  }

  static func size(_ bytes: [UInt8]) throws(ImageFailure) -> ImagePlan.Size { try head(bytes).size }

  /// Rows of red, green, blue and alpha, from the top. The caller has looked at the size.
  static func pixels(_ bytes: [UInt8]) throws(ImageFailure) -> [UInt8] {
    let head = try head(bytes)
    var out: [UInt8] = []
    out.reserveCapacity(head.size.pixels * 4)
    for row in 0..<head.size.height {
      let line = head.pixels + (head.isTopDown ? row : head.size.height - 1 - row) * head.stride
      for column in 0..<head.size.width {
        switch head.bits {
        case 24:
          let place = line + column * 3
          out += [bytes[place + 2], bytes[place + 1], bytes[place], 255]
        case 16, 32:
          let value =
            head.bits == 16 ? UInt32(short(bytes, line + column * 2)) : word(bytes, line + column * 4)
          for (channel, mask) in head.masks.enumerated() {
            out.append(mask == 0 ? (channel == 3 ? 255 : 0) : Self.channel(value, mask))
          }
        default:
          let bit = column * head.bits
          let shift = 8 - head.bits - bit % 8
          let index = Int(bytes[line + bit / 8] >> UInt8(shift)) & ((1 << head.bits) - 1)
          let entry = head.palette.startIndex + index * 4
          // A colour that the table lacks is black.
          out +=
            entry + 3 < head.palette.endIndex
            ? [head.palette[entry + 2], head.palette[entry + 1], head.palette[entry], 255] : [0, 0, 0, 255]
        }
      }
    }
    return out
  }

  private static func head(_ bytes: [UInt8]) throws(ImageFailure) -> Head {
    guard bytes.count >= 54, bytes.starts(with: [0x42, 0x4D]) else { throw .unreadable("the bitmap has no head") }
    let headBytes = Int(word(bytes, 14))
    let width = Int(Int32(bitPattern: word(bytes, 18)))
    let rawHeight = Int(Int32(bitPattern: word(bytes, 22)))
    let bits = Int(short(bytes, 28))
    let compression = word(bytes, 30)
    guard (40...124).contains(headBytes), width > 0, rawHeight != 0, bytes.count >= 14 + headBytes else {
      throw .unreadable("the bitmap's head is broken or of an old kind")
    }
    let hasMasks = compression == 3 || compression == 6
    guard [1, 4, 8, 16, 24, 32].contains(bits), compression == 0 || hasMasks && (bits == 16 || bits == 32) else {
      throw .unreadable("bitmaps of \(bits) bits with compression \(compression) are not read")
    }
    var masks: [UInt32] =
      bits == 16 ? [0x7C00, 0x03E0, 0x001F, 0] : [0x00FF_0000, 0x0000_FF00, 0x0000_00FF, 0]
    var tableStart = 14 + headBytes
    if hasMasks {
      // They lie in the head, or right behind a short one.
      let count = compression == 6 || headBytes >= 56 ? 4 : 3
      guard bytes.count >= 54 + count * 4 else { throw .unreadable("the bitmap's masks are missing") }
      for index in 0..<count { masks[index] = word(bytes, 54 + index * 4) }
      tableStart = max(tableStart, 54 + count * 4)
    }
    let pixels = Int(word(bytes, 10))
    let size = ImagePlan.Size(width: width, height: abs(rawHeight))
    let stride = (width * bits + 31) / 32 * 4
    // The last row may lack the bytes that only fill it up.
    let used = (width * bits + 7) / 8
    let (body, overflow) = stride.multipliedReportingOverflow(by: size.height - 1)
    guard !overflow, pixels >= tableStart, pixels <= bytes.count, body <= bytes.count - pixels - used else {
      throw .unreadable("the bitmap ends within its pixels")
    }
    let palette = bits <= 8 ? bytes[tableStart..<pixels] : []
    return Head(
      size: size, isTopDown: rawHeight < 0, bits: bits, pixels: pixels, palette: palette, masks: masks, stride: stride)
  }

  /// The bits under a mask, stretched or cut to eight.
  private static func channel(_ value: UInt32, _ mask: UInt32) -> UInt8 {
    let shift = UInt32(mask.trailingZeroBitCount)
    let most = UInt64(mask >> shift)
    return UInt8(clamping: UInt64((value & mask) >> shift) * 255 / most)
  }

  private static func short(_ bytes: [UInt8], _ place: Int) -> UInt16 {
    UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8
  }

  private static func word(_ bytes: [UInt8], _ place: Int) -> UInt32 {
    UInt32(short(bytes, place)) | UInt32(short(bytes, place + 2)) << 16
  }
}
