import Jobs
import KeevoClient
import Model

/// A relation at its source: the place that orders follows and unfollows (B11). Format 1. It stays when the relation ends.
struct FollowRecord: Hashable, Sendable {
  enum State: UInt8, Sendable {
    case none = 0
    case live = 1
  }

  /// Where the store writes its stamp.
  static let epochOffset = 3
  static let turnOffset = 11

  var state: State
  /// Whether an unfollow ever kept history: then the edge's mark stays for good.
  var kept: Bool
  /// The write that began the relation as it stands; entries cite it.
  var epoch: Stamp
  /// The write that last changed it.
  var turn: Stamp
  /// The target's stamp read before the follow: what arrived later is fanned out.
  var since: Stamp
  /// With `keep_history`: the target's stamp up to which entries stay (B9).
  var until: Stamp
  /// Fan-outs push what arrives up to this; `UInt64.max` while everything is pushed (B12).
  var pullAfter: UInt64
  var createdAt: ActivityTime
  var updatedAt: ActivityTime

  init(since: Stamp, kept: Bool, createdAt: ActivityTime) {
    state = .live
    self.kept = kept
    epoch = .zero
    turn = .zero
    self.since = since
    until = .zero
    pullAfter = .max
    self.createdAt = createdAt
    updatedAt = createdAt
  }

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(state.rawValue)
    out.integer(UInt8(kept ? 1 : 0))
    for stamp in [epoch, turn, since, until] { out.integer(stamp.rawValue) }
    out.integer(pullAfter)
    out.integer(createdAt.microseconds)
    out.integer(updatedAt.microseconds)
    return out.bytes
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    let state: UInt8 = try reader.integer()
    guard let state = State(rawValue: state) else { throw .malformed("state \(state) of a follow") }
    self.state = state
    kept = try reader.integer(UInt8.self) & 1 == 1
    epoch = Stamp(try reader.integer())
    turn = Stamp(try reader.integer())
    since = Stamp(try reader.integer())
    until = Stamp(try reader.integer())
    pullAfter = try reader.integer()
    createdAt = ActivityTime(microseconds: try reader.integer())
    updatedAt = ActivityTime(microseconds: try reader.integer())
  }
}

/// A row of a list of follows: whom, and since when. Format 1.
struct FollowOrderRow: Hashable, Sendable {
  var other: [UInt8]
  var createdAt: ActivityTime
  var updatedAt: ActivityTime

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(createdAt.microseconds)
    out.integer(updatedAt.microseconds)
    out.short(other)
    return out.bytes
  }

  init(other: [UInt8], createdAt: ActivityTime, updatedAt: ActivityTime) {
    self.other = other
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    createdAt = ActivityTime(microseconds: try reader.integer())
    updatedAt = ActivityTime(microseconds: try reader.integer())
    other = try reader.short()
  }
}
