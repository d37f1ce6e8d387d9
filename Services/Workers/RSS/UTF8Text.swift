/// Bytes of UTF-8 text.
enum UTF8Text {
  /// Appends a code point; what is no Unicode scalar becomes U+FFFD.
  static func append(_ codePoint: UInt32, to out: inout [UInt8]) {
    let scalar = Unicode.Scalar(codePoint) ?? "\u{FFFD}"
    out.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
  }

  static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

  static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 || byte == 0x0C
  }

  static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

  static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  /// Without ASCII white space at both ends. (Other spaces, U+00A0 among them, are part of a text.)
  static func trimmed(_ text: some StringProtocol) -> String {
    let bytes = Array(text.utf8)
    guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(decoding: bytes[first...last], as: UTF8.self)
  }

  /// Trimmed, with each run of ASCII white space as one space.
  static func collapsed(_ text: some StringProtocol) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(text.utf8.count)
    var isSpacePending = false
    for byte in text.utf8 {
      if isSpace(byte) {
        isSpacePending = !out.isEmpty
      } else {
        if isSpacePending { out.append(0x20) }
        isSpacePending = false
        out.append(byte)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
