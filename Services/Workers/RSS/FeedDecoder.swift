/// Finds out a document's encoding and decodes it: byte order mark, HTTP `charset`, XML declaration, the look of the first
/// bytes (XML 1.0 appendix F, RFC 7303 §3), else UTF-8. Bytes that are not what they are said to be are read as UTF-8 if
/// they are valid UTF-8 and as windows-1252 otherwise, as browsers and readers do.
enum FeedDecoder {
  struct Decoded {
    var utf8: [UInt8]
    var encoding: String
    /// Whether the encoding named was not the one that worked.
    var isFallback: Bool
  }

  static func decode(_ bytes: [UInt8], contentType: String?) throws(FeedDocumentError) -> Decoded {
    let sniffed = sniff(bytes)
    let body = bytes[(sniffed?.markBytes ?? 0)...]
    let charset = contentType.flatMap(charset(of:)).map(canonical)
    let declared = declaredEncoding(body, family: sniffed?.encoding).map(canonical)
    var proposals: [String] = []
    if let sniffed, sniffed.markBytes > 0 { proposals.append(sniffed.encoding) }
    if let charset { proposals.append(charset) }
    if let declared { proposals.append(declared) }
    // The family of the first bytes goes before a declaration that names no byte order, or a family it cannot be of.
    if let sniffed, sniffed.markBytes == 0 {
      if sniffed.encoding == "cp037" { proposals.append("cp037") } else { proposals.insert(sniffed.encoding, at: 0) }
    }
    if proposals.isEmpty { proposals.append("utf-8") }
    for (index, encoding) in proposals.enumerated() {
      if let utf8 = decoded(body, from: encoding) {
        return Decoded(utf8: utf8, encoding: encoding, isFallback: index > 0 && encoding != proposals[0])
      }
    }
    // 16 and 32 bit families hold zero bytes: as 8 bit text they would be noise.
    if sniffed != nil, sniffed?.encoding != "utf-8" { throw .undecodable(encoding: proposals[0]) }
    if UTF8Text.isValid(body) { return Decoded(utf8: Array(body), encoding: "utf-8", isFallback: true) }
    return Decoded(utf8: Windows1252.utf8(body), encoding: "windows-1252", isFallback: true)
  }

  /// What the first bytes tell: a byte order mark, or `<` or `<?` in a family of encodings.
  private static func sniff(_ bytes: [UInt8]) -> (encoding: String, markBytes: Int)? {
    let table: [([UInt8], String, Int)] = [
      ([0x00, 0x00, 0xFE, 0xFF], "utf-32be", 4), ([0xFF, 0xFE, 0x00, 0x00], "utf-32le", 4),
      ([0xFE, 0xFF], "utf-16be", 2), ([0xFF, 0xFE], "utf-16le", 2), ([0xEF, 0xBB, 0xBF], "utf-8", 3),
      ([0x00, 0x00, 0x00, 0x3C], "utf-32be", 0), ([0x3C, 0x00, 0x00, 0x00], "utf-32le", 0),
      ([0x00, 0x3C, 0x00], "utf-16be", 0), ([0x3C, 0x00], "utf-16le", 0), ([0x4C, 0x6F, 0xA7, 0x94], "cp037", 0),
    ]
    return table.first { bytes.starts(with: $0.0) }.map { ($0.1, $0.2) }
  }

  /// The `charset` parameter of a `Content-Type`, quotes of either kind left out.
  static func charset(of contentType: String) -> String? {
    for parameter in contentType.split(separator: ";").dropFirst() {
      let parts = parameter.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, UTF8Text.trimmed(parts[0]).lowercased() == "charset" else { continue }
      let value = UTF8Text.trimmed(parts[1]).filter { $0 != "\"" && $0 != "'" }
      if !value.isEmpty { return value }
    }
    return nil
  }

  /// The encoding that the XML declaration names; the declaration itself is ASCII in the family's own bytes.
  private static func declaredEncoding(_ body: ArraySlice<UInt8>, family: String?) -> String? {
    var start = Array(body.prefix(1_024))
    if let family, family != "utf-8" {
      // A cut in the middle of a character would fail the whole.
      guard let utf8 = Iconv.utf8(start[..<(start.count & ~3)], from: family) else { return nil }
      start = utf8
    }
    let lead = start.drop { UTF8Text.isSpace($0) }
    guard lead.starts(with: "<?xml".utf8), let end = lead.firstIndex(of: UInt8(ascii: ">")) else { return nil }
    let declaration = String(decoding: lead[..<end], as: UTF8.self)
    guard let name = declaration.range(ofASCII: "encoding") else { return nil }
    let rest = declaration[name.upperBound...].drop { $0 == " " || $0 == "=" || $0.isNewline || $0 == "\t" }
    guard let quote = rest.first, quote == "\"" || quote == "'" else { return nil }
    return String(rest.dropFirst().prefix { $0 != quote })
  }

  private static func decoded(_ bytes: ArraySlice<UInt8>, from encoding: String) -> [UInt8]? {
    switch encoding {
    case "utf-8": UTF8Text.isValid(bytes) ? Array(bytes) : nil
    case "us-ascii", "ascii": bytes.allSatisfy { $0 < 0x80 } ? Array(bytes) : nil
    case "iso-8859-1", "windows-1252": Windows1252.utf8(bytes)
    default: Iconv.utf8(bytes, from: encoding)
    }
  }

  /// The name that iconv knows an encoding by, in lower case.
  private static func canonical(_ name: String) -> String {
    let lower = UTF8Text.trimmed(name).lowercased()
    if let known = aliases[lower] { return known }
    if lower.hasPrefix("windows_") || lower.hasPrefix("ebcdic_") {
      return String(lower.map { $0 == "_" ? "-" : $0 })
    }
    return lower
  }

  /// Names seen in documents that iconv does not know, and families whose superset is meant.
  private static let aliases: [String: String] = [
    "utf8": "utf-8", "utf_8": "utf-8", "latin1": "iso-8859-1", "latin-1": "iso-8859-1", "l1": "iso-8859-1",
    "iso8859-1": "iso-8859-1", "iso_8859-1": "iso-8859-1", "iso88591": "iso-8859-1", "cp1252": "windows-1252",
    "ms-ansi": "windows-1252", "windows_1252": "windows-1252", "gb2312": "gb18030", "gbk": "gb18030",
    "x-gbk": "gb18030", "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932", "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949", "x-mac-roman": "macintosh", "macroman": "macintosh", "maccentraleurope": "mac-centraleurope",
    "maclatin2": "mac-centraleurope", "maciceland": "mac-is", "cp_is": "cp861", "csibm861": "cp861", "ibm039": "cp037",
    "u16": "utf-16", "utf16": "utf-16", "utf_16": "utf-16", "utf_32": "utf-32", "utf32": "utf-32",
    "x-user-defined": "windows-1252",
  ]
}

extension String {
  /// The first place of an ASCII text, compared byte by byte.
  func range(ofASCII needle: StaticString) -> Range<String.Index>? {
    let pattern = Array(needle.description.utf8)
    var index = utf8.startIndex
    while index != utf8.endIndex {
      let rest = utf8[index...]
      if rest.starts(with: pattern) { return index..<utf8.index(index, offsetBy: pattern.count) }
      index = utf8.index(after: index)
    }
    return nil
  }
}
