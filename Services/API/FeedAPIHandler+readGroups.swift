import Auth
import Feeds
import Model

extension FeedAPIHandler {
  /// A page of an aggregated or notification feed, by time or by score (feeds G, N, K10).
  func read(
    _ feed: FeedID, _ group: FeedGroup, _ page: PageRequest, _ ranked: RankedRequest?, _ marks: GroupMarks,
    _ context: RequestContext
  ) async throws(APIError) -> AggregatedPage {
    do {
      return try await feeds.readGroups(
        feed, of: group, app: context.app.id, page: page, ranked: ranked,
        marks: mayMark(context, feed) ? marks : GroupMarks())
    } catch { throw failed(error, context) }
  }

  /// `mark_seen` and `mark_read` (feeds N3).
  func marks(_ query: RequestQuery) throws(APIError) -> GroupMarks {
    GroupMarks(seen: try mark("mark_seen", query), read: try mark("mark_read", query))
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
