import Glibc

/// Decodes bytes by the C library's iconv.
///
/// This file is the one of the module that hands buffers to iconv: both outlive each call, and their ends go with them.
enum Iconv {
  /// `nil` if iconv does not know the encoding or the bytes are not of it.
  static func utf8(_ bytes: ArraySlice<UInt8>, from encoding: String) -> [UInt8]? {
    // A name is letters, digits and a few marks; iconv would read `//` as an option.
    let marks = Set("-_.:+()".utf8)
    guard !encoding.isEmpty, encoding.utf8.count <= 64,
      encoding.utf8.allSatisfy({ UTF8Text.isLetter($0) || UTF8Text.isDigit($0) || marks.contains($0) })
    else { return nil }
    let converter = iconv_open("UTF-8", encoding)
    // iconv_open answers (iconv_t)-1 for an encoding it does not know.
    guard let converter, Int(bitPattern: converter) != -1 else { return nil }
    defer { iconv_close(converter) }
    var input = Array(bytes)
    var out: [UInt8] = []
    out.reserveCapacity(input.count + input.count / 2)
    var chunk = [UInt8](repeating: 0, count: 32 << 10)
    let isWhole = input.withUnsafeMutableBytes { source -> Bool in
      var next = source.baseAddress?.assumingMemoryBound(to: CChar.self)
      var left = source.count
      while left > 0 {
        let (result, written, code) = chunk.withUnsafeMutableBytes { target -> (Int, Int, Int32) in
          var outNext = target.baseAddress?.assumingMemoryBound(to: CChar.self)
          var outLeft = target.count
          let result = iconv(converter, &next, &left, &outNext, &outLeft)
          return (result, target.count - outLeft, errno)
        }
        out.append(contentsOf: chunk[..<written])
        if result == -1 {
          // E2BIG only says that the chunk is full; without progress there would be no end.
          guard code == E2BIG, written > 0 else { return false }
        }
      }
      return true
    }
    return isWhole ? out : nil
  }
}
