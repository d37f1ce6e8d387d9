import Auth
import Feeds
import JSON
import Model

extension FeedAPIHandler {
  /// `GET stats/follow/` (feeds 2.14, S1): open to every token, of any feed (P12). Unknown groups count 0.
  func followStats(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    func feed(_ name: String) throws(APIError) -> FeedID? {
      guard let text = try context.query.scalar(name), !text.isEmpty else { return nil }
      guard let feed = FeedID(text) else { throw .input("\(name) must be a feed such as user:1, \(text) is not") }
      return feed
    }
    func groups(_ name: String) -> [String]? {
      let list = context.query.list(name) ?? []
      return list.isEmpty ? nil : list
    }
    let (followed, following) = (try feed("followers"), try feed("following"))
    guard followed != nil || following != nil else { throw .input("name a feed in followers, following, or both") }
    let (followersGroups, followingGroups) = (groups("followers_slugs"), groups("following_slugs"))
    guard (followersGroups?.count ?? 0) + (followingGroups?.count ?? 0) <= limits.slugsMax else {
      throw .input("a request may name at most \(limits.slugsMax) feed groups")
    }
    try context.authorize(owner: .none)
    var results: [(name: String, feed: FeedID, count: Int)] = []
    do {
      if let followed {
        let count = try await feeds.followerCount(of: followed, from: followersGroups, app: context.app.id)
        results.append(("followers", followed, count))
      }
      if let following {
        let count = try await feeds.followingCount(of: following, in: followingGroups, app: context.app.id)
        results.append(("following", following, count))
      }
    } catch { throw failed(error, context) }
    var writer = JSONWriter(reserving: 160)
    writer.splice(#"{"results":{"#)
    for (index, result) in results.enumerated() {
      if index > 0 { writer.splice(",") }
      writer.string(result.name)
      writer.splice(#":{"feed":"#)
      writer.string(result.feed.description)
      writer.splice(#","count":"#)
      writer.integer(result.count)
      writer.splice("}")
    }
    writer.splice("}")
    return APIAnswer(status: 200, open: writer.bytes)
  }

  /// `test/auth/digest/`, any method: says whether an HTTP signature is right (feeds A11).
  func checkDigest(_ context: RequestContext) throws(APIError) -> APIAnswer {
    guard context.request.header("Authorization").map(HTTPSignature.isOne) == true else {
      throw APIError(AuthError.token("this endpoint wants an HTTP signature"))
    }
    return .empty(status: APIAction(context.request.method) == .write ? 201 : 200)
  }
}
