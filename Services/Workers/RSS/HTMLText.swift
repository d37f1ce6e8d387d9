/// The text of a piece of HTML: markup stripped, character references decoded, white space collapsed.
enum HTMLText {
  /// - Parameter knownTagsOnly: leave in place what looks like a tag but is none of HTML's: for fields that may be plain
  ///   text ("Box<T> explained") as well as HTML, as the titles of RSS.
  static func plain(_ html: String, knownTagsOnly: Bool = false) -> String {
    let bytes = Array(html.utf8)
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    // Past the last `>` no tag can end: without this, many unfinished ones would each be searched to the end.
    let lastEnd = bytes.lastIndex(of: UInt8(ascii: ">")) ?? -1
    var index = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "<") where index < lastEnd:
        guard let tag = Tag(bytes, at: index, knownOnly: knownTagsOnly) else {
          out.append(bytes[index])
          index += 1
          continue
        }
        if breaksLine(tag.name) { out.append(0x20) }
        index = tag.end
        if !tag.isClosing, tag.name == "script" || tag.name == "style" {
          index = endOfRaw(bytes, from: index, name: tag.name)
        }
      case UInt8(ascii: "&"):
        if let (codePoint, end) = reference(bytes, at: index) {
          UTF8Text.append(codePoint, to: &out)
          index = end
        } else {
          out.append(bytes[index])
          index += 1
        }
      default:
        out.append(bytes[index])
        index += 1
      }
    }
    return UTF8Text.collapsed(String(decoding: out, as: UTF8.self))
  }

  /// Whether text before and after an element of that name stands on different lines.
  static func breaksLine(_ name: String) -> Bool { lineBreaking.contains(name) }

  /// A character reference that begins at `index` with `&` and ends with `;`.
  static func reference(_ bytes: [UInt8], at index: Int) -> (codePoint: UInt32, end: Int)? {
    // The longest name of the table has 8 letters; leading zeros may make a number longer.
    guard let semicolon = bytes[index...].prefix(12).firstIndex(of: UInt8(ascii: ";")), semicolon > index + 1 else {
      return nil
    }
    let body = String(decoding: bytes[index + 1..<semicolon], as: UTF8.self)
    if let codePoint = numeric(body) { return (HTMLEntities.corrected(codePoint), semicolon + 1) }
    return HTMLEntities.codePoint(body).map { ($0, semicolon + 1) }
  }

  /// The number of `#123` or `#x7B`.
  static func numeric(_ body: String) -> UInt32? {
    guard body.first == "#" else { return nil }
    let digits = body.dropFirst()
    guard let marker = digits.first else { return nil }
    if marker == "x" || marker == "X" {
      let hex = digits.dropFirst()
      return hex.allSatisfy(\.isHexDigit) ? UInt32(hex, radix: 16) : nil
    }
    return digits.utf8.allSatisfy(UTF8Text.isDigit) ? UInt32(digits) : nil
  }

  private static func endOfRaw(_ bytes: [UInt8], from start: Int, name: String) -> Int {
    var index = start
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "<"), let tag = Tag(bytes, at: index, knownOnly: true), tag.isClosing,
        tag.name == name
      {
        return tag.end
      }
      index += 1
    }
    return bytes.count
  }

  /// A tag, comment, declaration or processing instruction.
  private struct Tag {
    var name = ""
    var isClosing = false
    var end: Int

    init?(_ bytes: [UInt8], at start: Int, knownOnly: Bool) {
      var index = start + 1
      guard index < bytes.count else { return nil }
      if bytes[index] == UInt8(ascii: "!") || bytes[index] == UInt8(ascii: "?") {
        guard let close = bytes[index...].firstIndex(of: UInt8(ascii: ">")) else { return nil }
        end = close + 1
        if bytes[index...].starts(with: "!--".utf8) {
          var at = index + 3
          while at < bytes.count, !bytes[at...].starts(with: "-->".utf8) { at += 1 }
          end = min(at + 3, bytes.count)
        }
        return
      }
      if bytes[index] == UInt8(ascii: "/") {
        isClosing = true
        index += 1
      }
      guard index < bytes.count, UTF8Text.isLetter(bytes[index]) else { return nil }
      let nameStart = index
      while index < bytes.count, UTF8Text.isLetter(bytes[index]) || UTF8Text.isDigit(bytes[index]) { index += 1 }
      name = String(decoding: bytes[nameStart..<index], as: UTF8.self).lowercased()
      if knownOnly, !HTMLText.known.contains(name) { return nil }
      var quote: UInt8?
      while index < bytes.count {
        let byte = bytes[index]
        if let open = quote {
          if byte == open { quote = nil }
        } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
          // A quote opens a value only after `=`: elsewhere it is a slip of the author.
          let before = bytes[nameStart..<index].last { !UTF8Text.isSpace($0) }
          if before == UInt8(ascii: "=") { quote = byte }
        } else if byte == UInt8(ascii: ">") {
          break
        } else if byte == UInt8(ascii: "<") {
          // The next tag begins: this was none.
          return nil
        }
        index += 1
      }
      guard index < bytes.count else { return nil }
      end = index + 1
    }
  }

  private static func names(_ text: String) -> Set<String> { Set(text.split(separator: " ").map(String.init)) }

  private static let lineBreaking = names(
    "address article aside blockquote br dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav "
      + "ol p pre section table td th tr ul")

  private static let known = lineBreaking.union(
    names(
      "a abbr acronym applet area audio b base basefont bdi bdo big blink body button canvas caption center cite code col "
        + "colgroup data datalist del details dfn dialog dir em embed figcaption font frame frameset head html i iframe "
        + "img input ins kbd label legend link map mark menu meta meter noframes noscript object optgroup option output "
        + "param picture progress q rp rt ruby s samp script select small source span strike strong style sub summary sup "
        + "svg tbody template textarea tfoot thead time title tt u var video wbr"))
}
