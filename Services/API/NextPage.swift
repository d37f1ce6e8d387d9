import Feeds
import HTTP
import Model

/// The member `next` of a page (feeds F13).
enum NextPage {
  /// Parameters that say where a page begins, or that are written anew.
  private static let replaced: Set<String> = [
    "api_key", "limit", "offset", "id_lt", "id_lte", "around", "authorization", "auth_type", "stream-auth-type",
  ]

  /// Empty when nothing remains. Otherwise a path that repeats the request's options and moves on: by `offset` if the page
  /// is ranked or the caller paged so, else by `id_lt`. A filtered read that stopped early goes on behind the last activity
  /// that it looked at.
  static func path(
    feed: FeedID, enriched: Bool = false, ending: PageFormat? = nil, page: PageRequest, result: FlatPage,
    query: RequestQuery, apiKey: String
  ) -> String {
    path(
      at: "\(enriched ? "enrich/" : "")feed/\(feed.group)/\(feed.id)\(ending.map { ".\($0.rawValue)" } ?? "")/",
      page: page, result: result, query: query, apiKey: apiKey)
  }

  /// The same for another endpoint that gives a feed's page.
  static func path(
    at endpoint: String, page: PageRequest, result: FlatPage, query: RequestQuery, apiKey: String
  ) -> String {
    let rest = Rest(
      last: result.hasMore ? result.stop?.after ?? result.items.last?.activity.id : nil, stop: result.stop,
      isRanked: result.items.first?.score != nil)
    return path(at: endpoint, page: page, rest, query: query, apiKey: apiKey)
  }

  /// The same for groups, whose ids `id_lt` names (feeds G6).
  static func path(
    feed: FeedID, enriched: Bool = false, ending: PageFormat? = nil, page: PageRequest, result: AggregatedPage,
    query: RequestQuery, apiKey: String
  ) -> String {
    path(
      at: "\(enriched ? "enrich/" : "")feed/\(feed.group)/\(feed.id)\(ending.map { ".\($0.rawValue)" } ?? "")/",
      page: page, Rest(last: result.hasMore ? result.groups.last?.id : nil), query: query, apiKey: apiKey)
  }

  /// What a page says of the next.
  private struct Rest {
    /// After what it begins; `nil` when nothing remains.
    var last: ActivityID?
    var stop: FlatPage.Stop?
    var isRanked = false
  }

  private static func path(
    at endpoint: String, page: PageRequest, _ rest: Rest, query: RequestQuery, apiKey: String
  ) -> String {
    guard let last = rest.last else { return "" }
    var out = "/api/v1.0/\(endpoint)?api_key=\(PercentEncoding.encode(apiKey))"
    func append(_ name: String, _ value: String) {
      out += "&\(PercentEncoding.encode(name))=\(PercentEncoding.encode(value))"
    }
    var offset = page.offset + page.limit
    let isByOffset = (page.offset > 0 || rest.isRanked) && rest.stop == nil
    if isByOffset {
      if let bound = page.idLessThan { append("id_lt", bound.description) }
      if let bound = page.idLessThanOrEqual { append("id_lte", bound.description) }
    } else {
      append("id_lt", last.description)
      offset = rest.stop?.offsetLeft ?? 0
    }
    append("limit", String(page.limit))
    if offset > 0 { append("offset", String(offset)) }
    for item in query.parameters.pairs where !replaced.contains(item.name) { append(item.name, item.value) }
    return out
  }
}
