import Auth
import Feeds
import JSON
import Model

extension FeedAPIHandler {
  private static let personalizedGroupDefault = "timeline"

  /// `GET enrich/personalization/feed/`, and without `enrich/` (feeds 2.18; insight P25, P26).
  ///
  /// There is no model yet, so that the answer is the user's own feed as it is, in every app: the service that personalizes
  /// is asked here as soon as it serves.
  func readPersonalizedFeed(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let user = try personalizedUser(context)
    if let endpoint = try context.query.scalar("endpoint"), !endpoint.isEmpty,
      !context.app.personalizationResources.contains(endpoint)
    {
      throw APIError(
        status: 404, code: 16, exception: "DoesNotExistException",
        detail: "the app has no personalization endpoint \(endpoint)")
    }
    let slug = try context.query.scalar("feed_slug") ?? Self.personalizedGroupDefault
    guard let feed = FeedID(group: slug, id: user) else {
      throw .input(
        "feed_slug and user_id consist of letters, digits, - and _, at most \(FeedID.groupBytesMax) and "
          + "\(FeedID.idBytesMax) of them")
    }
    guard let group = context.app.groups[slug], group.kind == .flat else {
      throw .input("feed_slug must name a flat feed group, \(slug) is none")
    }
    let page = try pageRequest(context.query)
    let ranked = try ranking(context, group, page: page)
    let isEnriched = context.route == .readEnrichedPersonalizedFeed
    let options = isEnriched ? try enrichmentOptions(context) : nil
    let result = try await read(feed, page, ranked, context)
    var writer = JSONWriter()
    if let options {
      writer.bytes = Self.results(try await enriched(result.items, options, context))
    } else {
      writer.splice(#"{"results":["#)
      for (index, item) in result.items.enumerated() {
        if index > 0 { writer.splice(",") }
        PageWriter.write(item.activity, origin: item.origin, to: &writer)
      }
      writer.splice("]")
    }
    writer.splice(#","limit":"#)
    writer.integer(page.limit)
    writer.splice(#","offset":"#)
    writer.integer(page.offset)
    writer.splice(#","version":"1","next":"#)
    writer.string(
      NextPage.path(
        at: (isEnriched ? "enrich/" : "") + "personalization/feed/", page: page, result: .flat(result),
        query: context.query,
        apiKey: context.apiKey))
    let etag = PageTag.tag(of: writer.bytes)
    if let known = context.request.header("If-None-Match"), PageTag.matches(known, etag) {
      return APIAnswer(status: 304, body: .none, etag: etag)
    }
    return APIAnswer(status: 200, open: writer.bytes, etag: etag)
  }

  /// Whose feed it is: a user's own (P26), or the one that a server names.
  private func personalizedUser(_ context: RequestContext) throws(APIError) -> String {
    let named = try context.query.scalar("user_id") ?? ""
    switch context.identity {
    case .user(let own):
      // No rule lets a user read as somebody else (P26).
      if !named.isEmpty, named != own { throw APIError(AuthError.notPermitted) }
      try context.authorize(owner: .user(own))
      return own
    case .server(_, let onBehalfOf):
      guard let user = named.isEmpty ? onBehalfOf : named else {
        throw .missingUser("name the user whose feed is read: user_id")
      }
      return user
    case .anonymous:
      try context.authorize(Authorizer.checkHasToken)
      throw .missingUser("name the user whose feed is read: user_id")
    }
  }
}
