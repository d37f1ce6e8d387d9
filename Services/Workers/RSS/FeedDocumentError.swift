/// Why a document was refused as a feed.
public enum FeedDocumentError: Error, Hashable, Sendable, CustomStringConvertible {
  case empty
  case tooLarge(bytes: Int, bytesMax: Int)
  case tooManyItems(itemsMax: Int)
  case tooManyOutlines(outlinesMax: Int)
  /// A general entity is declared to lie outside the document (`SYSTEM`, `PUBLIC`).
  case externalEntity(name: String, line: Int)
  /// An entity's value refers to a further entity.
  case nestedEntity(name: String, line: Int)
  case entityExpansion(bytesMax: Int, line: Int)
  /// The document declares (or defaults to) an encoding that nothing here can decode its bytes from.
  case undecodable(encoding: String)
  case malformed(line: Int, reason: String)
  /// Well-formed, but its root is that of no feed format.
  case notAFeed(root: String)

  public var description: String {
    switch self {
    case .empty: "the document is empty"
    case .tooLarge(let bytes, let bytesMax): "the document has \(bytes) bytes; at most \(bytesMax) are read"
    case .tooManyItems(let itemsMax): "the document has more than \(itemsMax) entries"
    case .tooManyOutlines(let outlinesMax): "the list has more than \(outlinesMax) outlines"
    case .externalEntity(let name, let line):
      "line \(line): entity '\(name)' lies outside the document; nothing a document names is fetched"
    case .nestedEntity(let name, let line):
      "line \(line): entity '\(name)' refers to another entity; such documents are refused"
    case .entityExpansion(let bytesMax, let line):
      "line \(line): the document's entities expand to more than \(bytesMax) bytes"
    case .undecodable(let encoding): "the document cannot be decoded from \(encoding)"
    case .malformed(let line, let reason): "line \(line): \(reason)"
    case .notAFeed(let root): "<\(root)> is no RSS, RDF or Atom document"
    }
  }
}
