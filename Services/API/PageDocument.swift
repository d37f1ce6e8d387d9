import Feeds
import JSON
import Model

/// Writes a flat page in the formats of feeds C12b.
struct PageDocument: Sendable {
  let feed: FeedID
  let page: FlatPage
  /// Path and query of the next page, empty at the end.
  let next: String
  /// Scheme and host before paths: addresses in these formats are whole.
  let origin: String

  /// One activity, read back from its stored bytes.
  private struct Item {
    var id: String
    var members: JSONDocument
    var origin: FeedID?

    func text(_ name: StaticString) -> String { members.root[name]?.string ?? "" }
    /// With the zone that these formats want.
    var published: String { text("time") + "Z" }
    var title: String { "\(text("actor")) \(text("verb")) \(text("object"))" }
  }

  func bytes(as format: PageFormat) throws(JSONError) -> [UInt8] {
    let items = try page.items.map { item throws(JSONError) in
      var writer = JSONWriter(reserving: item.activity.body.count + 4)
      PageWriter.write(item.activity, origin: item.origin, to: &writer)
      return Item(id: item.activity.id.description, members: try JSONDocument(writer.bytes), origin: item.origin)
    }
    return switch format {
    case .json: PageWriter.open(page, next: next)
    case .activityStreams: activityStreams(items)
    case .atom: atom(items)
    case .jsonFeed: jsonFeed(items)
    }
  }

  private func address(_ format: PageFormat) -> String {
    "\(origin)/api/v1.0/feed/\(feed.group)/\(feed.id).\(format.rawValue)/"
  }

  private var nextAddress: String { origin + next }

  /// ActivityStreams 2.0 (W3C Recommendation, 2017): a collection page. References of this API are no URIs, so they are
  /// given as objects with a name; the whole activity stands in `millrace:activity`.
  private func activityStreams(_ items: [Item]) -> [UInt8] {
    var writer = JSONWriter(reserving: 512 + items.count * 1_024)
    writer.splice(#"{"@context":["https://www.w3.org/ns/activitystreams",{"millrace":"urn:millrace:"}],"#)
    writer.splice(#""type":"OrderedCollectionPage","id":"#)
    writer.string(address(.activityStreams))
    writer.splice(#","name":"#)
    writer.string(feed.description)
    if !next.isEmpty {
      writer.splice(#","next":"#)
      writer.string(nextAddress)
    }
    writer.splice(#","orderedItems":["#)
    for (index, item) in items.enumerated() {
      if index > 0 { writer.splice(",") }
      writer.splice(#"{"type":"Activity","id":"#)
      writer.string("urn:uuid:\(item.id)")
      writer.splice(#","published":"#)
      writer.string(item.published)
      writer.splice(#","summary":"#)
      writer.string(item.title)
      writer.splice(#","actor":{"type":"Object","name":"#)
      writer.string(item.text("actor"))
      writer.splice(#"},"object":{"type":"Object","name":"#)
      writer.string(item.text("object"))
      writer.splice("}")
      if !item.text("target").isEmpty {
        writer.splice(#","target":{"type":"Object","name":"#)
        writer.string(item.text("target"))
        writer.splice("}")
      }
      writer.splice(#","millrace:verb":"#)
      writer.string(item.text("verb"))
      writer.splice(#","millrace:activity":"#)
      writer.splice(item.members.bytes)
      writer.splice("}")
    }
    writer.splice("]}")
    return writer.bytes
  }

  /// JSON Feed 1.1 (jsonfeed.org/version/1.1); the whole activity stands in the extension `_millrace`.
  private func jsonFeed(_ items: [Item]) -> [UInt8] {
    var writer = JSONWriter(reserving: 512 + items.count * 1_024)
    writer.splice(#"{"version":"https://jsonfeed.org/version/1.1","title":"#)
    writer.string(feed.description)
    writer.splice(#","feed_url":"#)
    writer.string(address(.jsonFeed))
    if !next.isEmpty {
      writer.splice(#","next_url":"#)
      writer.string(nextAddress)
    }
    writer.splice(#","items":["#)
    for (index, item) in items.enumerated() {
      if index > 0 { writer.splice(",") }
      writer.splice(#"{"id":"#)
      writer.string("urn:uuid:\(item.id)")
      writer.splice(#","title":"#)
      writer.string(item.title)
      writer.splice(#","content_text":"#)
      writer.string(item.title)
      writer.splice(#","date_published":"#)
      writer.string(item.published)
      writer.splice(#","authors":[{"name":"#)
      writer.string(item.text("actor"))
      writer.splice(#"}],"_millrace":"#)
      writer.splice(item.members.bytes)
      writer.splice("}")
    }
    writer.splice("]}")
    return writer.bytes
  }

  /// Atom (RFC 4287). An empty feed was last updated at the epoch.
  private func atom(_ items: [Item]) -> [UInt8] {
    var out = #"<?xml version="1.0" encoding="utf-8"?>"# + "\n" + #"<feed xmlns="http://www.w3.org/2005/Atom">"#
    out += "<id>urn:millrace:feed:\(feed)</id><title>\(feed)</title>"
    out += "<updated>\(items.first?.published ?? "1970-01-01T00:00:00Z")</updated>"
    out += "<link rel=\"self\" href=\"\(Self.escaped(address(.atom)))\"/>"
    if !next.isEmpty { out += "<link rel=\"next\" href=\"\(Self.escaped(nextAddress))\"/>" }
    for item in items {
      out += "<entry><id>urn:uuid:\(item.id)</id><title>\(Self.escaped(item.title))</title>"
      out += "<updated>\(item.published)</updated><published>\(item.published)</published>"
      out += "<author><name>\(Self.escaped(item.text("actor")))</name></author>"
      out += "<category term=\"\(Self.escaped(item.text("verb")))\"/>"
      out += "<content type=\"text\">\(Self.escaped(item.title))</content></entry>"
    }
    out += "</feed>\n"
    return Array(out.utf8)
  }

  /// Text for XML 1.0; characters that it cannot hold become U+FFFD.
  private static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "\t", "\n", "\r": out += "&#\(scalar.value);"
      case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": out += "\u{FFFD}"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}
