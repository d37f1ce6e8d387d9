import Jobs
import KeevoClient

/// How a feed's followers are shared among partitions (B11): ranges of the hashes of their names, the first one in the feed's own
/// partition. A feed without such a row has that one bucket. Format 1.
struct BucketsRow: Hashable, Sendable {
  struct Bucket: Hashable, Sendable {
    /// The least hash that lies here; the next bucket's start ends it.
    var start: UInt64
    /// Which partition: 0 is the feed's own.
    var number: UInt32
    /// The bucket that had this range and is still written too; `nil` once nobody needs it.
    var from: UInt32?
    /// Whether it has all followers of its range: until then `from` is read.
    var isFilled = true

    /// What is read for the range.
    var read: UInt32 { isFilled ? number : from ?? number }
  }

  var buckets = [Bucket(start: 0, number: 0)]

  init() {}

  func index(of hash: UInt64) -> Int { (buckets.firstIndex { $0.start > hash } ?? buckets.count) - 1 }

  /// Where the range of a bucket ends; `nil`: with the hashes.
  func end(_ index: Int) -> UInt64? { index + 1 < buckets.count ? buckets[index + 1].start : nil }

  /// All partitions in which followers are counted and listed.
  var numbers: [UInt32] { Set(buckets.map(\.number) + buckets.compactMap(\.from)).sorted() }

  /// Whether a split is under way.
  var isSplitting: Bool { buckets.contains { $0.from != nil } }

  /// The middle of a bucket's range; `nil` where it cannot be parted any more.
  func middle(_ index: Int) -> UInt64? {
    let start = buckets[index].start
    let half = ((end(index) ?? .max) - start) / 2
    return half > 0 ? start + half : nil
  }

  private static let filled: UInt8 = 1
  private static let moving: UInt8 = 2

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(UInt16(buckets.count))
    for bucket in buckets {
      out.integer(bucket.start)
      out.integer(bucket.number)
      out.integer((bucket.isFilled ? Self.filled : 0) | (bucket.from == nil ? 0 : Self.moving))
      out.integer(bucket.from ?? 0)
    }
    return out.bytes
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    buckets = []
    for _ in 0..<(try reader.integer(UInt16.self)) {
      let start: UInt64 = try reader.integer()
      let number: UInt32 = try reader.integer()
      let flags: UInt8 = try reader.integer()
      let from: UInt32 = try reader.integer()
      buckets.append(
        Bucket(
          start: start, number: number, from: flags & Self.moving == 0 ? nil : from,
          isFilled: flags & Self.filled != 0))
    }
    guard buckets.first?.start == 0 else { throw .malformed("the buckets of a feed leave hashes out") }
  }
}

/// What a split is to do: move a range from one bucket into a new one. Format 1.
struct SplitPayload: Hashable, Sendable {
  var number: UInt32
  var from: UInt32
  var start: UInt64
  /// The first hash behind the range; `nil`: there is none.
  var end: UInt64?

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(number)
    out.integer(from)
    out.integer(start)
    out.integer(UInt8(end == nil ? 0 : 1))
    out.integer(end ?? 0)
    return out.bytes
  }

  init(number: UInt32, from: UInt32, start: UInt64, end: UInt64?) {
    self.number = number
    self.from = from
    self.start = start
    self.end = end
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    number = try reader.integer()
    from = try reader.integer()
    start = try reader.integer()
    let ends = try reader.integer(UInt8.self) == 1
    let hash: UInt64 = try reader.integer()
    end = ends ? hash : nil
  }

  /// The edges of the range, after one of them.
  func range(after: [UInt8] = []) -> RowRange {
    RowRange(
      space: FeedKeys.followerSpace, start: after.isEmpty ? FeedKeys.bigEndian(start) : after + [0],
      end: end.map { FeedKeys.bigEndian($0) } ?? [])
  }
}

/// How far a split is. Format 1.
struct SplitCursor: Hashable, Sendable {
  enum Stage: UInt8, Sendable {
    /// Until nobody can write by the buckets as they were.
    case waits = 0
    /// Followers are copied.
    case fills = 1
    /// Both are written, the new one is read.
    case stands = 2
    /// The old one is written no more; what it has is deleted when nobody can write by older buckets.
    case clears = 3
  }
  var stage: Stage = .waits
  var dueMilliseconds: UInt64 = 0
  /// The last edge copied.
  var after: [UInt8] = []

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(stage.rawValue)
    out.integer(dueMilliseconds)
    out.short(after)
    return out.bytes
  }

  init(stage: Stage = .waits, dueMilliseconds: UInt64 = 0) {
    self.stage = stage
    self.dueMilliseconds = dueMilliseconds
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    if bytes.isEmpty { return }
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    let stage: UInt8 = try reader.integer()
    guard let stage = Stage(rawValue: stage) else { throw .malformed("stage \(stage) of a split") }
    self.stage = stage
    dueMilliseconds = try reader.integer()
    after = try reader.short()
  }
}
