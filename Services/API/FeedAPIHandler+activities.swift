import Auth
import Feeds
import JSON
import Model

extension FeedAPIHandler {
  /// `GET activities/` and `GET enrich/activities/`: by `ids`, or by `foreign_ids` and `timestamps` (feeds 2.8).
  func readActivities(_ context: RequestContext) async throws(APIError) -> APIAnswer {
    let asked = try requestedIDs(context.query)
    let options = context.route == .readEnrichedActivities ? try enrichmentOptions(context) : nil
    try context.authorize(owner: .none)
    var seen: Set<ActivityID> = []
    let ids = asked.filter { seen.insert($0).inserted }
    let found: [StoredActivity?]
    do { found = try await feeds.activities(ids, app: context.app.id) } catch { throw failed(error, context) }
    if let options {
      let items = found.compactMap { $0.map { FeedItem(activity: $0, origin: nil) } }
      return APIAnswer(status: 200, open: Self.results(try await enriched(items, options, context)))
    }
    var writer = JSONWriter(reserving: 64 + ids.count * 512)
    writer.splice(#"{"results":["#)
    var isFirst = true
    for activity in found {
      guard let activity else { continue }
      if !isFirst { writer.splice(",") }
      isFirst = false
      PageWriter.write(activity, origin: nil, to: &writer)
    }
    writer.splice("]")
    return APIAnswer(status: 200, open: writer.bytes)
  }

  private func requestedIDs(_ query: RequestQuery) throws(APIError) -> [ActivityID] {
    let ids = query.list("ids")
    let foreignIDs = query.list("foreign_ids")
    let timestamps = query.list("timestamps")
    switch (ids, foreignIDs, timestamps) {
    case (let ids?, nil, nil):
      try checkCount(ids.count)
      return try ids.map { text throws(APIError) in
        guard let id = ActivityID(text) else { throw .input("ids must be activity ids (UUIDs), \(text) is not") }
        return id
      }
    case (nil, let foreignIDs?, let timestamps?):
      guard foreignIDs.count == timestamps.count else {
        throw .input("foreign_ids and timestamps must be equally long, not \(foreignIDs.count) and \(timestamps.count)")
      }
      try checkCount(foreignIDs.count)
      return try zip(foreignIDs, timestamps).map { foreignID, timestamp throws(APIError) in
        guard let time = ActivityTime(timestamp) else {
          throw .input("timestamps must be ISO 8601 date-times, \(timestamp) is not")
        }
        // The id is a function of both (feeds T2).
        return ActivityID(foreignID: foreignID, time: time)
      }
    default: throw .input("give either ids, or foreign_ids and timestamps")
    }
  }

  private func checkCount(_ count: Int) throws(APIError) {
    guard count <= limits.activitiesByIDMax else {
      throw .input("a request may ask for at most \(limits.activitiesByIDMax) activities, this one asks for \(count)")
    }
  }
}
