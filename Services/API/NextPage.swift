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
  /// is ranked or the caller paged so, else by `id_lt`, which names an activity, or a group of groups (feeds G6). A filtered read
  /// that stopped early goes on behind the last one that it looked at.
  static func path(
    feed: FeedID, enriched: Bool = false, ending: PageFormat? = nil, page: PageRequest, result: FeedPage,
    query: RequestQuery, apiKey: String
  ) -> String {
    path(
      at: "\(enriched ? "enrich/" : "")feed/\(feed.group)/\(feed.id)\(ending.map { ".\($0.rawValue)" } ?? "")/",
      page: page, result: result, query: query, apiKey: apiKey)
  }

  /// The same for another endpoint that gives a feed's page.
  static func path(
    at endpoint: String, page: PageRequest, result: FeedPage, query: RequestQuery, apiKey: String
  ) -> String {
    guard let last = result.last else { return "" }
    var out = "/api/v1.0/\(endpoint)?api_key=\(PercentEncoding.encode(apiKey))"
    func append(_ name: String, _ value: String) {
      out += "&\(PercentEncoding.encode(name))=\(PercentEncoding.encode(value))"
    }
    var offset = page.offset + page.limit
    let isByOffset = (page.offset > 0 || result.isRanked) && result.stop == nil
    if isByOffset {
      if let bound = page.idLessThan { append("id_lt", bound.description) }
      if let bound = page.idLessThanOrEqual { append("id_lte", bound.description) }
    } else {
      append("id_lt", last.description)
      offset = result.stop?.offsetLeft ?? 0
    }
    append("limit", String(page.limit))
    if offset > 0 { append("offset", String(offset)) }
    for item in query.parameters.pairs where !replaced.contains(item.name) { append(item.name, item.value) }
    return out
  }
}
