import Jobs
import KeevoClient
import Model

/// A relation that was ended with `keep_history`: a fan-out that was still on its way then goes on to give the source what
/// arrived at the target between the two stamps.
struct FormerRelation: Hashable, Sendable {
  /// So many are kept for a relation, the latest.
  static let max = 16

  var epoch: Stamp
  var since: Stamp
  var until: Stamp

  func takes(_ arrival: Stamp) -> Bool { arrival > since && arrival <= until }
}

extension ByteWriter {
  mutating func former(_ relations: [FormerRelation]) {
    integer(UInt8(relations.count))
    for relation in relations {
      for stamp in [relation.epoch, relation.since, relation.until] { integer(stamp.rawValue) }
    }
  }
}

extension ByteReader {
  mutating func former() throws(FormatError) -> [FormerRelation] {
    var out: [FormerRelation] = []
    for _ in 0..<(try integer(UInt8.self)) {
      out.append(
        FormerRelation(epoch: Stamp(try integer()), since: Stamp(try integer()), until: Stamp(try integer())))
    }
    return out
  }
}

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
  /// What the relation was before, as far as history was kept; the latest last.
  var former: [FormerRelation]

  init(since: Stamp, before: FollowRecord?, createdAt: ActivityTime) {
    state = .live
    kept = before?.kept ?? false
    former = before?.former ?? []
    epoch = .zero
    turn = .zero
    self.since = since
    until = .zero
    pullAfter = .max
    self.createdAt = createdAt
    updatedAt = createdAt
  }

  /// Ends the relation; `last`: the target's stamp up to which history is kept, if it is.
  mutating func end(keepingHistory last: Stamp?) {
    state = .none
    until = last ?? .zero
    guard let last else { return }
    kept = true
    former = (former + [FormerRelation(epoch: epoch, since: since, until: last)]).suffix(FormerRelation.max)
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
    out.former(former)
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
    former = try reader.former()
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
