import HTTP
import Model

/// The foreign ids of a document's entries (insight E6, E21a).
///
/// An entry is known by the first of guid, link and enclosure that no other entry of the document has, else by a hash of
/// its content. What is no address of the web is prefixed by the source's id, since foreign ids are app-wide (feeds F4).
enum EntryIdentity {
  /// Characters of a foreign id (feeds L19).
  static let charactersMax = 255

  /// One foreign id for each entry, in order. Equal ones belong to entries that are equal in all of these.
  static func foreignIDs(_ items: [FeedDocumentItem], source: String) -> [String] {
    let guids = counted(items.map(\.guid))
    let links = counted(items.map(\.link))
    let enclosures = counted(items.map(\.enclosure))
    return items.map { item in
      for (candidate, counts) in [(item.guid, guids), (item.link, links), (item.enclosure, enclosures)] {
        if let candidate, counts[candidate] == 1 { return foreignID(candidate, source: source) }
      }
      return "\(source):sha256-\(contentHash(item))"
    }
  }

  static func foreignID(_ identity: String, source: String) -> String {
    let text = WebAddress.isWebAddress(identity) ? identity : "\(source):\(identity)"
    guard text.unicodeScalars.count > charactersMax else { return text }
    return "\(source):sha256-\(Hex.text(SHA256Digest.of(Array(text.utf8))))"
  }

  private static func contentHash(_ item: FeedDocumentItem) -> String {
    let parts = [item.title?.plain, item.summary?.plain, item.link, item.enclosure].map { $0 ?? "" }
    return Hex.text(SHA256Digest.of(Array(parts.joined(separator: "\u{0}").utf8)))
  }

  private static func counted(_ values: [String?]) -> [String: Int] {
    values.compactMap { $0 }.reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }
}
