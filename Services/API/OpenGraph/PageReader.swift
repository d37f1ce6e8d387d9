import CLibXML2

/// Reads pages through libxml2's HTML parser, which takes whatever it is given.
///
/// This file is the one of the module that touches libxml2's pointers: each is used only between the parse and the free of its
/// document, in one function.
enum PageReader {
  /// - Parameter encoding: what the page's `Content-Type` says.
  static func facts(of bytes: [UInt8], encoding: String?, limits: OpenGraphLimits) -> PageFacts {
    var facts = PageFacts()
    // Neither the network nor the disk is touched, and errors are not printed.
    let options =
      Int32(HTML_PARSE_RECOVER.rawValue) | Int32(HTML_PARSE_NONET.rawValue) | Int32(HTML_PARSE_NOERROR.rawValue)
      | Int32(HTML_PARSE_NOWARNING.rawValue)
    guard let context = htmlNewParserCtxt() else { return facts }
    defer { htmlFreeParserCtxt(context) }
    let known = encoding ?? (isUTF8(bytes) ? "UTF-8" : nil)
    let document = bytes.withUnsafeBytes { buffer in
      htmlCtxtReadMemory(
        context, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: buffer.count), nil, known,
        options)
    }
    guard let document else { return facts }
    defer { xmlFreeDoc(document) }
    // By its own pointers, not by recursion: depth is the page's choice.
    var node = document.pointee.children
    while let current = node {
      if current.pointee.type == XML_ELEMENT_NODE { read(current, limits, &facts) }
      if current.pointee.type == XML_ELEMENT_NODE, let child = current.pointee.children {
        node = child
        continue
      }
      var last: xmlNodePtr? = current
      while let at = last, at.pointee.next == nil {
        last = at.pointee.parent.flatMap { $0.pointee.type == XML_ELEMENT_NODE ? $0 : nil }
      }
      node = last?.pointee.next
    }
    return facts
  }

  private static func read(_ node: xmlNodePtr, _ limits: OpenGraphLimits, _ facts: inout PageFacts) {
    switch text(node.pointee.name) {
    case "title":
      if facts.title == nil { facts.title = content(node, limits) }
    case "meta":
      guard facts.properties.count < propertiesMax, let content = attribute("content", of: node) else { return }
      for name in ["property", "name", "itemprop"] {
        guard let value = attribute(name, of: node) else { continue }
        facts.properties.append(.init(name: trimmed(value).lowercased(), content: content))
        return
      }
    case "link":
      guard facts.links.count < propertiesMax, let relation = attribute("rel", of: node),
        let address = attribute("href", of: node)
      else { return }
      facts.links.append(
        .init(relations: relation.lowercased().split(whereSeparator: \.isWhitespace).map(String.init), address: address)
      )
    case "base":
      if facts.base == nil { facts.base = attribute("href", of: node) }
    case "img":
      if facts.firstImage == nil, let address = attribute("src", of: node).map(trimmed), !address.isEmpty,
        !address.lowercased().hasPrefix("data:")
      {
        facts.firstImage = address
      }
    default: break
    }
  }

  /// Of `meta` and of `link` each; a page of 1 MiB could have tens of thousands.
  private static let propertiesMax = 1_000

  private static func attribute(_ name: String, of node: xmlNodePtr) -> String? {
    var attribute = node.pointee.properties
    while let current = attribute {
      if text(current.pointee.name) == name {
        var value = ""
        var part = current.pointee.children
        while let piece = part {
          value += text(piece.pointee.content)
          part = piece.pointee.next
        }
        return value
      }
      attribute = current.pointee.next
    }
    return nil
  }

  /// The text right in an element.
  private static func content(_ node: xmlNodePtr, _ limits: OpenGraphLimits) -> String {
    var value = ""
    var child = node.pointee.children
    while let current = child, value.utf8.count <= limits.textMax * 4 {
      if current.pointee.type == XML_TEXT_NODE || current.pointee.type == XML_CDATA_SECTION_NODE {
        value += text(current.pointee.content)
      }
      child = current.pointee.next
    }
    return value
  }

  private static func text(_ pointer: UnsafePointer<xmlChar>?) -> String {
    pointer.map { String(cString: $0) } ?? ""
  }

  private static func trimmed(_ text: String) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  /// Whether a page that does not say its encoding is UTF-8; its end may be cut within a character.
  private static func isUTF8(_ bytes: [UInt8]) -> Bool {
    (0...3).contains { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
  }
}
