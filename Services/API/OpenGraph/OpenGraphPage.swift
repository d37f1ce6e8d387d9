import HTTP
import JSON

/// The Open Graph data of a page (feeds M10; the Open Graph protocol, ogp.me), filled up from what else the page says.
struct OpenGraphPage: Hashable, Sendable {
  /// An image, a video or an audio: members in the order of the answer, those without a value left out.
  struct Media: Hashable, Sendable {
    var members: [PageFacts.Property]
  }

  private(set) var members: [PageFacts.Property] = []
  private(set) var images: [Media] = []
  private(set) var videos: [Media] = []
  private(set) var audios: [Media] = []

  /// - Parameters:
  ///   - asked: the address as the caller wrote it.
  ///   - address: the one that answered.
  /// `nil` where the page says nothing.
  init?(_ facts: PageFacts, asked: String, address: String, limits: OpenGraphLimits) {
    let base = facts.base.map { WebAddress.resolve($0, base: address) } ?? address
    func text(_ value: String) -> String? {
      let words = value.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      return words.isEmpty ? nil : String(words.prefix(limits.textMax))
    }
    /// Only addresses of the web: what a page says is not to become a script at the caller's.
    func link(_ value: String) -> String? {
      guard value.contains(where: { !$0.isWhitespace }) else { return nil }
      let resolved = WebAddress.resolve(value, base: base)
      return WebAddress.isWebAddress(resolved) && resolved.utf8.count <= limits.textMax ? resolved : nil
    }
    func property(_ names: String...) -> String? {
      for name in names {
        for candidate in facts.properties where candidate.name == name {
          if let found = text(candidate.content) { return found }
        }
      }
      return nil
    }
    func related(_ relation: String) -> String? {
      facts.links.lazy.filter { $0.relations.contains(relation) }.compactMap { link($0.address) }.first
    }
    images = Self.media("image", facts, limits, link, text)
    videos = Self.media("video", facts, limits, link, text)
    audios = Self.media("audio", facts, limits, link, text)
    let image =
      property("twitter:image", "twitter:image:src").flatMap(link) ?? related("image_src")
      ?? facts.firstImage.flatMap(link)
    let siteName = property("og:site_name", "application-name")
    let title = property("og:title") ?? facts.title.flatMap(text) ?? property("twitter:title") ?? siteName
    let description = property("og:description", "description", "twitter:description")
    let favicon = related("icon") ?? related("apple-touch-icon")
    guard
      title != nil || description != nil || favicon != nil || image != nil || !images.isEmpty || !videos.isEmpty
        || !audios.isEmpty || property("og:type", "og:url") != nil
    else { return nil }
    let host = WebAddress.host(of: address) ?? address
    let name = title ?? description ?? host
    let icon = favicon ?? WebAddress.resolve("/favicon.ico", base: address)
    if images.isEmpty { images = [Media(members: [.init(name: "image", content: image ?? icon)])] }
    let found: [(String, String?)] = [
      ("title", name), ("type", property("og:type")),
      ("url", property("og:url").flatMap(link) ?? related("canonical")), ("original_url", asked),
      ("site", property("twitter:site")), ("site_name", siteName), ("description", description ?? name),
      ("determiner", property("og:determiner")), ("locale", property("og:locale")), ("favicon", icon),
    ]
    members = found.compactMap { name, value in value.map { .init(name: name, content: $0) } }
  }

  /// The items of one kind. `og:image` begins one, `og:image:width` and the like belong to the last.
  private static func media(
    _ kind: String, _ facts: PageFacts, _ limits: OpenGraphLimits, _ link: (String) -> String?,
    _ text: (String) -> String?
  ) -> [Media] {
    let addresses = ["url", "secure_url"]
    let others = kind == "audio" ? ["type"] : ["width", "height", "type", "alt"]
    var items: [[String: String]] = []
    for property in facts.properties {
      if property.name == "og:\(kind)" || property.name == "og:\(kind):url" {
        let member = property.name == "og:\(kind)" ? kind : "url"
        guard let address = link(property.content) else { continue }
        // `og:image:url` is another name of `og:image`: of the same item if it says the same.
        if let last = items.last, last[member] == nil, member == "url" {
          items[items.count - 1][member] = address
        } else if items.count < limits.itemsMax {
          items.append([member: address])
        }
      } else if property.name.hasPrefix("og:\(kind):"), !items.isEmpty {
        let member = String(property.name.dropFirst("og:\(kind):".count))
        let value = addresses.contains(member) ? link(property.content) : text(property.content)
        if (addresses + others).contains(member), items[items.count - 1][member] == nil {
          items[items.count - 1][member] = value
        }
      }
    }
    return items.map { item in
      var item = item
      item[kind] = item[kind] ?? item["url"]
      return Media(
        members: ([kind] + addresses + others).compactMap { name in item[name].map { .init(name: name, content: $0) } })
    }
  }

  /// An open object, to which `duration` is added.
  func openBody() -> [UInt8] {
    var writer = JSONWriter(reserving: 1_024)
    writer.splice("{")
    Self.write(members, to: &writer)
    for (name, items) in [("images", images), ("videos", videos), ("audios", audios)] where !items.isEmpty {
      writer.splice(",")
      writer.string(name)
      writer.splice(":[")
      for (index, item) in items.enumerated() {
        writer.splice(index > 0 ? ",{" : "{")
        Self.write(item.members, to: &writer)
        writer.splice("}")
      }
      writer.splice("]")
    }
    return writer.bytes
  }

  private static func write(_ members: [PageFacts.Property], to writer: inout JSONWriter) {
    for (index, member) in members.enumerated() {
      if index > 0 { writer.splice(",") }
      writer.string(member.name)
      writer.splice(":")
      writer.string(member.content)
    }
  }
}
