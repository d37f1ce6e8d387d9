import Feeds

extension FeedAPIHandler {
  /// `discard_…` (feeds 2.2) and `filter` (ours).
  func activityFilter(_ query: RequestQuery) throws(APIError) -> ActivityFilter {
    var filter = ActivityFilter()
    if let text = try query.scalar("filter"), !text.isEmpty {
      do throws(ActivityFilter.Invalid) { filter = try ActivityFilter(parsing: text) } catch {
        throw Self.fieldError(error.path.isEmpty ? "filter" : "filter.\(error.path)", "filter \(error.message)")
      }
    }
    filter.discardedActors = try discardedActors(query)
    filter.discardsDeleted = query.boolean("discard_deleted_activities")
    return filter
  }

  /// A list with commas, or one text that `discard_actors_sep` splits.
  private func discardedActors(_ query: RequestQuery) throws(APIError) -> Set<String> {
    let actors: [String]
    if let separator = try query.scalar("discard_actors_sep"), !separator.isEmpty {
      guard separator.unicodeScalars.count <= 16 else { throw .input("discard_actors_sep has at most 16 characters") }
      actors = (try query.scalar("discard_actors") ?? "").split(separator: separator).map(String.init)
    } else {
      actors = query.list("discard_actors") ?? []
    }
    guard actors.count <= limits.discardActorsMax else {
      throw .input("discard_actors may name at most \(limits.discardActorsMax) actors, this names \(actors.count)")
    }
    return Set(actors)
  }
}
