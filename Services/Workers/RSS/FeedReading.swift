import HTTP

/// Maps the elements of a document to what we read of it: one walk for RSS, RDF and Atom, whose elements feeds mix freely.
///
/// Elements count by local name if they stand in no namespace, in one of RSS or Atom, or in that of the root; those of
/// Dublin Core and the content module by their namespace. All others mean nothing here (`media:title` is no title).
struct FeedReading {
  let isAtom: Bool
  let itemsMax: Int

  private enum Vocabulary { case core, atom, dublinCore, dublinCoreTerms, content, other }

  func read(_ root: XMLElement) throws(FeedDocumentError) -> (FeedDocumentHeader, [FeedDocumentItem]) {
    let channel = isAtom ? root : root.elements.first { $0.name.lowercased() == "channel" && isCore($0, root) } ?? root
    // RDF and RSS 0.90 place items beside the channel.
    let parents = isAtom || channel.name == root.name ? [channel] : [channel, root]
    var items: [FeedDocumentItem] = []
    for parent in parents {
      for element in parent.elements
      where element.name.lowercased() == "item" || element.name.lowercased() == "entry" {
        guard isCore(element, root) else { continue }
        guard items.count < itemsMax else { throw .tooManyItems(itemsMax: itemsMax) }
        items.append(item(element, root: root))
      }
    }
    return (header(channel, root: root), items)
  }

  // MARK: Header

  private func header(_ element: XMLElement, root: XMLElement) -> FeedDocumentHeader {
    var header = FeedDocumentHeader()
    var fallbackTitle: FeedText?
    for child in element.elements {
      switch (vocabulary(child, root), child.name.lowercased()) {
      case (.core, "title"), (.atom, "title"): header.title = header.title ?? title(child)
      case (.dublinCore, "title"): fallbackTitle = fallbackTitle ?? title(child)
      case (.core, "id"), (.atom, "id"), (.core, "guid"): header.id = trimmed(child)
      case (.core, "link"), (.atom, "link"):
        if let link = link(child) { header.links.append(link) }
      case (let vocabulary, let name):
        date(name, vocabulary, child).map { header[keyPath: $0.header] = $0.date }
      }
    }
    header.title = header.title ?? fallbackTitle
    header.link = page(header.links)
    header.id = header.id ?? element.attribute("about", namespace: Self.rdf)
    return header
  }

  // MARK: Item

  private func item(_ element: XMLElement, root: XMLElement) -> FeedDocumentItem {
    var item = FeedDocumentItem()
    var fallbackTitle: FeedText?
    var content: FeedText?
    var isPermanentLink = false
    for child in element.elements {
      switch (vocabulary(child, root), child.name.lowercased()) {
      case (.core, "title"), (.atom, "title"): item.title = item.title ?? title(child)
      case (.dublinCore, "title"): fallbackTitle = fallbackTitle ?? title(child)
      case (.core, "guid"):
        item.guid = trimmed(child)
        isPermanentLink = isPermanent(child)
      case (.core, "id"), (.atom, "id"): item.guid = trimmed(child)
      case (.core, "link"), (.atom, "link"):
        if let link = link(child) {
          item.links.append(link)
          if link.relation == "enclosure" { item.enclosure = item.enclosure ?? link.address }
        }
      case (.core, "enclosure"):
        guard let address = child.attribute("url") ?? child.attribute("href") else { continue }
        let resolved = WebAddress.resolve(address, base: child.base)
        item.enclosure = item.enclosure ?? resolved
        item.links.append(FeedLink(address: resolved, relation: "enclosure", type: child.attribute("type") ?? ""))
      case (.core, "description"), (.core, "summary"), (.atom, "summary"):
        item.summary = item.summary ?? body(child)
      case (.dublinCore, "description"), (.content, "encoded"), (.core, "content"), (.atom, "content"),
        (.core, "fullitem"):
        content = content ?? body(child)
      case (.core, "source"), (.atom, "source"): item.source = source(child, root: root)
      case (let vocabulary, let name):
        date(name, vocabulary, child).map { item[keyPath: $0.item] = $0.date }
      }
    }
    item.title = item.title ?? fallbackTitle
    item.summary = item.summary ?? content
    item.guid = item.guid ?? element.attribute("about", namespace: Self.rdf)
    item.link = page(item.links)
    if item.link == nil, isPermanentLink, let guid = item.guid {
      let resolved = WebAddress.resolve(guid, base: element.base)
      item.link = resolved
      item.links.append(FeedLink(address: resolved, relation: "alternate", type: ""))
    }
    return item
  }

  private func source(_ element: XMLElement, root: XMLElement) -> FeedDocumentHeader {
    if !element.elements.isEmpty { return header(element, root: root) }
    var header = FeedDocumentHeader()
    header.title = title(element)
    header.link = element.attribute("url").map { WebAddress.resolve($0, base: element.base) }
    return header
  }

  /// RSS 2.0: a guid is an address unless it says otherwise. What says nothing must look like one.
  private func isPermanent(_ guid: XMLElement) -> Bool {
    switch guid.attribute("isPermaLink")?.lowercased() {
    case "false": false
    case nil: WebAddress.isWebAddress(trimmed(guid) ?? "") || !guid.base.isEmpty
    default: true
    }
  }

  // MARK: Links

  private func link(_ element: XMLElement) -> FeedLink? {
    let type = element.attribute("type") ?? ""
    let relation = element.attribute("rel") ?? "alternate"
    if let address = element.attribute("href") {
      return FeedLink(address: WebAddress.resolve(address, base: element.base), relation: relation, type: type)
    }
    let text = UTF8Text.trimmed(element.textContent)
    guard !text.isEmpty else { return nil }
    return FeedLink(address: WebAddress.resolve(text, base: element.base), relation: relation, type: type)
  }

  /// The link to the page itself: an `alternate` one, HTML before others.
  private func page(_ links: [FeedLink]) -> String? {
    let alternates = links.filter { $0.relation == "alternate" }
    let pages = alternates.filter { $0.type.isEmpty || $0.type.lowercased().contains("html") }
    return (pages.first ?? alternates.first)?.address
  }

  // MARK: Texts

  private func trimmed(_ element: XMLElement) -> String? {
    let text = UTF8Text.trimmed(element.textContent)
    return text.isEmpty ? nil : text
  }

  private func title(_ element: XMLElement) -> FeedText? {
    let text = text(element)
    return text.plain.isEmpty ? nil : text
  }

  private func body(_ element: XMLElement) -> FeedText? { title(element) }

  /// A text construct: RFC 4287 §3.1, `mode` of Atom 0.3, and the custom of RSS to write HTML or text as it likes.
  private func text(_ element: XMLElement) -> FeedText {
    let type = element.attribute("type")?.lowercased()
    let mode = element.attribute("mode")?.lowercased()
    if mode == "base64" || (type.map(isBinary) ?? false) {
      let decoded = Base64Text.decode(element.textContent).map { String(decoding: $0, as: UTF8.self) }
      return FeedText(plain: HTMLText.plain(decoded ?? ""), kind: .html)
    }
    if !element.elements.isEmpty {
      return FeedText(plain: UTF8Text.collapsed(element.textContent), kind: .xhtml)
    }
    switch type {
    case "html", "text/html", "xhtml", "application/xhtml+xml":
      return FeedText(plain: HTMLText.plain(element.textContent), kind: .html)
    case "text", "text/plain":
      return FeedText(plain: UTF8Text.collapsed(element.textContent), kind: .text)
    default:
      return FeedText(plain: HTMLText.plain(element.textContent, knownTagsOnly: true), kind: .html)
    }
  }

  /// RFC 4287 §4.1.3.3: a media type that is neither text nor XML is sent as Base64.
  private func isBinary(_ type: String) -> Bool {
    type.contains("/") && !type.hasPrefix("text/") && !type.hasSuffix("+xml") && !type.hasSuffix("/xml")
  }

  // MARK: Dates

  private struct DateField {
    var header: WritableKeyPath<FeedDocumentHeader, FeedDate?>
    var item: WritableKeyPath<FeedDocumentItem, FeedDate?>
    var date: FeedDate
  }

  /// The date an element holds. Where it is given twice the later element counts.
  private func date(_ name: String, _ vocabulary: Vocabulary, _ element: XMLElement) -> DateField? {
    let header: WritableKeyPath<FeedDocumentHeader, FeedDate?>
    let item: WritableKeyPath<FeedDocumentItem, FeedDate?>
    switch (vocabulary, name) {
    case (.core, "pubdate"), (.core, "published"), (.atom, "published"), (.core, "issued"),
      (.dublinCoreTerms, "issued"):
      (header, item) = (\.published, \.published)
    case (.core, "lastbuilddate"), (.core, "updated"), (.atom, "updated"), (.core, "modified"),
      (.dublinCoreTerms, "modified"), (.dublinCore, "date"), (.core, "date"):
      (header, item) = (\.updated, \.updated)
    case (.core, "created"), (.dublinCoreTerms, "created"):
      (header, item) = (\.created, \.created)
    default: return nil
    }
    let text = UTF8Text.trimmed(element.textContent)
    return text.isEmpty ? nil : DateField(header: header, item: item, date: FeedDate(text: text))
  }

  // MARK: Namespaces

  private static let rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

  private static let cores: Set<String> = [
    "", "http://backend.userland.com/rss", "http://backend.userland.com/rss2", "http://backend.userland.com/rss091",
    "http://blogs.law.harvard.edu/tech/rss", "http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/",
    "http://my.netscape.com/publish/formats/rss-0.91.dtd",
    "http://channel.netscape.com/rdf/simple/0.9/", "http://purl.org/net/rss1.1#", "rss:",
  ]

  private static let atoms: Set<String> = [
    "http://www.w3.org/2005/atom", "http://purl.org/atom/ns#", "http://purl.org/echo/",
    "uri/of/echo/namespace#", "http://purl.org/pie/", "atom:",
  ]

  private func vocabulary(_ element: XMLElement, _ root: XMLElement) -> Vocabulary {
    let namespace = element.namespace.lowercased()
    // Inside Atom its own elements are the core.
    if isAtom, Self.atoms.contains(namespace) { return .core }
    if Self.cores.contains(namespace) || element.namespace == root.namespace { return .core }
    if Self.atoms.contains(namespace) { return .atom }
    switch namespace {
    case "http://purl.org/dc/elements/1.1/", "http://purl.org/dc/elements/1.0/", "dc:": return .dublinCore
    case "http://purl.org/dc/terms/", "dcterms:": return .dublinCoreTerms
    case "http://purl.org/rss/1.0/modules/content/", "content:": return .content
    default: return .other
    }
  }

  private func isCore(_ element: XMLElement, _ root: XMLElement) -> Bool {
    switch vocabulary(element, root) {
    case .core, .atom: true
    default: false
    }
  }
}
