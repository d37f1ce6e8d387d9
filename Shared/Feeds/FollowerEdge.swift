import Jobs
import KeevoClient
import Model

/// A relation at its target: what fan-outs go by (B11). Format 1, or 2 where another bucket has it too. An ended edge stays as a mark that only garbage visits.
struct FollowerEdge: Hashable, Sendable {
  var state: FollowRecord.State
  var kept: Bool
  /// Another bucket has it too, and counts and lists it.
  var isElsewhere = false
  var epoch: Stamp
  var turn: Stamp
  var since: Stamp
  var pullAfter: UInt64
  var createdAt: ActivityTime
  var updatedAt: ActivityTime
  /// As in the record.
  var former: [FormerRelation]

  init(_ record: FollowRecord, state: FollowRecord.State, turn: Stamp) {
    self.state = state
    kept = record.kept
    epoch = record.epoch
    self.turn = turn
    since = record.since
    pullAfter = record.pullAfter
    createdAt = record.createdAt
    updatedAt = record.updatedAt
    former = record.former
  }

  /// The relations by which a fan-out pushes what arrived at that stamp: the one that stands, and former ones whose history was
  /// kept while the fan-out was still on its way.
  func epochs(taking arrival: Stamp, _ faults: FeedEngine.Faults = []) -> [Stamp] {
    var out: [Stamp] = []
    let heedSince = !faults.contains(.noSince)
    let pushes = faults.contains(.pulledNotPushed) ? pullAfter == .max : arrival.rawValue <= pullAfter
    if state == .live, pushes, !heedSince || arrival > since { out.append(epoch) }
    if faults.contains(.noFormer) { return out }
    for relation in former where relation.takes(arrival) { out.append(relation.epoch) }
    return out
  }

  /// Whether this row counts and is listed.
  var isCounted: Bool { state == .live && !isElsewhere }

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(isElsewhere ? 2 : 1))
    out.integer(state.rawValue)
    out.integer(UInt8((kept ? 1 : 0) | (isElsewhere ? 2 : 0)))
    for stamp in [epoch, turn, since] { out.integer(stamp.rawValue) }
    out.integer(pullAfter)
    out.integer(createdAt.microseconds)
    out.integer(updatedAt.microseconds)
    out.former(former)
    return out.bytes
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...2)
    let state: UInt8 = try reader.integer()
    guard let state = FollowRecord.State(rawValue: state) else { throw .malformed("state \(state) of an edge") }
    self.state = state
    let flags: UInt8 = try reader.integer()
    kept = flags & 1 != 0
    isElsewhere = flags & 2 != 0
    epoch = Stamp(try reader.integer())
    turn = Stamp(try reader.integer())
    since = Stamp(try reader.integer())
    pullAfter = try reader.integer()
    createdAt = ActivityTime(microseconds: try reader.integer())
    updatedAt = ActivityTime(microseconds: try reader.integer())
    former = try reader.former()
  }

  /// The source's name in the rest of an edge's key.
  static func source(_ rest: [UInt8]) -> [UInt8] { Array(rest.dropFirst(8)) }
}
