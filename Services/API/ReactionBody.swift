import Feeds
import JSON
import Model

/// The members of a reaction's body that are read alike when it is added and when it is changed (feeds 2.9).
struct ReactionBody: Sendable {
  let node: JSONNode
  let groups: [String: FeedGroup]
  let limits: APILimits

  /// An empty list counts as an empty object (feeds C5).
  init(_ document: JSONDocument, _ context: RequestContext, _ limits: APILimits) throws(APIError) {
    node = document.root
    guard node.kind == .object || node.kind == .array && node.count == 0 else {
      throw .input("the body must be an object")
    }
    groups = context.app.groups
    self.limits = limits
  }

  /// A member that is a string; `nil` where it is absent, `null` or empty, as some clients send what they have not.
  func text(_ name: StaticString) throws(APIError) -> String? {
    guard let value = node[name], value.kind != .null else { return nil }
    guard let text = value.string else { throw FeedAPIHandler.fieldError("\(name)", "must be a string") }
    return text.isEmpty ? nil : text
  }

  /// A member that names an activity or a reaction.
  func id(_ name: StaticString) throws(APIError) -> ActivityID? {
    guard let text = try text(name) else { return nil }
    guard let id = ActivityID(text) else { throw FeedAPIHandler.fieldError("\(name)", "must be a UUID") }
    return id
  }

  /// A member that is a name of L23.
  func name(_ member: StaticString) throws(APIError) -> String? {
    guard let text = try text(member) else { return nil }
    guard FeedID.isName(text.utf8, bytesMax: EntityName.nameBytesMax) else {
      throw FeedAPIHandler.fieldError("\(member)", FeedAPIHandler.nameForm)
    }
    return text
  }

  /// `data` as sent: an object; `nil` where it is absent or `null`.
  func data() throws(APIError) -> [UInt8]? {
    try object("data").map { $0.count == 0 ? Array("{}".utf8) : Array($0.raw) }
  }

  private func object(_ name: StaticString) throws(APIError) -> JSONNode? {
    guard let value = node[name], value.kind != .null else { return nil }
    guard value.kind == .object || value.kind == .array && value.count == 0 else {
      throw FeedAPIHandler.fieldError("\(name)", "must be an object")
    }
    guard value.raw.count <= limits.entityDataBytesMax else {
      throw FeedAPIHandler.fieldError(
        "\(name)", "may have at most \(limits.entityDataBytesMax) bytes of JSON, this one has \(value.raw.count)")
    }
    return value
  }

  /// `target_feeds`: items are `slug:id` or `slug:id token`, the token is dropped (A12); `nil` where it is absent or `null`.
  func targetFeeds() throws(APIError) -> [FeedID]? {
    guard let value = node["target_feeds"], value.kind != .null else { return nil }
    guard value.kind == .array else {
      throw FeedAPIHandler.fieldError("target_feeds", "must be a list of feeds such as \"user:1\"")
    }
    guard value.count <= limits.reactionTargetsMax else {
      throw FeedAPIHandler.fieldError("target_feeds", "may have at most \(limits.reactionTargetsMax) feeds")
    }
    var feeds: [FeedID] = []
    for (index, item) in value.elements.enumerated() {
      let words = (item.string ?? "").split(separator: " ", omittingEmptySubsequences: false)
      guard (1...2).contains(words.count), let feed = FeedID(words[0]), words.count == 1 || !words[1].isEmpty else {
        throw FeedAPIHandler.fieldError(
          "target_feeds", "target_feeds[\(index)] must be a feed such as \"user:1\", or \"user:1 token\"")
      }
      guard groups[feed.group] != nil else {
        throw FeedAPIHandler.fieldError("target_feeds", "the feed group \(feed.group) does not exist")
      }
      if !feeds.contains(feed) { feeds.append(feed) }
    }
    return feeds
  }

  /// Members of `target_feeds_extra_data` as text to be put into the activity, each with a comma before it: what the activity
  /// has of itself, and reserved names, are left out (feeds F6, R8).
  func extraMembers() throws(APIError) -> [UInt8]? {
    guard let object = try object("target_feeds_extra_data") else { return nil }
    var out: [UInt8] = []
    for (name, value) in object.members {
      let text = name.string ?? ""
      if Self.ownMembers.contains(text) || ActivityInput.reservedNames.contains(text) { continue }
      out += [UInt8(ascii: ",")] + name.raw + [UInt8(ascii: ":")] + value.raw
    }
    return out
  }

  private static let ownMembers: Set<String> = [
    "actor", "verb", "object", "target", "foreign_id", "time", "to", "reaction",
  ]
}
