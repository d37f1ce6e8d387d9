import HTTP
import Model

/// The id of the feed a document becomes, stable over imports (feeds L23: `[A-Za-z0-9_-]`).
///
/// Of an address: host and path (`https://www.example.org/news/feed.xml` → `example-org-news-feed`); of a file: its name
/// without the ending. What is not ASCII, or longer than `charactersMax`, ends in eight digits of its hash, so that different
/// documents keep different names.
enum SourceName {
  /// Leaves room for prefixed foreign ids (feeds L19).
  static let charactersMax = 64

  static func of(_ document: String) -> String {
    let name = WebAddress.isWebAddress(document) ? addressName(document) : fileName(document)
    var slug: [UInt8] = []
    for byte in name.lowercased().utf8 {
      if UTF8Text.isLetter(byte) || UTF8Text.isDigit(byte) || byte == UInt8(ascii: "_") {
        slug.append(byte)
      } else if slug.last != UInt8(ascii: "-"), !slug.isEmpty {
        slug.append(UInt8(ascii: "-"))
      }
    }
    while slug.last == UInt8(ascii: "-") { slug.removeLast() }
    let isWhole = !slug.isEmpty && slug.count <= charactersMax && name.utf8.allSatisfy { $0 < 0x80 }
    if isWhole { return String(decoding: slug, as: UTF8.self) }
    let digest = Hex.text(SHA256Digest.of(Array(name.utf8)).prefix(4))
    let start = String(decoding: slug.prefix(charactersMax - 9), as: UTF8.self)
    return start.isEmpty ? digest : "\(start)-\(digest)"
  }

  private static func fileName(_ path: String) -> String {
    withoutEnding(String(path.split(separator: "/").last ?? ""))
  }

  private static func addressName(_ address: String) -> String {
    var rest = address[(address.firstIndex(of: "/") ?? address.startIndex)...].drop { $0 == "/" }
    if let hash = rest.firstIndex(of: "#") { rest = rest[..<hash] }
    if rest.lowercased().hasPrefix("www.") { rest = rest.dropFirst(4) }
    return withoutEnding(String(rest))
  }

  private static func withoutEnding(_ name: String) -> String {
    for ending in [".xml", ".rss", ".atom", ".rdf"]
    where name.lowercased().hasSuffix(ending) && name.count > ending.count {
      return String(name.dropLast(ending.count))
    }
    return name
  }
}
