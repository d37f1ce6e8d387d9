import Jobs
import KeevoClient
import Model

/// All that a page shows of a group but its activities' bodies (B15). Format 1. It lies twice, by the group's hash and by its
/// place in the feed, always written together: a page is then one scan.
struct GroupHeader: Hashable, Sendable {
  /// One of the newest members.
  struct Head: Hashable, Sendable {
    var id: ActivityID
    var member: GroupMember
  }

  /// Where the store writes its stamp when a member enters.
  static let enteredOffset = 33

  var hash: GroupHash
  var key: String
  /// The time of the first activity that entered (feeds G4).
  var createdAt: ActivityTime
  /// When a member last entered; zero while that is still to be written.
  var entered: Stamp
  /// The group was marked as it stood at these stamps (feeds N1).
  var seenAt = Stamp.zero
  var readAt = Stamp.zero
  var activities: UInt64 = 0
  var actors: UInt64 = 0
  /// The newest members, newest first.
  var head: [Head] = []

  init(hash: GroupHash, key: String, createdAt: ActivityTime) {
    self.hash = hash
    self.key = key
    self.createdAt = createdAt
    entered = .zero
  }

  var id: ActivityID { hash.groupID(createdAt: createdAt) }

  /// Where it stands: its newest member says when it was updated (feeds G4, G5).
  var position: GroupPosition { GroupPosition(updatedTicks: head.first?.id.ticks ?? 0, id: id) }

  func isSeen(_ state: AggregateState) -> Bool { entered <= max(seenAt, state.seenAll) }
  func isRead(_ state: AggregateState) -> Bool { entered <= max(readAt, state.readAll) }

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.raw(hash.bytes)
    out.integer(createdAt.microseconds)
    out.integer(activities)
    out.integer(entered.rawValue)
    out.integer(seenAt.rawValue)
    out.integer(readAt.rawValue)
    out.integer(actors)
    out.short(key.utf8)
    out.integer(UInt16(head.count))
    for item in head {
      out.integer(item.id.ticks)
      out.integer(item.id.low)
      out.integer(item.member.via)
      out.integer(item.member.placement.rawValue)
    }
    return out.bytes
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    hash = try reader.groupHash()
    createdAt = ActivityTime(microseconds: try reader.integer())
    activities = try reader.integer()
    entered = Stamp(try reader.integer())
    seenAt = Stamp(try reader.integer())
    readAt = Stamp(try reader.integer())
    actors = try reader.integer()
    key = String(decoding: try reader.short(), as: UTF8.self)
    for _ in 0..<(try reader.integer(UInt16.self)) {
      let id = ActivityID(ticks: try reader.integer(), low: try reader.integer())
      head.append(
        Head(id: id, member: GroupMember(via: try reader.integer(), placement: Stamp(try reader.integer()))))
    }
  }
}
