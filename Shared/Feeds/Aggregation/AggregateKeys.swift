import KeevoClient
import Model

/// Where the rows of an aggregated or notification feed lie in its partition (B15): all in one space, told apart by the first
/// byte. Rows of groups carry the feed's *generation*, so that a regrouping can build new groups beside the old.
enum AggregateKeys {
  static let space = UInt8(ascii: "g")

  private enum Tag {
    static let state: UInt8 = 0
    static let entries: UInt8 = 1
    static let header: UInt8 = 2
    static let order: UInt8 = 3
    static let unseen: UInt8 = 4
    static let unread: UInt8 = 5
    static let member: UInt8 = 6
    static let actor: UInt8 = 7
  }

  /// The lists of a feed's groups, in their order.
  enum Index: UInt8, CaseIterable, Sendable {
    /// All groups, with their headers.
    case order = 3
    /// Those that have not been seen, each with the stamp since when.
    case unseen = 4
    case unread = 5
  }

  /// The row that every change of the feed's groups rewrites: what makes changes exclude each other.
  static let state = RowKey(space: space, rest: [Tag.state])

  /// By what the feed has an activity.
  static func entries(_ id: ActivityID) -> RowKey { RowKey(space: space, rest: [Tag.entries] + FeedKeys.inverted(id)) }

  /// The entry sets after one, or all.
  static func allEntries(after id: ActivityID?) -> RowRange {
    var range = RowRange(space: space, prefix: [Tag.entries])
    if let id { range.start = entries(id).rest + [0] }
    return range
  }

  /// The activity whose entry set this is.
  static func activity(ofEntries rest: [UInt8]) -> ActivityID? {
    guard rest.count == 17, rest[0] == Tag.entries else { return nil }
    return ActivityID(ticks: ~FeedKeys.integer(rest[1..<9]), low: ~FeedKeys.integer(rest[9..<17]))
  }

  static func header(_ generation: UInt32, _ hash: GroupHash) -> RowKey {
    RowKey(space: space, rest: group(Tag.header, generation, hash))
  }

  /// The headers whose group ids have these low bits: one, unless hashes collide.
  static func headers(_ generation: UInt32, idLow low: UInt64) -> RowRange {
    // The id holds the hash's first 62 bits, of which 56 make whole bytes.
    let prefix = FeedKeys.bigEndian(low << 2).prefix(7)
    return RowRange(space: space, prefix: [Tag.header] + bigEndian(generation) + prefix)
  }

  static func position(_ index: Index, _ generation: UInt32, _ position: GroupPosition) -> RowKey {
    RowKey(space: space, rest: [index.rawValue] + bigEndian(generation) + position.bytes)
  }

  static func positions(_ index: Index, _ generation: UInt32) -> RowRange {
    RowRange(space: space, prefix: [index.rawValue] + bigEndian(generation))
  }

  static func member(_ generation: UInt32, _ hash: GroupHash, _ id: ActivityID) -> RowKey {
    RowKey(space: space, rest: group(Tag.member, generation, hash) + FeedKeys.inverted(id))
  }

  /// The members of a group, newest first, after one of them.
  static func members(_ generation: UInt32, _ hash: GroupHash, after id: ActivityID?) -> RowRange {
    var range = RowRange(space: space, prefix: group(Tag.member, generation, hash))
    if let id { range.start = member(generation, hash, id).rest + [0] }
    return range
  }

  static func activity(ofMember rest: [UInt8]) -> ActivityID? {
    guard rest.count == 37, rest[0] == Tag.member else { return nil }
    return ActivityID(ticks: ~FeedKeys.integer(rest[21..<29]), low: ~FeedKeys.integer(rest[29..<37]))
  }

  static func actor(_ generation: UInt32, _ hash: GroupHash, _ actor: GroupHash) -> RowKey {
    RowKey(space: space, rest: group(Tag.actor, generation, hash) + actor.bytes)
  }

  /// Everything that a generation wrote.
  static func groups(of generation: UInt32) -> [RowRange] {
    [Tag.header, Tag.order, Tag.unseen, Tag.unread, Tag.member, Tag.actor].map {
      RowRange(space: space, prefix: [$0] + bigEndian(generation))
    }
  }

  private static func group(_ tag: UInt8, _ generation: UInt32, _ hash: GroupHash) -> [UInt8] {
    [tag] + bigEndian(generation) + hash.bytes
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) }
  }
}

/// 128 bits that stand for a group's key, or an actor, in keys of rows (B1).
struct GroupHash: Hashable, Sendable {
  let high: UInt64
  let low: UInt64

  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  private init(hashing bytes: [UInt8]) {
    let digest = SHA256Digest.of(bytes)
    high = FeedKeys.integer(digest[0..<8])
    low = FeedKeys.integer(digest[8..<16])
  }

  /// Of a group's key in one feed: two feeds have different ids for equal keys (feeds G6).
  init(key: String, feed: [UInt8]) { self.init(hashing: feed + [0] + Array(key.utf8)) }

  init(actor: String) { self.init(hashing: Array(actor.utf8)) }

  var bytes: [UInt8] { FeedKeys.bigEndian(high) + FeedKeys.bigEndian(low) }

  /// The id of the group that began at that time (feeds G6): the low bits are the hash's first 62.
  func groupID(createdAt: ActivityTime) -> ActivityID {
    ActivityID(ticks: createdAt.ticks, low: 0x8000_0000_0000_0000 | high >> 2)
  }
}

/// Where a group stands in its feed (feeds G5): by `updated_at`, then by id, the greatest first.
struct GroupPosition: Hashable, Sendable {
  static let bytes = 24
  var updatedTicks: UInt64
  var id: ActivityID

  var bytes: [UInt8] { FeedKeys.bigEndian(~updatedTicks) + FeedKeys.inverted(id) }
}
