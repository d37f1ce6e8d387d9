import JSON
import Model

/// One line of an export: an instruction with its data.
///
/// The format is that of Stream's import files of v2, as far as stored copies of its page "Importing Data" tell: an object with
/// `instruction`, `data` (a list) and, for `add_activities` and `follow`, `feedId`; these two, `reactions`, `users` and
/// `collections` are all instructions. What their items hold, but for the first two, is not in those copies: it is taken to be
/// what the API's own bodies hold.
enum ExportLine {
  /// What is wrong with a line, one entry a thing.
  struct Problems: Error, Equatable, Sendable { var reasons: [String] }

  /// The items of a line; none for a blank one.
  static func items(_ line: [UInt8]) throws(Problems) -> [ExportItem] {
    if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { return [] }
    let document: JSONDocument
    do { document = try JSONDocument(line, limits: JSONLimits(membersMax: 1_000_000)) } catch {
      throw Problems(reasons: ["not valid JSON, at byte \(error.offset): \(error.reason.rawValue)"])
    }
    let root = document.root
    if root.kind == .object, root["instruction"] == nil, root["type"] != nil {
      throw Problems(reasons: ["the line is of Feeds v3's format (type, data): only v2's (instruction, data) is read"])
    }
    guard root.kind == .object, let instruction = root["instruction"]?.string else {
      throw Problems(reasons: ["a line is an object with the member instruction"])
    }
    guard let data = root["data"], data.kind == .array else { throw Problems(reasons: ["data must be a list"]) }
    let read: (JSONNode) throws(Problem) -> ExportItem
    switch instruction {
    case "add_activities":
      let feed = try feed(root)
      read = { node throws(Problem) in try activity(node, feed) }
    case "follow":
      let source = try feed(root)
      let limit = root["activity_copy_limit"]?.integer
      read = { node throws(Problem) in try follow(node, source, limit) }
    case "users": read = user
    case "collections": read = object
    case "reactions": read = reaction
    default:
      throw Problems(reasons: [
        "the instruction \(instruction) is not known: add_activities, follow, users, collections, reactions"
      ])
    }
    var items: [ExportItem] = []
    var reasons: [String] = []
    for (index, node) in data.elements.enumerated() {
      do throws(Problem) { items.append(try read(node)) } catch { reasons.append("data[\(index)]: \(error.reason)") }
    }
    guard reasons.isEmpty else { throw Problems(reasons: reasons) }
    return items
  }

  private struct Problem: Error { var reason: String }

  private static func feed(_ root: JSONNode) throws(Problems) -> FeedID {
    guard let text = (root["feedId"] ?? root["feed_id"])?.string, let feed = FeedID(text) else {
      throw Problems(reasons: ["feedId must be a feed such as user:1"])
    }
    return feed
  }

  // MARK: Items

  private static func activity(_ node: JSONNode, _ feed: FeedID) throws(Problem) -> ExportItem {
    let input: ActivityInput
    do { input = try ActivityInput(json: node, feed: feed) } catch {
      throw Problem(reason: error.refusal ?? error.fields.map { "\($0.path) \($0.message)" }.joined(separator: ", "))
    }
    guard let time = input.time else {
      throw Problem(reason: "time is missing: a repeated import would add it twice")
    }
    return .activity(
      json: Array(node.raw), feed: feed, former: node["id"]?.string.flatMap { ActivityID($0) }, id: input.id(at: time))
  }

  private static func follow(_ node: JSONNode, _ source: FeedID, _ limit: Int?) throws(Problem) -> ExportItem {
    guard let text = node.string ?? node["target"]?.string, let target = FeedID(text) else {
      throw Problem(reason: "must be a feed such as user:1")
    }
    return .follow(source: source, target: target, copyLimit: node["activity_copy_limit"]?.integer ?? limit)
  }

  private static func name(_ node: JSONNode?, _ member: String) throws(Problem) -> String {
    guard let text = node?.string ?? node?.numberText, FeedID.isName(text.utf8, bytesMax: FeedID.idBytesMax) else {
      throw Problem(reason: "\(member) must consist of letters, digits, - and _")
    }
    return text
  }

  /// The member `data`; where there is none, what else the item has.
  private static func data(_ node: JSONNode, without names: Set<String>) throws(Problem) -> [UInt8] {
    if let data = node["data"] {
      if data.kind == .null || data.kind == .array && data.count == 0 { return Array("{}".utf8) }
      guard data.kind == .object else { throw Problem(reason: "data must be an object") }
      return Array(data.raw)
    }
    var out: [UInt8] = []
    for (name, value) in node.members where !names.contains(name.string ?? "") {
      out.append(UInt8(ascii: out.isEmpty ? "{" : ","))
      out += name.raw
      out.append(UInt8(ascii: ":"))
      out += value.raw
    }
    return out.isEmpty ? Array("{}".utf8) : out + [UInt8(ascii: "}")]
  }

  private static func user(_ node: JSONNode) throws(Problem) -> ExportItem {
    guard node.kind == .object else { throw Problem(reason: "must be an object") }
    return .user(
      id: try name(node["id"], "id"), data: try data(node, without: ["id", "created_at", "updated_at", "duration"]))
  }

  private static func object(_ node: JSONNode) throws(Problem) -> ExportItem {
    guard node.kind == .object else { throw Problem(reason: "must be an object") }
    let collection = try name(node["collection"] ?? node["collection_name"], "collection")
    let data = try data(
      node,
      without: ["id", "collection", "collection_name", "foreign_id", "user_id", "created_at", "updated_at"])
    guard data.count > 2 else { throw Problem(reason: "data must have at least one member") }
    var user: String?
    if let owner = node["user_id"], owner.kind != .null { user = try name(owner, "user_id") }
    return .object(collection: collection, id: try name(node["id"], "id"), data: data, user: user)
  }

  private static func reaction(_ node: JSONNode) throws(Problem) -> ExportItem {
    guard node.kind == .object else { throw Problem(reason: "must be an object") }
    var activity = node["activity_id"]?.string.flatMap { ActivityID($0) }
    if activity == nil, let foreignID = node["foreign_id"]?.string,
      let time = node["time"]?.string.flatMap({ ActivityTime($0) })
    {
      let low = 0x8000_0000_0000_0000 | ActivityInput.idLowBits(ofForeignID: foreignID)
      activity = ActivityID(ticks: time.ticks, low: low)
    }
    let parent = node["parent"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    guard activity != nil || parent != nil else {
      throw Problem(reason: "names no activity: activity_id (a UUID), foreign_id and time, or parent")
    }
    var others: [(name: String, json: [UInt8])] = []
    for (name, value) in node.members where value.kind != .null {
      let text = name.string ?? ""
      if ["data", "target_feeds", "target_feeds_extra_data"].contains(text) { others.append((text, Array(value.raw))) }
    }
    return .reaction(
      ExportReaction(
        id: try reactionID(node), kind: try name(node["kind"], "kind"), activity: parent == nil ? activity : nil,
        parent: parent, user: try name(node["user_id"], "user_id"), others: others))
  }

  /// Its own id, or one made of the time it was created, so that it sorts where it did (feeds T9).
  private static func reactionID(_ node: JSONNode) throws(Problem) -> ActivityID {
    if let id = node["id"], id.kind != .null {
      guard let id = id.string.flatMap({ ActivityID($0) }) else { throw Problem(reason: "id must be a UUID") }
      return id
    }
    guard let time = node["created_at"]?.string.flatMap({ ActivityTime($0) }) else {
      throw Problem(reason: "has neither id nor created_at: a repeated import would add it twice")
    }
    let low = 0x8000_0000_0000_0000 | ActivityInput.idLowBits(ofContent: Array(node.raw))
    return ActivityID(ticks: time.ticks, low: low)
  }
}
