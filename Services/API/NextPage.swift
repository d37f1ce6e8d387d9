import Feeds
import HTTP
import Model

/// The member `next` of a page (feeds F13).
enum NextPage {
  /// Parameters that say where a page begins, or that are written anew.
  private static let replaced: Set<String> = [
    "api_key", "limit", "offset", "id_lt", "id_lte", "authorization", "auth_type", "stream-auth-type",
  ]

  /// Empty when nothing remains. Otherwise a path that repeats the request's options and moves on: by `offset` if the
  /// caller paged so, else by `id_lt`.
  static func path(
    feed: FeedID, enriched: Bool = false, ending: PageFormat? = nil, page: PageRequest, result: FlatPage,
    query: RequestQuery, apiKey: String
  ) -> String {
    guard result.hasMore, let last = result.items.last else { return "" }
    var out =
      "/api/v1.0/\(enriched ? "enrich/" : "")feed/\(feed.group)/\(feed.id)\(ending.map { ".\($0.rawValue)" } ?? "")/?api_key=\(PercentEncoding.encode(apiKey))"
    func append(_ name: String, _ value: String) {
      out += "&\(PercentEncoding.encode(name))=\(PercentEncoding.encode(value))"
    }
    if page.offset > 0 {
      if let bound = page.idLessThan { append("id_lt", bound.description) }
      if let bound = page.idLessThanOrEqual { append("id_lte", bound.description) }
    } else {
      append("id_lt", last.activity.id.description)
    }
    append("limit", String(page.limit))
    if page.offset > 0 { append("offset", String(page.offset + page.limit)) }
    for item in query.parameters.pairs where !replaced.contains(item.name) { append(item.name, item.value) }
    return out
  }
}
