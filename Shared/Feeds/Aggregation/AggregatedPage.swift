import Model

/// A group of an aggregated or notification feed with its newest activities (feeds G2).
public struct ActivityGroup: Hashable, Sendable {
  /// Opaque to callers (feeds G6).
  public var id: ActivityID
  /// What the format gave for its activities.
  public var key: String
  /// All of them, not only those in `items`.
  public var activityCount: Int
  /// Different actors among all of them.
  public var actorCount: Int
  public var createdAt: ActivityTime
  public var updatedAt: ActivityTime
  /// Newest first (feeds G3, G8): stored bytes, as on a flat page.
  public var items: [FeedItem]
  public var isSeen: Bool
  public var isRead: Bool
  /// Of a ranked read: that of its newest activity (feeds K10).
  public var score: Double?
  /// The verb of the newest activity as JSON text, with quotes, whether it is shown or not (feeds G4).
  public var verb: [UInt8]

  /// - Parameter newest: the group's newest activity, where that is not the first of `items`.
  public init(
    id: ActivityID, key: String, activityCount: Int, actorCount: Int, createdAt: ActivityTime,
    updatedAt: ActivityTime, items: [FeedItem], newest: FeedItem? = nil, isSeen: Bool = false, isRead: Bool = false,
    score: Double? = nil
  ) {
    self.id = id
    self.key = key
    self.activityCount = activityCount
    self.actorCount = actorCount
    self.createdAt = createdAt
    self.updatedAt = updatedAt
    self.items = items
    self.isSeen = isSeen
    self.isRead = isRead
    self.score = score
    verb = (newest ?? items.first).map { Array($0.activity.verb) } ?? [UInt8(ascii: "\""), UInt8(ascii: "\"")]
  }
}

/// A page of an aggregated or notification feed.
public struct AggregatedPage: Hashable, Sendable {
  /// How much of a notification feed has not been marked (feeds N2).
  public struct Unmarked: Hashable, Sendable {
    public var unseen: Int
    public var unread: Int
    public init(unseen: Int, unread: Int) {
      self.unseen = unseen
      self.unread = unread
    }
  }

  public var groups: [ActivityGroup]
  /// Whether any group remains after the last.
  public var hasMore: Bool
  /// `nil` for aggregated feeds, which have no marks (feeds N8).
  public var unmarked: Unmarked?
  /// Where a filtered read stopped looking before its page was full: the last group it looked at.
  public var stop: FlatPage.Stop?

  public init(groups: [ActivityGroup], hasMore: Bool, unmarked: Unmarked? = nil, stop: FlatPage.Stop? = nil) {
    self.groups = groups
    self.hasMore = hasMore
    self.unmarked = unmarked
    self.stop = stop
  }
}

/// What a read marks as seen and as read (feeds N3, N6).
public struct GroupMarks: Hashable, Sendable {
  public enum Mark: Hashable, Sendable {
    case nothing
    case all
    /// The groups of this page.
    case current
    /// Groups by their ids, or by the id of an activity in them (feeds N7).
    case named([ActivityID])
  }

  public var seen: Mark
  public var read: Mark

  public init(seen: Mark = .nothing, read: Mark = .nothing) {
    self.seen = seen
    self.read = read
  }

  public var isEmpty: Bool { seen == .nothing && read == .nothing }
}

extension StoredActivity {
  /// The value of `verb` as JSON text, with quotes: a slice of the body, whose first members are fixed.
  public var verb: ArraySlice<UInt8> {
    var position = Self.actorOffset
    position = Self.endOfString(body, from: position)
    position += ",\"verb\":".utf8.count
    let end = Self.endOfString(body, from: position)
    return end <= body.count && position < end ? body[position..<end] : [UInt8(ascii: "\""), UInt8(ascii: "\"")]
  }

  /// The value of `actor` as JSON text, with quotes.
  var actorText: ArraySlice<UInt8> {
    let end = Self.endOfString(body, from: Self.actorOffset)
    return end <= body.count ? body[Self.actorOffset..<end] : []
  }

  /// `{"id":"` and 36 characters come before, then `","actor":`.
  private static let actorOffset = 7 + ActivityID.textBytes + 10

  /// The offset after the JSON string that begins at `start`.
  private static func endOfString(_ body: [UInt8], from start: Int) -> Int {
    var position = start + 1
    while position < body.count, body[position] != UInt8(ascii: "\"") {
      position += body[position] == UInt8(ascii: "\\") ? 2 : 1
    }
    return position + 1
  }
}
