/// A field value with parameters: `form-data; name="file"; filename="a.png"` (RFC 9110 §5.6.6, RFC 2183).
struct ParameterField {
  /// What stands before the first semicolon.
  let value: String
  /// By name in lower case. A value that was quoted is without its quotes.
  let parameters: [String: String]

  /// `nil` where a parameter comes twice or the form is broken.
  init?(_ text: String) {
    let bytes = Array(text.utf8)
    var index = bytes.firstIndex(of: 0x3B) ?? bytes.count
    value = Self.trimmed(String(decoding: bytes[..<index], as: UTF8.self))
    var parameters: [String: String] = [:]
    while index < bytes.count {
      index += 1  // the semicolon
      Self.skipSpace(bytes, &index)
      if index == bytes.count { break }
      let nameStart = index
      while index < bytes.count, CharacterClass.token.contains(bytes[index]) { index += 1 }
      guard index > nameStart, index < bytes.count, bytes[index] == 0x3D else { return nil }
      let name = String(decoding: bytes[nameStart..<index], as: UTF8.self).lowercased()
      index += 1
      guard let value = Self.parameterValue(bytes, &index), parameters.updateValue(value, forKey: name) == nil else {
        return nil
      }
      Self.skipSpace(bytes, &index)
      guard index == bytes.count || bytes[index] == 0x3B else { return nil }
    }
    self.parameters = parameters
  }

  private static func parameterValue(_ bytes: [UInt8], _ index: inout Int) -> String? {
    var value: [UInt8] = []
    guard index < bytes.count, bytes[index] == 0x22 else {
      while index < bytes.count, bytes[index] != 0x3B, bytes[index] != 0x20, bytes[index] != 0x09 {
        guard bytes[index] != 0x22 else { return nil }
        value.append(bytes[index])
        index += 1
      }
      return value.isEmpty ? nil : String(decoding: value, as: UTF8.self)
    }
    index += 1
    while index < bytes.count, bytes[index] != 0x22 {
      // Only quotes and backslashes are ever escaped; some browsers send paths of Windows with plain backslashes.
      if bytes[index] == 0x5C, index + 1 < bytes.count, bytes[index + 1] == 0x22 || bytes[index + 1] == 0x5C {
        index += 1
      }
      value.append(bytes[index])
      index += 1
    }
    guard index < bytes.count else { return nil }
    index += 1
    return String(decoding: value, as: UTF8.self)
  }

  private static func skipSpace(_ bytes: [UInt8], _ index: inout Int) {
    while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
  }

  static func trimmed(_ text: String) -> String {
    var text = text[...]
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return String(text)
  }

  /// `UTF-8''na%C3%AFve.txt` (RFC 8187); other character sets are not read.
  static func extendedValue(_ text: String) -> String? {
    let pieces = text.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
    guard pieces.count == 3, pieces[0].lowercased() == "utf-8" else { return nil }
    return PercentEncoding.decode(pieces[2].utf8)
  }
}
