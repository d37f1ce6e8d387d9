/// Makes a document safe and readable for a strict XML parser, in one pass over its UTF-8 bytes.
///
/// - Out go: the XML declaration, the document type, comments, processing instructions, characters XML does not allow.
/// - Entities are resolved here: the document's own (short texts only; `DoctypeReader` refuses the rest, and their
///   growth is bounded), HTML's by table; an `&` that begins no reference becomes `&amp;`.
/// - A document cut off at its end gets its missing end tags; an entry that was cut inside is left out.
///
/// Line feeds are kept, so that the lines of errors are those of the document.
struct XMLMender {
  private let bytes: [UInt8]
  private let limits: FeedDocumentLimits
  private var index = 0
  private var out: [UInt8] = []
  /// Open elements, with the place in `out` where each begins.
  private var open: [(name: ArraySlice<UInt8>, start: Int)] = []
  private var entities: [String: [UInt8]] = [:]
  private var expandedBytes = 0
  private var hasRoot = false
  /// Whether anything had to be put right.
  private(set) var hasMended = false

  init(_ utf8: [UInt8], limits: FeedDocumentLimits) {
    bytes = utf8
    self.limits = limits
    out.reserveCapacity(utf8.count + 256)
  }

  mutating func mend() throws(FeedDocumentError) -> [UInt8] {
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "<"): try markup()
      case UInt8(ascii: "&"): try reference()
      default: character()
      }
    }
    closeWhatIsOpen()
    return out
  }

  // MARK: Markup

  private mutating func markup() throws(FeedDocumentError) {
    if starts("<!--") {
      skip(to: "-->", from: index + 4)
    } else if starts("<![CDATA[") {
      characterData()
    } else if starts("<?") {
      skip(to: "?>", from: index + 2)
    } else if !hasRoot, starts("<!DOCTYPE") || starts("<!doctype") {
      var reader = DoctypeReader(bytes, at: index)
      try reader.read()
      keepLines(upTo: reader.index)
      entities = reader.entities
      index = reader.index
    } else {
      try tag()
    }
  }

  /// A tag, or a `<` that begins none: that one is left to the parser to refuse, with its line.
  private mutating func tag() throws(FeedDocumentError) {
    let isClosing = index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "/")
    let nameStart = index + (isClosing ? 2 : 1)
    var nameEnd = nameStart
    while nameEnd < bytes.count, isNameByte(bytes[nameEnd]) { nameEnd += 1 }
    guard nameEnd > nameStart else {
      character()
      return
    }
    let end: Int
    switch endOfTag(from: nameEnd) {
    case .found(let place): end = place
    case .cutOff:
      hasMended = true
      index = bytes.count
      return
    case .broken:
      character()
      return
    }
    let name = bytes[nameStart..<nameEnd]
    let start = out.count
    while index < end {
      if bytes[index] == UInt8(ascii: "&") { try reference() } else { character() }
    }
    hasRoot = true
    if isClosing {
      if let last = open.last, last.name == name { open.removeLast() }
    } else if bytes[end - 2] != UInt8(ascii: "/") {
      open.append((name, start))
    }
  }

  private enum TagEnd {
    /// One past its `>`.
    case found(Int)
    /// The document ends inside the tag.
    case cutOff
    /// The next tag begins before this one has ended: for the parser to refuse.
    case broken
  }

  /// Where a tag ends; quotes are respected.
  private func endOfTag(from start: Int) -> TagEnd {
    var quote: UInt8?
    var at = start
    while at < bytes.count {
      let byte = bytes[at]
      if byte == UInt8(ascii: "<") { return .broken }
      if let opened = quote {
        if byte == opened { quote = nil }
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        quote = byte
      } else if byte == UInt8(ascii: ">") {
        return .found(at + 1)
      }
      at += 1
    }
    return .cutOff
  }

  private mutating func characterData() {
    let opening = "<![CDATA[".utf8.count
    let end = find("]]>", from: index + opening)
    let stop = end.map { $0 + 3 } ?? bytes.count
    while index < stop { character() }
    if end == nil {
      out.append(contentsOf: "]]>".utf8)
      hasMended = true
    }
  }

  private mutating func closeWhatIsOpen() {
    guard !open.isEmpty else { return }
    hasMended = true
    if let item = open.firstIndex(where: { isItem($0.name) }) {
      out.removeSubrange(open[item].start...)
      open.removeSubrange(item...)
    }
    for element in open.reversed() {
      out.append(contentsOf: "</".utf8)
      out.append(contentsOf: element.name)
      out.append(UInt8(ascii: ">"))
    }
  }

  private func isItem(_ name: ArraySlice<UInt8>) -> Bool {
    let local = name.lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] } ?? name
    return local.elementsEqual("item".utf8) || local.elementsEqual("entry".utf8)
  }

  // MARK: Characters and references

  /// Copies one byte, unless XML has no such character (XML 1.0 §2.2).
  private mutating func character() {
    let byte = bytes[index]
    if byte >= 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      // U+FFFE and U+FFFF: EF BF BE, EF BF BF.
      if byte == 0xEF, index + 2 < bytes.count, bytes[index + 1] == 0xBF, bytes[index + 2] >= 0xBE {
        index += 3
        hasMended = true
        return
      }
      out.append(byte)
    } else {
      hasMended = true
    }
    index += 1
  }

  private mutating func reference() throws(FeedDocumentError) {
    // 64: the longest name of an entity that is looked for.
    guard let semicolon = bytes[index...].prefix(66).firstIndex(of: UInt8(ascii: ";")), semicolon > index + 1 else {
      bareAmpersand()
      return
    }
    let body = String(decoding: bytes[index + 1..<semicolon], as: UTF8.self)
    if body.first == "#" {
      guard let number = HTMLText.numeric(body) else {
        bareAmpersand()
        return
      }
      appendReference(HTMLEntities.corrected(number))
    } else if ["amp", "lt", "gt", "quot", "apos"].contains(body) {
      out.append(contentsOf: bytes[index...semicolon])
    } else if let value = entities[body] {
      expandedBytes += value.count
      guard expandedBytes <= limits.entityExpansionBytesMax else {
        throw .entityExpansion(bytesMax: limits.entityExpansionBytesMax, line: line(at: index))
      }
      out.append(contentsOf: value)
    } else if let codePoint = HTMLEntities.codePoint(body) {
      appendReference(codePoint)
    } else {
      bareAmpersand()
      return
    }
    index = semicolon + 1
  }

  private mutating func bareAmpersand() {
    out.append(contentsOf: "&amp;".utf8)
    index += 1
    hasMended = true
  }

  /// As a number, so that `&#60;` begins no tag.
  private mutating func appendReference(_ codePoint: UInt32) {
    let isAllowed =
      switch codePoint {
      case 0x09, 0x0A, 0x0D, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
      default: false
      }
    guard isAllowed else {
      hasMended = true
      return
    }
    out.append(contentsOf: "&#\(codePoint);".utf8)
  }

  // MARK: Places

  private func starts(_ text: StaticString) -> Bool {
    let pattern = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    return bytes[index...].starts(with: pattern)
  }

  private func find(_ text: StaticString, from start: Int) -> Int? {
    let pattern = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    var at = start
    while at < bytes.count {
      if bytes[at] == pattern[0], bytes[at...].starts(with: pattern) { return at }
      at += 1
    }
    return nil
  }

  private mutating func skip(to end: StaticString, from start: Int) {
    let stop = find(end, from: start)
    if stop == nil { hasMended = true }
    let next = stop.map { $0 + end.utf8CodeUnitCount } ?? bytes.count
    keepLines(upTo: next)
    index = next
  }

  private mutating func keepLines(upTo end: Int) {
    for byte in bytes[index..<end] where byte == 0x0A { out.append(0x0A) }
  }

  private func line(at place: Int) -> Int { bytes[..<place].count { $0 == 0x0A } + 1 }

  private func isNameByte(_ byte: UInt8) -> Bool {
    UTF8Text.isLetter(byte) || UTF8Text.isDigit(byte) || byte >= 0x80 || byte == UInt8(ascii: ":")
      || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
  }
}
