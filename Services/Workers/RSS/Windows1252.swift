/// windows-1252, which also stands for ISO-8859-1 and US-ASCII (WHATWG Encoding Standard §4.2).
enum Windows1252 {
  /// The code points of bytes 0x80…0x9F; the five that are not assigned stay as they are.
  static let high: [UInt32] = [
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
    0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
  ]

  /// Never fails: each byte is a character.
  static func utf8(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count + bytes.count / 8)
    for byte in bytes {
      switch byte {
      case 0..<0x80: out.append(byte)
      case 0x80..<0xA0: UTF8Text.append(high[Int(byte - 0x80)], to: &out)
      default: UTF8Text.append(UInt32(byte), to: &out)
      }
    }
    return out
  }
}
