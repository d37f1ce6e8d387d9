import Auth
import Feeds
import JSON
import Model

extension FeedAPIHandler {
  /// `GET feed/{slug}/{id}/` and `GET enrich/feed/{slug}/{id}/` of an aggregated or notification feed (feeds 2.2, G, N).
  func readGroups(
    _ context: RequestContext, _ feed: FeedID, _ group: FeedGroup
  ) async throws(APIError) -> APIAnswer {
    let page = try pageRequest(context.query)
    try refuseWhatIsForFlatFeeds(context, group, page)
    let marks = GroupMarks(
      seen: try mark("mark_seen", context.query), read: try mark("mark_read", context.query))
    let options = context.route == .readEnrichedFeed ? try enrichmentOptions(context) : nil
    try context.authorize { identity throws(AuthError) in
      try Authorizer.check(identity, .read, feed: feed, group: group)
    }
    let result: AggregatedPage
    do {
      result = try await feeds.readGroups(
        feed, of: group, app: context.app.id, page: page, marks: mayMark(context, feed) ? marks : GroupMarks())
    } catch { throw failed(error, context) }
    if let options { return try await enriched(result, options, context, feed: feed, page: page) }
    let ending = PageFormat.split(context.parameters["id"] ?? "").format
    let format = ending ?? PageFormat.preferred(context.request.header("Accept"))
    let next = NextPage.path(
      feed: feed, ending: ending, page: page, result: result, query: context.query, apiKey: context.apiKey)
    let etag = PageTag.tag(of: result, next: next, format: format)
    if let known = context.request.header("If-None-Match"), PageTag.matches(known, etag) {
      return APIAnswer(status: 304, body: .none, etag: etag)
    }
    guard format != .json else {
      return APIAnswer(status: 200, open: PageWriter.open(result, next: next), etag: etag)
    }
    // Other formats know no groups: they list the newest activities of each.
    let flat = FlatPage(items: result.groups.flatMap(\.items), hasMore: result.hasMore)
    do {
      let document = try PageDocument(feed: feed, page: flat, next: next, origin: context.origin).bytes(as: format)
      return APIAnswer(status: 200, body: .document(document, contentType: format.contentType), etag: etag)
    } catch {
      logger.error("a stored activity is not valid JSON", [("feed", "\(feed)"), ("reason", "\(error)")])
      throw .failure("an activity of this page cannot be read")
    }
  }

  /// Parameters that would change a flat page and have no meaning for groups; a ranking must exist all the same (feeds K9).
  private func refuseWhatIsForFlatFeeds(
    _ context: RequestContext, _ group: FeedGroup, _ page: PageRequest
  ) throws(APIError) {
    if !page.filter.isEmpty { throw .input("filter, discard_actors and discard_deleted_activities are for flat feeds") }
    if page.around != nil { throw .input("around is for flat feeds") }
    if try ranking(context, group, page: page) != nil { throw .input("ranking is for flat feeds") }
  }

  /// Users mark their own feeds only, whatever they may read (feeds P3, N9); so does nobody without a token.
  private func mayMark(_ context: RequestContext, _ feed: FeedID) -> Bool {
    switch context.identity {
    case .server: true
    case .user(let user): feed.id == user
    case .anonymous: false
    }
  }

  /// A boolean, `current`, or ids of groups or activities; what names nothing is ignored (feeds N3, N6–N8).
  private func mark(_ name: String, _ query: RequestQuery) throws(APIError) -> GroupMarks.Mark {
    guard let values = query.list(name), !values.isEmpty else { return .nothing }
    guard values.count <= limits.marksMax else {
      throw .input("\(name) may name at most \(limits.marksMax) groups, this one names \(values.count)")
    }
    if values.count == 1 {
      switch values[0].lowercased() {
      case "true", "t", "1": return .all
      case "current": return .current
      default: break
      }
    }
    let ids = values.compactMap { ActivityID($0) }
    return ids.isEmpty ? .nothing : .named(ids)
  }
}
