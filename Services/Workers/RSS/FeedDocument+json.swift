import JSON

/// What was read, as JSON: for `worker rss --parse-only --json` and the tests that judge the reader.
extension FeedDocument {
  /// Members that the document does not have are left out.
  public var json: JSONValue {
    .object([
      .init("format", .string(format.rawValue)),
      .init("encoding", .string(encoding)),
      .init("well_formed", .boolean(isWellFormed)),
      .init("feed", .object(header.json)),
      .init("entries", .array(items.map { .object($0.json) })),
    ])
  }
}

extension FeedDocumentHeader {
  fileprivate var json: [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    members.add("id", id)
    members.add("title", title)
    members.add("link", link)
    members.add(links)
    members.add("published", published)
    members.add("updated", updated)
    members.add("created", created)
    return members
  }
}

extension FeedDocumentItem {
  fileprivate var json: [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    members.add("id", guid)
    members.add("title", title)
    members.add("link", link)
    members.add(links)
    members.add("summary", summary)
    members.add("enclosure", enclosure)
    members.add("published", published)
    members.add("updated", updated)
    members.add("created", created)
    if let source { members.append(.init("source", .object(source.json))) }
    if let time { members.append(.init("time_us", .integer(time))) }
    return members
  }
}

extension [JSONValue.Member] {
  fileprivate mutating func add(_ name: String, _ text: String?) {
    if let text { append(.init(name, .string(text))) }
  }

  fileprivate mutating func add(_ name: String, _ text: FeedText?) {
    guard let text else { return }
    append(.init(name, .string(text.plain)))
    append(.init("\(name)_type", .string(text.kind.rawValue)))
  }

  fileprivate mutating func add(_ name: String, _ date: FeedDate?) {
    guard let date else { return }
    append(.init(name, .string(date.text)))
    if let microseconds = date.microseconds { append(.init("\(name)_us", .integer(microseconds))) }
  }

  fileprivate mutating func add(_ links: [FeedLink]) {
    let list = links.map { link in
      JSONValue.object([
        .init("href", .string(link.address)), .init("rel", .string(link.relation)), .init("type", .string(link.type)),
      ])
    }
    if !list.isEmpty { append(.init("links", .array(list))) }
  }
}
