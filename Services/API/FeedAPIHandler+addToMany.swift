import Auth
import Feeds
import JSON
import Model

extension FeedAPIHandler {
  /// `POST feed/add_to_many/` (feeds 2.7, F20, L9).
  func addToMany(_ context: RequestContext, _ document: JSONDocument) async throws(APIError) -> APIAnswer {
    guard document.root.kind == .object, let node = document.root["activity"], node.kind == .object else {
      throw Self.fieldError("activity", "must be an activity")
    }
    guard let list = document.root["feeds"], list.kind == .array, list.count > 0 else {
      throw Self.fieldError("feeds", "must be a list of feeds such as \"user:1\", and not empty")
    }
    guard list.count <= limits.addToManyMax else {
      throw .input("a request may name at most \(limits.addToManyMax) feeds, this one names \(list.count)")
    }
    var input = try activity(node, context, nil)
    guard input.to.isEmpty else { throw Self.fieldError("to", "add_to_many takes no targets: name all feeds in feeds") }
    let feeds = try self.feeds("feeds", list, context)
    try context.authorize { identity throws(AuthError) in try Authorizer.checkIsServer(identity) }
    if input.time == nil { input.time = context.times?.first }
    do {
      try await self.feeds.addToMany(input, feeds: feeds, context.change)
    } catch { throw failed(error, context) }
    return .empty(status: 201)
  }

  /// Feeds in a body, `slug:id` or `slug:id token`, without repetitions; their groups must exist (feeds F3, F8).
  func feeds(_ field: String, _ list: JSONNode, _ context: RequestContext) throws(APIError) -> [FeedID] {
    guard list.kind == .array else { throw Self.fieldError(field, "must be a list of feeds such as \"user:1\"") }
    var seen: Set<FeedID> = []
    var feeds: [FeedID] = []
    for (index, item) in list.elements.enumerated() {
      guard let feed = FeedID(target: item) else {
        throw Self.fieldError(field, "\(field)[\(index)] must be a feed such as \"user:1\"")
      }
      guard context.app.groups[feed.group] != nil else {
        throw Self.fieldError(field, "the feed group \(feed.group) does not exist")
      }
      if seen.insert(feed).inserted { feeds.append(feed) }
    }
    return feeds
  }
}
