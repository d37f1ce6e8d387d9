import Auth
import Feeds
import JSON
import KeevoClient
import Model

extension FeedAPIHandler {
  /// `GET feed/{slug}/{id}/` and `GET enrich/feed/{slug}/{id}/` (feeds 2.2).
  func readFeed(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let answer = try await feedPage(context)
    guard let etag = answer.etag, let known = context.request.header("If-None-Match"), PageTag.matches(known, etag)
    else { return answer }
    return APIAnswer(status: 304, body: .none, etag: etag)
  }

  /// A page as it was given before, if it still stands, else made anew.
  private func feedPage(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    guard let answers, let key = AnswerMemory.key(context) else { return try await makeFeedPage(context).answer }
    let since: [UInt64]
    do throws(StoreError) {
      switch try await answers.find(key) {
      case .stands(let answer): return answer
      case .missing(let moments): since = moments
      }
    } catch { throw failed(.store(error), context) }
    let recorder = ReadRecorder()
    let outcome = await ReadRecorder.$current.withValue(recorder) { () -> Result<MadePage, APIError> in
      do throws(APIError) { return .success(try await makeFeedPage(context)) } catch { return .failure(error) }
    }
    let made = try outcome.get()
    if made.isLasting, let places = recorder.places, !places.isEmpty {
      answers.keep(key, made.answer, places: places, since: since)
    }
    return made.answer
  }

  private struct MadePage: Sendable {
    var answer: APIAnswer
    /// Whether it is the same for as long as what was read is: no score, which goes by the clock, and nothing was marked.
    var isLasting: Bool
  }

  private func makeFeedPage(_ context: RequestContext) async throws(APIError) -> MadePage {
    let (feed, group) = try context.feed()
    let page = try pageRequest(context.query)
    let options = context.route == .readEnrichedFeed ? try enrichmentOptions(context) : nil
    let ranked = try ranking(context, group, page: page)
    // On feeds of other types marks are ignored, of whatever form they are (feeds N8).
    let marks = group.kind == .flat ? GroupMarks() : try self.marks(context.query)
    try context.authorize { identity throws(AuthError) in
      try Authorizer.check(identity, .read, feed: feed, group: group)
    }
    let result: FeedPage =
      group.kind == .flat
      ? .flat(try await read(feed, page, ranked, context))
      : .groups(try await read(feed, group, page, ranked, marks, context))
    let answer =
      if let options {
        try await enriched(result, options, context, feed: feed, page: page)
      } else {
        try shown(result, context, feed: feed, page: page)
      }
    return MadePage(answer: answer, isLasting: ranked == nil && marks == GroupMarks())
  }

  /// A page as stored, in the format asked for.
  private func shown(
    _ result: FeedPage, _ context: RequestContext, feed: FeedID, page: PageRequest
  ) throws(APIError) -> APIAnswer {
    let ending = PageFormat.split(context.parameters["id"] ?? "").format
    let format = ending ?? PageFormat.preferred(context.request.header("Accept"))
    let next = NextPage.path(
      feed: feed, ending: ending, page: page, result: result, query: context.query, apiKey: context.apiKey)
    let etag = result.tag(next: next, format: format)
    guard format != .json else { return APIAnswer(status: 200, open: result.open(next: next), etag: etag) }
    // Other formats know no groups: they list the newest activities of each.
    let flat = FlatPage(items: result.items, hasMore: result.hasMore)
    do {
      let document = try PageDocument(feed: feed, page: flat, next: next, origin: context.origin).bytes(as: format)
      return APIAnswer(status: 200, body: .document(document, contentType: format.contentType), etag: etag)
    } catch {
      logger.error("a stored activity is not valid JSON", [("feed", "\(feed)"), ("reason", "\(error)")])
      throw .failure("an activity of this page cannot be read")
    }
  }

  /// A flat page, by time or by score.
  func read(
    _ feed: FeedID, _ page: PageRequest, _ ranked: RankedRequest?, _ context: RequestContext
  ) async throws(APIError) -> FlatPage {
    do {
      guard let ranked else { return try await feeds.readFlat(feed, app: context.app.id, page: page) }
      return try await feeds.readRanked(feed, app: context.app.id, request: ranked)
    } catch { throw failed(error, context) }
  }

  /// Bounds and sizes of a page (feeds L2, L3, T1).
  func pageRequest(_ query: RequestQuery) throws(APIError) -> PageRequest {
    let offset = try query.integer("offset", default: 0)
    guard offset <= limits.offsetMax else {
      throw .input("offset must be at most \(limits.offsetMax): page by id_lt instead")
    }
    var page = PageRequest(
      limit: min(try query.integer("limit", default: limits.pageDefault), limits.pageMax), offset: offset,
      idLessThan: try bound("id_lt", query), idLessThanOrEqual: try bound("id_lte", query),
      idGreaterThan: try bound("id_gt", query), idGreaterThanOrEqual: try bound("id_gte", query))
    page.filter = try activityFilter(query)
    page.around = try bound("around", query)
    if page.around != nil, offset > 0 { throw .input("around and offset do not go together") }
    return page
  }

  private func bound(_ name: String, _ query: RequestQuery) throws(APIError) -> ActivityID? {
    guard let text = try query.scalar(name) else { return nil }
    guard let id = ActivityID(text) else { throw .input("\(name) must be an id as the feed gave it (a UUID)") }
    return id
  }

  /// A failure of the feed domain as an answer, with its cause in the log.
  func failed(_ error: FeedError, _ context: RequestContext) -> APIError {
    var answer = APIError(error)
    switch error {
    case .store(.deadlineExceeded), .store(.unknown):
      if !context.route.writes { answer = .unavailable("the store did not answer in time, try again") }
    default: break
    }
    if answer.status >= 500 {
      logger.error(
        "feeds failed", [("app", "\(context.app.id)"), ("path", context.request.path), ("reason", "\(error)")])
    }
    return answer
  }
}
