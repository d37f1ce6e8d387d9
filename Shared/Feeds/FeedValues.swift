import JSON
import KeevoClient
import Model

/// An activity as stored: JSON bytes ready to be spliced into an answer.
///
/// `body` is the whole object without the value of `origin`: `body[..<originOffset]` ends with `"origin":`, then comes
/// `null` or the quoted feed, then `body[originOffset...]`, which ends with `}` (feeds F7: members in the order `id`, `actor`, `verb`,
/// `object`, `target`, `foreign_id`, `time`, `origin`, `to`, then the custom ones in the order sent).
public struct StoredActivity: Hashable, Sendable {
  public var id: ActivityID
  public var version: Stamp
  public var body: [UInt8]
  public var originOffset: Int
  public init(id: ActivityID, version: Stamp, body: [UInt8], originOffset: Int) {
    self.id = id
    self.version = version
    self.body = body
    self.originOffset = originOffset
  }
}

extension StoredActivity {
  /// The user who acts, without `SU:`; empty if the body cannot be read.
  public var actorID: String {
    let text = body[..<originOffset] + Array("null".utf8) + body[originOffset...]
    let actor = (try? JSONValue(parsing: Array(text)))?["actor"]?.string ?? ""
    return ActorIndex.name(actor)
  }
}

/// An activity on a page: `origin` is `nil` for the feed's own (feeds F9, F11).
public struct FeedItem: Hashable, Sendable {
  public var activity: StoredActivity
  public var origin: FeedID?
  /// Of a ranked read, whose `activity.body` holds it too.
  public var score: Double?
  public init(activity: StoredActivity, origin: FeedID?, score: Double? = nil) {
    self.activity = activity
    self.origin = origin
    self.score = score
  }
}

/// Which part of a flat feed is read (feeds F12, F13): newest first, filtered by bounds, then `offset`, then `limit`.
public struct PageRequest: Hashable, Sendable {
  public var limit: Int
  public var offset: Int
  public var idLessThan: ActivityID?
  public var idLessThanOrEqual: ActivityID?
  public var idGreaterThan: ActivityID?
  public var idGreaterThanOrEqual: ActivityID?
  /// The page is opened at this activity: half of it is newer, the rest is this one and older ones. `offset` has no
  /// meaning then.
  public var around: ActivityID?
  /// Which activities are kept; `offset` and `limit` count these.
  public var filter = ActivityFilter()
  public init(
    limit: Int = 25, offset: Int = 0, idLessThan: ActivityID? = nil, idLessThanOrEqual: ActivityID? = nil,
    idGreaterThan: ActivityID? = nil, idGreaterThanOrEqual: ActivityID? = nil
  ) {
    self.limit = limit
    self.offset = offset
    self.idLessThan = idLessThan
    self.idLessThanOrEqual = idLessThanOrEqual
    self.idGreaterThan = idGreaterThan
    self.idGreaterThanOrEqual = idGreaterThanOrEqual
  }
}

extension PageRequest {
  /// Whether an id is inside the bounds, which compare without version bits (feeds T1).
  func admits(_ id: ActivityID) -> Bool {
    func isBefore(_ a: ActivityID, _ b: ActivityID) -> Bool { (a.ticks, a.low) < (b.ticks, b.low) }
    if let bound = idLessThan, !isBefore(id, bound) { return false }
    if let bound = idLessThanOrEqual, isBefore(bound, id) { return false }
    if let bound = idGreaterThan, !isBefore(bound, id) { return false }
    if let bound = idGreaterThanOrEqual, isBefore(id, bound) { return false }
    return true
  }
}

public struct FlatPage: Hashable, Sendable {
  public var items: [FeedItem]
  /// Whether anything remains after the last item.
  public var hasMore: Bool
  /// Where a filtered read stopped looking before its page was full.
  public var stop: Stop?

  /// The last activity that was looked at, and how much of the offset was not yet skipped.
  public struct Stop: Hashable, Sendable {
    public var after: ActivityID
    public var offsetLeft: Int
    public init(after: ActivityID, offsetLeft: Int) {
      self.after = after
      self.offsetLeft = offsetLeft
    }
  }

  public init(items: [FeedItem], hasMore: Bool, stop: Stop? = nil) {
    self.items = items
    self.hasMore = hasMore
    self.stop = stop
  }
}

public struct FollowRequest: Hashable, Sendable {
  public var source: FeedID
  public var target: FeedID
  /// 0…1,000 (feeds W2).
  public var activityCopyLimit: Int
  public init(source: FeedID, target: FeedID, activityCopyLimit: Int = 100) {
    self.source = source
    self.target = target
    self.activityCopyLimit = activityCopyLimit
  }
}

public struct UnfollowRequest: Hashable, Sendable {
  public var source: FeedID
  public var target: FeedID
  public var keepHistory: Bool
  public init(source: FeedID, target: FeedID, keepHistory: Bool = false) {
    self.source = source
    self.target = target
    self.keepHistory = keepHistory
  }
}

/// A row of `following` or `followers`.
public struct FollowRelation: Hashable, Sendable {
  public var source: FeedID
  public var target: FeedID
  public var createdAt: ActivityTime
  public var updatedAt: ActivityTime
  public init(source: FeedID, target: FeedID, createdAt: ActivityTime, updatedAt: ActivityTime) {
    self.source = source
    self.target = target
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }
}

/// Which follows are listed: `filter` first, then `offset`, then `limit` (feeds W8).
public struct FollowListRequest: Hashable, Sendable {
  public var limit: Int
  public var offset: Int
  /// Feeds to keep; empty keeps all.
  public var filter: [FeedID]
  public init(limit: Int = 25, offset: Int = 0, filter: [FeedID] = []) {
    self.limit = limit
    self.offset = offset
    self.filter = filter
  }
}
