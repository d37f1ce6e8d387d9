/// Reads a document type declaration for the entities it declares, and loads nothing (XML 1.0 §2.8, §4.2).
///
/// Kept are general entities whose value is text and character references. Refused are general entities that lie outside
/// the document and such that refer to others, the means of every expansion bomb. Parameter entities are never
/// expanded. The name and address of an external subset mean nothing.
struct DoctypeReader {
  private let bytes: [UInt8]
  /// On the `<` before, one past the `>` after `read()`.
  private(set) var index: Int
  /// The replacement texts, ready to stand in content: a `<` in them is escaped.
  private(set) var entities: [String: [UInt8]] = [:]

  /// Entities that are kept; a document declares a handful.
  static let entitiesMax = 1_000

  init(_ bytes: [UInt8], at index: Int) {
    self.bytes = bytes
    self.index = index
  }

  mutating func read() throws(FeedDocumentError) {
    let start = index
    index += "<!DOCTYPE".utf8.count
    var isInSubset = false
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\""), UInt8(ascii: "'"): _ = quoted()
      case UInt8(ascii: "["):
        isInSubset = true
        index += 1
      case UInt8(ascii: "]"):
        isInSubset = false
        index += 1
      case UInt8(ascii: ">") where !isInSubset:
        index += 1
        return
      case UInt8(ascii: "<"): try declaration()
      default: index += 1
      }
    }
    throw .malformed(line: line(at: start), reason: "the document type declaration has no end")
  }

  private mutating func declaration() throws(FeedDocumentError) {
    let start = index
    if starts("<!--") {
      skip(past: "-->")
      return
    }
    if starts("<?") {
      skip(past: "?>")
      return
    }
    if starts("<!ENTITY") {
      index += "<!ENTITY".utf8.count
      try entity(declaredAt: start)
    }
    while index < bytes.count, bytes[index] != UInt8(ascii: ">") {
      if bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "'") { _ = quoted() } else { index += 1 }
    }
    index = min(index + 1, bytes.count)
  }

  private mutating func entity(declaredAt start: Int) throws(FeedDocumentError) {
    skipSpace()
    // A parameter entity: it can only matter inside the document type, which is dropped.
    if index < bytes.count, bytes[index] == UInt8(ascii: "%") { return }
    let name = String(decoding: word(), as: UTF8.self)
    skipSpace()
    guard index < bytes.count else { return }
    guard bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "'") else {
      throw .externalEntity(name: name, line: line(at: start))
    }
    let value = quoted()
    // The first declaration counts (XML 1.0 §4.2).
    guard !name.isEmpty, entities[name] == nil, entities.count < Self.entitiesMax else { return }
    entities[name] = try replacement(value, of: name, declaredAt: start)
  }

  private func replacement(_ value: ArraySlice<UInt8>, of name: String, declaredAt start: Int) throws(FeedDocumentError)
    -> [UInt8]
  {
    let bytes = Array(value)
    var out: [UInt8] = []
    var at = 0
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "<"): out.append(contentsOf: "&lt;".utf8)
      case UInt8(ascii: "&"):
        if let (codePoint, end) = HTMLText.reference(bytes, at: at), codePoint >= 0x20 {
          out.append(contentsOf: "&#\(codePoint);".utf8)
          at = end
          continue
        }
        throw .nestedEntity(name: name, line: line(at: start))
      case 0..<0x20 where !UTF8Text.isSpace(bytes[at]): break
      default: out.append(bytes[at])
      }
      at += 1
    }
    return out
  }

  // MARK: Words

  private func starts(_ text: StaticString) -> Bool {
    bytes[index...].starts(with: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private mutating func skip(past end: StaticString) {
    while index < bytes.count, !starts(end) { index += 1 }
    index = min(index + end.utf8CodeUnitCount, bytes.count)
  }

  private mutating func skipSpace() {
    while index < bytes.count, UTF8Text.isSpace(bytes[index]) { index += 1 }
  }

  private mutating func word() -> ArraySlice<UInt8> {
    let start = index
    while index < bytes.count, !UTF8Text.isSpace(bytes[index]), bytes[index] != UInt8(ascii: ">") { index += 1 }
    return bytes[start..<index]
  }

  /// The text between the quotes at `index`, which moves past them.
  private mutating func quoted() -> ArraySlice<UInt8> {
    let quote = bytes[index]
    let start = index + 1
    guard let end = bytes[start...].firstIndex(of: quote) else {
      index = bytes.count
      return bytes[start...]
    }
    index = end + 1
    return bytes[start..<end]
  }

  private func line(at place: Int) -> Int { bytes[..<place].count { $0 == 0x0A } + 1 }
}
