/// The names of uploads: the last segment of their addresses, in `[\w.-]` (feeds M2).
enum FileName {
  static let bytesMax = 128

  /// A name as sent, reduced: without folders, other characters as `_`, no dots in front (which paths would resolve), and
  /// cut before its extension. Empty or without any usable character: `file` with the extension of `contentType`.
  static func reduced(_ sent: String?, contentType: String) -> String {
    let last = (sent ?? "").split(whereSeparator: { $0 == "/" || $0 == "\\" }).last ?? ""
    var bytes = last.unicodeScalars.map {
      $0.isASCII && isNameByte(UInt8($0.value)) ? UInt8($0.value) : UInt8(ascii: "_")
    }
    bytes = Array(bytes.drop { $0 == UInt8(ascii: ".") })
    guard bytes.contains(where: { $0 != UInt8(ascii: "_") }) else { return "file" + suffix(contentType) }
    if bytes.count > bytesMax {
      let dot = bytes.lastIndex(of: UInt8(ascii: ".")) ?? bytes.count
      let tail = bytes[dot...].count <= 16 ? Array(bytes[dot...]) : []
      bytes = Array(bytes.prefix(bytesMax - tail.count)) + tail
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The name with the extension of `contentType` in place of its own.
  static func renamed(_ name: String, contentType: String) -> String {
    let stem = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
    return stem + suffix(contentType)
  }

  static func isOne(_ text: String) -> Bool {
    (1...bytesMax).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: ".")
      && text.utf8.allSatisfy(isNameByte)
  }

  private static func suffix(_ contentType: String) -> String {
    FileType.suffix(of: contentType).map { ".\($0)" } ?? ""
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
