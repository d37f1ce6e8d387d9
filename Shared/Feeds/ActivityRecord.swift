import Jobs
import KeevoClient
import Model

/// The row that says all about an activity (B8): its placements in order, and its body ready to be spliced. Format 1.
struct ActivityRecord: Hashable, Sendable {
  var idVersion: UInt8
  /// The first 128 bits of the foreign id's SHA-256; empty without one.
  var foreignIDHash: [UInt8]
  /// Those that lie in the header.
  var placements: [Placement]
  /// How many more lie in rows of their own.
  var more: UInt32 = 0
  /// See `StoredActivity`.
  var body: [UInt8]
  var originOffset: Int
  /// Where the custom members begin, after `to`.
  var customOffset: Int

  /// Set when more placements lie in rows of their own: their number follows those of the header.
  private static let morePlacements: UInt8 = 1

  init(idVersion: UInt8, foreignIDHash: [UInt8], placements: [Placement], body: ActivityBody) {
    self.idVersion = idVersion
    self.foreignIDHash = foreignIDHash
    self.placements = placements
    self.body = body.bytes
    originOffset = body.originOffset
    customOffset = body.customOffset
  }

  /// The bytes, and where the store writes its stamp: the epochs of new placements.
  func encoded() -> (bytes: [UInt8], stampAt: [Int]) {
    var out = ByteWriter()
    var stampAt: [Int] = []
    out.integer(UInt8(1))
    out.integer(idVersion)
    out.integer(more > 0 ? Self.morePlacements : 0)
    out.short(foreignIDHash)
    out.integer(UInt16(placements.count))
    for placement in placements {
      out.integer(placement.kind.rawValue)
      if placement.epoch == .zero { stampAt.append(out.bytes.count) }
      out.integer(placement.epoch.rawValue)
      out.short(placement.feed)
    }
    if more > 0 { out.integer(more) }
    out.integer(UInt32(originOffset))
    out.integer(UInt32(customOffset))
    out.raw(body)
    return (out.bytes, stampAt)
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    idVersion = try reader.integer()
    let flags: UInt8 = try reader.integer()
    guard flags & ~Self.morePlacements == 0 else { throw .malformed("unknown flags \(flags) of an activity") }
    foreignIDHash = try reader.short()
    let count: UInt16 = try reader.integer()
    placements = []
    placements.reserveCapacity(Int(count))
    for _ in 0..<count {
      let kind: UInt8 = try reader.integer()
      guard let kind = Placement.Kind(rawValue: kind) else { throw .malformed("placement of kind \(kind)") }
      let epoch = Stamp(try reader.integer())
      placements.append(Placement(feed: try reader.short(), kind: kind, epoch: epoch))
    }
    more = flags & Self.morePlacements == 0 ? 0 : try reader.integer()
    originOffset = Int(try reader.integer(UInt32.self))
    customOffset = Int(try reader.integer(UInt32.self))
    body = reader.rest()
    guard originOffset <= customOffset, customOffset <= body.count else {
      throw .malformed("the offsets of an activity's body")
    }
  }

  /// The placement in the header that a row of `feed` with this via and epoch cites; `nil` if it is not there.
  func cited(via: UInt64, epoch: Stamp, in feed: [UInt8]) -> CitedPlacement? {
    let position = placements.firstIndex {
      $0.epoch == epoch && (via == 0 ? $0.feed == feed : FeedKeys.feedHash($0.feed) == via)
    }
    guard let position else { return nil }
    let placement = placements[position]
    return CitedPlacement(
      feed: placement.feed, kind: placement.kind,
      order: PlacementOrder(epoch: epoch, inRow: false, number: position))
  }

  /// Writes the list of `to` into the body anew.
  mutating func renewTo(_ feeds: [[UInt8]]) {
    let list = ActivityBody.toMember(feeds)
    body = Array(body[..<originOffset]) + list + Array(body[customOffset...])
    customOffset = originOffset + list.count
  }

  /// The placements whose aggregated feeds must count the activity anew: all that stay, if this record has another actor than the
  /// one before (B15).
  func renewals(after before: ActivityRecord?, _ kept: [Placement], _ id: ActivityID) -> [Placement] {
    guard let before else { return [] }
    let isSame = stored(id, version: .zero).actorText == before.stored(id, version: .zero).actorText
    return isSame ? [] : kept
  }

  func stored(_ id: ActivityID, version: Stamp) -> StoredActivity {
    StoredActivity(
      id: ActivityID(ticks: id.ticks, low: id.low, version: idVersion), version: version, body: body,
      originOffset: originOffset)
  }
}
