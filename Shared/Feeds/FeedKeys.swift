import Jobs
import KeevoClient
import Model

/// Where the feed domain's rows lie (B1, B10, B11): partitions and spaces.
enum FeedKeys {
  static let recordSpace = UInt8(ascii: "a")
  static let entrySpace = UInt8(ascii: "e")
  static let followSpace = UInt8(ascii: "f")
  static let followOrderSpace = UInt8(ascii: "o")
  static let followerSpace = UInt8(ascii: "r")
  static let followerOrderSpace = UInt8(ascii: "q")
  static let foreignIDSpace = UInt8(ascii: "x")
  static let counterSpace = UInt8(ascii: "c")
  /// Placements beyond the record's header (B8).
  static let placementSpace = UInt8(ascii: "p")
  /// Own and `to` rows by arrival (B12).
  static let arrivalSpace = UInt8(ascii: "i")

  /// Feeds by the day of their last read (B12).
  static let readersSpace = UInt8(ascii: "d")

  // MARK: Partitions

  static func feed(_ feed: FeedID, _ app: AppID) -> Partition {
    Partition(app: app.rawValue, name: Array("f/\(feed)".utf8))
  }

  static func feed(named name: [UInt8], _ app: UInt32) -> Partition {
    Partition(app: app, name: Array("f/".utf8) + name)
  }

  /// The feed whose partition this is.
  static func feedName(of partition: Partition) -> [UInt8] { Array(partition.name.dropFirst(2)) }

  static func activity(_ id: ActivityID, _ app: AppID) -> Partition {
    Partition(app: app.rawValue, name: hexadecimal(bigEndian(id.ticks) + bigEndian(id.low)))
  }

  static func foreignID(hash: [UInt8], _ app: AppID) -> Partition {
    Partition(app: app.rawValue, name: Array("x/".utf8) + hexadecimal(hash))
  }

  /// Where a part of the feeds that were last read on a day are listed.
  static func readers(day: UInt64, part: UInt64, _ app: UInt32) -> Partition {
    Partition(app: app, name: Array("d/\(day)/\(part)".utf8))
  }

  /// A part of a feed's followers; the first lies in the feed's own partition.
  static func bucket(_ number: UInt32, of feed: [UInt8], _ app: UInt32) -> Partition {
    number == 0 ? self.feed(named: feed, app) : Partition(app: app, name: Array("b/\(number)/".utf8) + feed)
  }

  // MARK: Keys

  static let record = RowKey(space: recordSpace)

  /// The ends of edges and the pull edges of a feed.
  static let edges = RowKey(space: followSpace)

  /// Ends of one source past what the `edges` row holds.
  static func moreEnds(_ source: UInt64) -> RowKey { RowKey(space: followSpace, rest: [0] + bigEndian(source)) }

  static func follow(_ target: [UInt8]) -> RowKey { RowKey(space: followSpace, rest: target + [0]) }

  static func followOrder(_ epoch: Stamp) -> RowKey {
    RowKey(space: followOrderSpace, rest: bigEndian(epoch.rawValue))
  }

  static func follower(_ source: [UInt8]) -> RowKey {
    RowKey(space: followerSpace, rest: bigEndian(feedHash(source)) + source)
  }

  /// How the followers are shared among buckets: before all edges.
  static let buckets = RowKey(space: followerSpace)

  static func followerOrder(createdAt: ActivityTime, source: [UInt8]) -> RowKey {
    RowKey(
      space: followerOrderSpace,
      rest: bigEndian(UInt64(bitPattern: createdAt.microseconds)) + bigEndian(feedHash(source)))
  }

  static let followingCount = RowKey(space: counterSpace, rest: Array("following".utf8))
  static let followersCount = RowKey(space: counterSpace, rest: Array("followers".utf8))

  /// The count of followed feeds in one group.
  static func followingCount(group: [UInt8]) -> RowKey {
    RowKey(space: counterSpace, rest: Array("following/".utf8) + group)
  }

  /// The count of followers in one group.
  static func followersCount(group: [UInt8]) -> RowKey {
    RowKey(space: counterSpace, rest: Array("followers/".utf8) + group)
  }

  /// Whether a feed's followers are pulled: it lies right behind their count.
  static let reach = RowKey(space: counterSpace, rest: Array("followers".utf8) + [0])

  /// The count of all followers, and `reach`.
  static let reachRange = RowRange(
    space: counterSpace, start: Array("followers".utf8), end: Array("followers".utf8) + [1])

  /// When a feed that follows was last read.
  static let lastRead = RowKey(space: counterSpace, rest: Array("read".utf8))

  /// What a hint says: the foreign id itself, since its key has only a hash of it. Format 1.
  static func hintValue(_ foreignID: String) -> [UInt8] { [1] + Array(foreignID.utf8) }

  static func foreignIDHint(_ id: ActivityID) -> RowKey { RowKey(space: foreignIDSpace, rest: inverted(id)) }

  /// The activity that a row of the foreign id's partition names.
  static func hintedID(_ row: Row) -> ActivityID? {
    guard row.key.rest.count == 16 else { return nil }
    return ActivityID(ticks: ~integer(row.key.rest.prefix(8)), low: ~integer(row.key.rest.suffix(8)))
  }

  /// The key of an own or `to` row in the index by arrival; the stamp is filled in at apply.
  static func arrival(_ stamp: Stamp, _ id: ActivityID, placement: Stamp) -> RowKey {
    RowKey(
      space: arrivalSpace, rest: bigEndian(stamp.rawValue) + inverted(id) + bigEndian(placement.rawValue))
  }

  // MARK: Bytes

  /// Sixteen bytes that sort newest first (B10).
  static func inverted(_ id: ActivityID) -> [UInt8] { bigEndian(~id.ticks) + bigEndian(~id.low) }

  /// A stable 64-bit hash of a feed's name, never 0: FNV-1a (Fowler, Noll, Vo) with a final mix, so that ranges of it
  /// part followers evenly.
  static func feedHash(_ name: [UInt8]) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash ^= hash >> 33
    hash = hash &* 0xFF51_AFD7_ED55_8CCD
    hash ^= hash >> 33
    return hash == 0 ? 1 : hash
  }

  /// The first 128 bits of SHA-256.
  static func foreignIDHash(_ foreignID: String) -> [UInt8] {
    Array(SHA256Digest.of(Array(foreignID.utf8)).prefix(16))
  }

  static func bigEndian(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
  }

  static func integer(_ bytes: some Collection<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

  static func hexadecimal(_ bytes: [UInt8]) -> [UInt8] {
    let digits: [UInt8] = Array("0123456789abcdef".utf8)
    var out: [UInt8] = []
    out.reserveCapacity(2 * bytes.count)
    for byte in bytes {
      out.append(digits[Int(byte >> 4)])
      out.append(digits[Int(byte & 0xF)])
    }
    return out
  }
}

extension FeedID {
  var nameBytes: [UInt8] { Array(description.utf8) }

  init?(nameBytes: [UInt8]) { self.init(String(decoding: nameBytes, as: UTF8.self)) }
}
