import Auth
import Feeds
import JSON
import Model

extension FeedAPIHandler {
  /// `DELETE feed/{slug}/{id}/{activity_id}/`, or with `foreign_id=1` of every activity with that foreign id (feeds 2.4).
  func remove(
    _ context: RequestContext
  ) async throws(APIError) -> APIAnswer {
    let (feed, group) = try context.feed()
    let name = context.parameters["activity"] ?? ""
    let isForeignID = context.query.boolean("foreign_id")
    let id = isForeignID ? nil : ActivityID(name)
    guard isForeignID || id != nil else {
      throw .input("the activity id in the path is not a UUID; add foreign_id=1 to remove by foreign id")
    }
    try context.authorize { identity throws(AuthError) in
      try Authorizer.check(identity, .remove, feed: feed, group: group)
    }
    do {
      if let id {
        try await feeds.remove(id, from: feed, context.change)
      } else {
        try await feeds.remove(foreignID: name, from: feed, context.change)
      }
    } catch { throw failed(error, context) }
    var writer = JSONWriter()
    writer.splice(#"{"removed":"#)
    writer.string(name)
    return APIAnswer(status: 200, open: writer.bytes)
  }
}
