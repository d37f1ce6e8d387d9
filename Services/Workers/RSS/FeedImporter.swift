import JSON
import Model

/// Brings a feed to what its document says: entries that are missing are added, changed ones replaced, the rest is left.
///
/// What the feed holds is asked of the feed itself, by foreign id. So an entry keeps the time it was first given, which
/// for one without a date is the moment it was first seen less a minute for each entry before it (insight E7), and
/// importing a document again adds nothing.
struct FeedImporter: Sendable {
  struct Outcome: Equatable, Sendable {
    var added = 0
    var changed = 0
    var unchanged = 0
  }

  struct Stored: Sendable {
    var time: ActivityTime
    var activity: JSONValue
  }

  /// Activities of the feed that are looked through for those of the document.
  static let storedMax = 10_000

  let api: FeedAPI
  let now: @Sendable () -> ActivityTime
  var storedMax = FeedImporter.storedMax

  func run(_ document: FeedDocument, into feed: FeedID, followers: [FeedID]) async throws(RSSFailure) -> Outcome {
    let identities = EntryIdentity.foreignIDs(document.items, source: feed.id)
    let (stored, isWhole) = try await stored(in: feed, wanted: Set(identities))
    let seen = now()
    var outcome = Outcome()
    var pending: [JSONValue] = []
    var done: Set<String> = []
    for (place, (item, foreignID)) in zip(document.items, identities).enumerated() {
      guard done.insert(foreignID).inserted else { continue }
      let activity = SourceActivity(item, foreignID: foreignID, source: feed.id)
      if let known = stored[foreignID] {
        if activity.isSame(as: known.activity) {
          outcome.unchanged += 1
        } else {
          outcome.changed += 1
          pending.append(activity.json(at: known.time))
        }
        continue
      }
      guard item.time != nil || isWhole else {
        throw RSSFailure(
          "\(feed) holds more than \(storedMax) activities: entries without a date cannot be told from those it has")
      }
      let time = item.time.map(ActivityTime.init(microseconds:))
      outcome.added += 1
      pending.append(
        activity.json(at: time ?? ActivityTime(microseconds: seen.microseconds - Int64(place) * 60_000_000)))
    }
    for follower in followers { try await api.follow(follower, target: feed) }
    for start in stride(from: 0, to: pending.count, by: FeedAPI.batchMax) {
      try await api.add(Array(pending[start..<min(start + FeedAPI.batchMax, pending.count)]), to: feed)
    }
    return outcome
  }

  /// What the feed holds of the foreign ids wanted, and whether it was looked through as far as needed.
  private func stored(in feed: FeedID, wanted: Set<String>) async throws(RSSFailure) -> ([String: Stored], Bool) {
    var found: [String: Stored] = [:]
    var last: String?
    var count = 0
    while found.count < wanted.count {
      guard count < storedMax else { return (found, false) }
      let page = try await api.page(of: feed, before: last)
      for activity in page {
        guard let foreignID = activity["foreign_id"]?.string, wanted.contains(foreignID), found[foreignID] == nil else {
          continue
        }
        guard let time = activity["time"]?.string.flatMap({ ActivityTime($0) }) else {
          throw RSSFailure("an activity of \(feed) has no readable time")
        }
        found[foreignID] = Stored(time: time, activity: activity)
      }
      count += page.count
      guard page.count == FeedAPI.batchMax, let id = page.last?["id"]?.string else { break }
      last = id
    }
    return (found, true)
  }
}
