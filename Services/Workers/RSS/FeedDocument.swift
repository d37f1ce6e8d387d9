/// A syndication feed, read from its document: RSS 0.90–0.94, 1.0, 2.0 and Atom 0.3, 1.0.
///
/// Reading is a pure function of bytes: nothing is fetched, whatever the document names.
///
/// ```swift
/// let document = try FeedDocument(reading: bytes, contentType: "application/rss+xml; charset=utf-8")
/// for item in document.items { print(item.title?.plain ?? "", item.link ?? "") }
/// ```
public struct FeedDocument: Hashable, Sendable {
  public enum Format: String, Hashable, Sendable { case rss, rdf, atom }

  public var format: Format
  public var header: FeedDocumentHeader
  public var items: [FeedDocumentItem]
  /// The encoding the bytes were read in, as a name in lower case.
  public var encoding: String
  /// `false` if the bytes or the XML had to be mended to be read.
  public var isWellFormed: Bool

  /// Reads a document.
  ///
  /// - Parameters:
  ///   - contentType: the value of the HTTP `Content-Type`, where there is one; its `charset` goes before the XML declaration.
  ///   - address: where the document was read from: the base of its relative links.
  /// - Throws: `FeedDocumentError`: too large, a bomb, an external entity, broken beyond repair, or no feed.
  public init(
    reading bytes: [UInt8], contentType: String? = nil, address: String = "", limits: FeedDocumentLimits = .init()
  ) throws(FeedDocumentError) {
    let root: XMLElement
    (root, encoding, isWellFormed) = try Self.root(bytes, contentType: contentType, address: address, limits: limits)
    switch root.name.lowercased() {
    case "rss": format = .rss
    case "rdf": format = .rdf
    case "feed": format = .atom
    default: throw .notAFeed(root: root.name)
    }
    let reading = FeedReading(isAtom: format == .atom, itemsMax: limits.itemsMax)
    (header, items) = try reading.read(root)
  }

  /// The document's element, with the encoding it was read in and whether nothing had to be mended.
  static func root(
    _ bytes: [UInt8], contentType: String?, address: String, limits: FeedDocumentLimits
  ) throws(FeedDocumentError) -> (root: XMLElement, encoding: String, isWellFormed: Bool) {
    guard bytes.count <= limits.bytesMax else {
      throw .tooLarge(bytes: bytes.count, bytesMax: limits.bytesMax)
    }
    guard bytes.contains(where: { $0 > 0x20 }) else { throw .empty }
    let decoded = try FeedDecoder.decode(bytes, contentType: contentType)
    var mender = XMLMender(decoded.utf8, limits: limits)
    let mended = try mender.mend()
    let root = try XMLTree.parse(mended, base: address)
    return (root, decoded.encoding, !decoded.isFallback && !mender.hasMended)
  }
}
