import CLibXML2
import HTTP

/// Parses mended XML (see `XMLMender`: UTF-8, no document type, no entity but the predefined five) through libxml2.
///
/// This file is the one of the module that touches libxml2's pointers: each is used only between the parse and the free
/// of its document, in one function.
enum XMLTree {
  /// The namespace of `xml:base` (XML Namespaces 1.0 §3).
  static let xmlNamespace = "http://www.w3.org/XML/1998/namespace"

  /// - Throws: `FeedDocumentError.malformed` with the line of the first error.
  static func parse(_ utf8: [UInt8], base: String) throws(FeedDocumentError) -> XMLElement {
    // Defence in depth: the mender leaves no document type, and the network is closed all the same.
    let options =
      Int32(XML_PARSE_NONET.rawValue) | Int32(XML_PARSE_NOERROR.rawValue) | Int32(XML_PARSE_NOWARNING.rawValue)
      | Int32(XML_PARSE_NOCDATA.rawValue)
    guard let context = xmlNewParserCtxt() else { throw .malformed(line: 0, reason: "out of memory") }
    defer { xmlFreeParserCtxt(context) }
    let firstError = FirstError()
    context.pointee._private = Unmanaged.passUnretained(firstError).toOpaque()
    context.pointee.sax.pointee.serror = { context, error in
      guard let error, error.pointee.level == XML_ERR_FATAL, let context else { return }
      let parser = context.assumingMemoryBound(to: xmlParserCtxt.self)
      guard let place = parser.pointee._private else { return }
      Unmanaged<FirstError>.fromOpaque(place).takeUnretainedValue().note(
        line: Int(error.pointee.line), message: XMLTree.text(error.pointee.message))
    }
    let parsed = utf8.withUnsafeBytes { buffer in
      xmlCtxtReadMemory(
        context, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count), nil, "UTF-8", options)
    }
    // libxml2 goes on after an error, which it then reports by later ones: the first is the one to look at.
    let failure = withExtendedLifetime(firstError) { firstError.failure }
    guard let parsed else { throw failure ?? .malformed(line: 0, reason: "broken XML") }
    defer { xmlFreeDoc(parsed) }
    guard let root = xmlDocGetRootElement(parsed) else { throw .malformed(line: 1, reason: "there is no element") }
    return element(root, base: base)
  }

  /// The first fatal error of a parse: libxml2's callback finds it through the parser's `_private`.
  private final class FirstError {
    private(set) var failure: FeedDocumentError?

    func note(line: Int, message: String) {
      guard failure == nil else { return }
      failure = .malformed(line: line, reason: UTF8Text.trimmed(message))
    }
  }

  private static func text(_ pointer: UnsafePointer<CChar>?) -> String {
    pointer.map { String(cString: $0) } ?? ""
  }

  private static func text(_ pointer: UnsafePointer<xmlChar>?) -> String {
    pointer.map { String(cString: $0) } ?? ""
  }

  /// Copies an element out; its depth is bounded by libxml2 (256 levels without XML_PARSE_HUGE).
  private static func element(_ node: xmlNodePtr, base inherited: String) -> XMLElement {
    var attributes: [XMLElement.Attribute] = []
    var base = inherited
    var attribute = node.pointee.properties
    while let current = attribute {
      let name = text(current.pointee.name)
      let namespace = current.pointee.ns.map { text($0.pointee.href) } ?? ""
      var value = ""
      var part = current.pointee.children
      while let piece = part {
        value += text(piece.pointee.content)
        part = piece.pointee.next
      }
      if name == "base", namespace == xmlNamespace { base = WebAddress.resolve(value, base: inherited) }
      attributes.append(.init(name: name, namespace: namespace, value: value))
      attribute = current.pointee.next
    }
    var children: [XMLElement.Child] = []
    var child = node.pointee.children
    while let current = child {
      switch current.pointee.type {
      case XML_ELEMENT_NODE: children.append(.element(element(current, base: base)))
      case XML_TEXT_NODE, XML_CDATA_SECTION_NODE: children.append(.text(text(current.pointee.content)))
      default: break
      }
      child = current.pointee.next
    }
    var name = text(node.pointee.name)
    var namespace = node.pointee.ns.map { text($0.pointee.href) } ?? ""
    // libxml2 leaves an undeclared prefix in the name.
    if namespace.isEmpty, let colon = name.firstIndex(of: ":") {
      namespace = String(name[...colon])
      name = String(name[name.index(after: colon)...])
    }
    return XMLElement(name: name, namespace: namespace, attributes: attributes, children: children, base: base)
  }
}
