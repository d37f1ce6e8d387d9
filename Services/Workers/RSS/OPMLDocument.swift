import HTTP

/// A list of feeds: OPML 1.0, 1.1 and 2.0. Outlines lie in outlines to any depth; here they are one list (insight E9).
struct OPMLDocument: Equatable, Sendable {
  /// Addresses, or files beside the list, each once, in the order of the document.
  var feeds: [String]
  /// What outlines are wrong, in words.
  var problems: [String]

  /// - Parameters:
  ///   - address: where it was read from; empty for a file.
  ///   - file: its path. A list in a file may name files in its own folder; one from the web names addresses only.
  init(
    reading bytes: [UInt8], contentType: String? = nil, address: String = "", file: String = "",
    limits: FeedDocumentLimits = .init()
  ) throws(FeedDocumentError) {
    let root = try FeedDocument.root(bytes, contentType: contentType, address: address, limits: limits).root
    guard root.name.lowercased() == "opml" else { throw .notAFeed(root: root.name) }
    feeds = []
    problems = []
    var seen: Set<String> = []
    var count = 0
    var waiting = Self.outlines(of: root.elements.first { $0.name.lowercased() == "body" } ?? root)
    waiting.reverse()
    while let outline = waiting.popLast() {
      count += 1
      guard count <= limits.outlinesMax else { throw .tooManyOutlines(outlinesMax: limits.outlinesMax) }
      let inner = Self.outlines(of: outline)
      waiting += inner.reversed()
      let title = Self.attribute("text", outline) ?? Self.attribute("title", outline) ?? ""
      guard let text = Self.attribute("xmlUrl", outline).map({ UTF8Text.trimmed($0[...]) }), !text.isEmpty else {
        // What holds others is a folder.
        if inner.isEmpty { problems.append("the outline \"\(title)\" names no feed (xmlUrl)") }
        continue
      }
      guard let feed = Self.feed(text, address: address, file: file) else {
        problems.append("the outline \"\(title)\" names \(text), which is no address of the web")
        continue
      }
      if seen.insert(feed).inserted { feeds.append(feed) }
    }
  }

  private static func feed(_ text: String, address: String, file: String) -> String? {
    let resolved = WebAddress.resolve(text, base: address)
    if WebAddress.isWebAddress(resolved) { return resolved }
    let segments = text.split(separator: "/", omittingEmptySubsequences: false)
    guard address.isEmpty, !text.contains(":"), !text.hasPrefix("/"), !segments.contains("..") else { return nil }
    guard let slash = file.lastIndex(of: "/") else { return text }
    return "\(file[...slash])\(text)"
  }

  private static func outlines(of element: XMLElement) -> [XMLElement] {
    element.elements.filter { $0.name.lowercased() == "outline" }
  }

  /// Names are compared without case: `xmlUrl` is often written `xmlurl`.
  private static func attribute(_ name: String, _ element: XMLElement) -> String? {
    element.attributes.first { $0.namespace.isEmpty && $0.name.lowercased() == name.lowercased() }?.value
  }
}
