import JSON
import Model

/// An entry as the activity it becomes (insight E2, E21a): actor = the source's id, verb `rss_article`, object and
/// foreign id = the entry's identity, and `title`, `link`, `summary` as custom fields.
struct SourceActivity: Equatable, Sendable {
  static let verb = "rss_article"
  /// Bytes of the fields, which together stay below an activity's 10 KiB (feeds L19).
  static let titleBytesMax = 512
  static let linkBytesMax = 1_500
  static let summaryBytesMax = 1_500

  var actor: String
  var foreignID: String
  /// Custom fields in order; what the entry lacks is left out.
  var fields: [JSONValue.Member]

  init(_ item: FeedDocumentItem, foreignID: String, source: String) {
    actor = source
    self.foreignID = foreignID
    fields = []
    if let title = item.title { fields.append(.init("title", .string(Self.cut(title.plain, Self.titleBytesMax)))) }
    // Half an address would lead elsewhere.
    if let link = item.link, link.utf8.count <= Self.linkBytesMax { fields.append(.init("link", .string(link))) }
    if let summary = item.summary {
      fields.append(.init("summary", .string(Self.cut(summary.plain, Self.summaryBytesMax))))
    }
  }

  func json(at time: ActivityTime) -> JSONValue {
    .object(
      [
        .init("actor", .string(actor)), .init("verb", .string(Self.verb)), .init("object", .string(foreignID)),
        .init("foreign_id", .string(foreignID)), .init("time", .string(time.description)),
      ] + fields)
  }

  /// Whether an activity read from the feed already says the same.
  func isSame(as stored: JSONValue) -> Bool {
    stored["actor"]?.string == actor && stored["verb"]?.string == Self.verb && stored["object"]?.string == foreignID
      && ["title", "link", "summary"].allSatisfy { name in
        stored[name] == fields.first { $0.name == name }?.value
      }
  }

  /// The text, or as many of its characters as `bytesMax` holds with a mark that it was cut.
  static func cut(_ text: String, _ bytesMax: Int) -> String {
    guard text.utf8.count > bytesMax else { return text }
    var out = ""
    var count = 0
    for character in text {
      count += character.utf8.count
      guard count <= bytesMax - 3 else { break }
      out.append(character)
    }
    return out + "…"
  }
}
