import Jobs
import KeevoClient
import Model

/// The state of a feed's groups as a whole. Format 1.
struct AggregateState: Hashable, Sendable {
  /// The generation of the groups that are shown.
  var generation: UInt32 = 1
  /// Which format the groups were made by (`AggregationFormat.fingerprint`).
  var format: UInt64
  /// The format that a job is regrouping the feed by; zero while none is (feeds J1a).
  var converting: UInt64 = 0
  var groups: UInt64 = 0
  /// Groups that changed up to these stamps count as seen and as read (feeds N3).
  var seenAll = Stamp.zero
  var readAll = Stamp.zero

  init(format: UInt64) { self.format = format }

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(generation)
    out.integer(format)
    out.integer(converting)
    out.integer(groups)
    out.integer(seenAll.rawValue)
    out.integer(readAll.rawValue)
    return out.bytes
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    generation = try reader.integer()
    format = try reader.integer()
    converting = try reader.integer()
    groups = try reader.integer()
    seenAll = Stamp(try reader.integer())
    readAll = Stamp(try reader.integer())
  }
}

/// What brought an activity into an aggregated feed: the same words as an entry's key and value (B10).
struct Citation: Hashable, Sendable {
  var via: UInt64
  var placement: Stamp
  var edge: Stamp
  var arrival: Stamp
  var kind: Placement.Kind
  /// The placement's place in the record, for the order among placements of one write.
  var position: UInt16

  /// Whether this one is shown before the other (feeds F11): own and `to` first, then the placements' order.
  func precedes(_ other: Citation) -> Bool {
    if (via == 0) != (other.via == 0) { return via == 0 }
    if placement != other.placement { return placement < other.placement }
    if position != other.position { return position < other.position }
    return edge < other.edge
  }
}

/// All that an aggregated feed holds of one activity: by what it has it, what it must not have it by, and in which group it is.
/// Format 1.
///
/// It stands in the place of the entry rows of flat feeds, because "is there another" must be answered where it is changed.
struct EntrySet: Hashable, Sendable {
  /// A citation that the feed's own removal hides, whether it has come already or not (B10).
  struct Hidden: Hashable, Sendable {
    var via: UInt64
    var placement: Stamp
    var edge: Stamp
  }

  /// A placement that has gone: nothing that cites it may enter late (B15).
  struct Gone: Hashable, Sendable {
    var via: UInt64
    var placement: Stamp
  }

  var citations: [Citation] = []
  var hidden: [Hidden] = []
  var gone: [Gone] = []
  /// The group and what it counts of the activity, as long as the feed shows it.
  var membership: Membership?

  struct Membership: Hashable, Sendable {
    var group: GroupHash
    var actor: GroupHash
    /// The version of the activity's record that `actor` is from.
    var version: Stamp
    /// When it entered.
    var entered: Stamp
  }

  init() {}

  var isEmpty: Bool { citations.isEmpty && hidden.isEmpty && gone.isEmpty }

  /// The citation whose origin is shown; `nil` when nothing shows the activity.
  var shown: Citation? {
    var first: Citation?
    for citation in citations where !hides(citation) {
      if let best = first, !citation.precedes(best) { continue }
      first = citation
    }
    return first
  }

  func hides(_ citation: Citation) -> Bool {
    hidden.contains { $0.via == citation.via && $0.placement == citation.placement && $0.edge == citation.edge }
  }

  /// The bytes, and where the store writes its stamp: of a membership that begins.
  func encoded() -> (bytes: [UInt8], stampAt: [Int]) {
    var out = ByteWriter()
    var stampAt: [Int] = []
    out.integer(UInt8(1))
    out.integer(UInt8(membership == nil ? 0 : 1))
    if let membership {
      out.raw(membership.group.bytes)
      out.raw(membership.actor.bytes)
      out.integer(membership.version.rawValue)
      if membership.entered == .zero { stampAt.append(out.bytes.count) }
      out.integer(membership.entered.rawValue)
    }
    out.integer(UInt16(citations.count))
    for citation in citations {
      out.integer(citation.kind.rawValue)
      out.integer(citation.position)
      out.integer(citation.via)
      for stamp in [citation.placement, citation.edge, citation.arrival] { out.integer(stamp.rawValue) }
    }
    out.integer(UInt16(hidden.count))
    for hide in hidden {
      out.integer(hide.via)
      out.integer(hide.placement.rawValue)
      out.integer(hide.edge.rawValue)
    }
    out.integer(UInt16(gone.count))
    for mark in gone {
      out.integer(mark.via)
      out.integer(mark.placement.rawValue)
    }
    return (out.bytes, stampAt)
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    switch try reader.integer(UInt8.self) {
    case 0: break
    case 1:
      membership = Membership(
        group: try reader.groupHash(), actor: try reader.groupHash(), version: Stamp(try reader.integer()),
        entered: Stamp(try reader.integer()))
    case let flags: throw .malformed("flags \(flags) of an entry set")
    }
    for _ in 0..<(try reader.integer(UInt16.self)) {
      let kind = try reader.placementKind()
      let position: UInt16 = try reader.integer()
      citations.append(
        Citation(
          via: try reader.integer(), placement: Stamp(try reader.integer()), edge: Stamp(try reader.integer()),
          arrival: Stamp(try reader.integer()), kind: kind, position: position))
    }
    for _ in 0..<(try reader.integer(UInt16.self)) {
      hidden.append(
        Hidden(
          via: try reader.integer(), placement: Stamp(try reader.integer()), edge: Stamp(try reader.integer())))
    }
    for _ in 0..<(try reader.integer(UInt16.self)) {
      gone.append(Gone(via: try reader.integer(), placement: Stamp(try reader.integer())))
    }
  }
}

/// A member of a group by what it is shown: what refills a group's head. Format 1.
struct GroupMember: Hashable, Sendable {
  var via: UInt64
  var placement: Stamp

  init(via: UInt64, placement: Stamp) {
    self.via = via
    self.placement = placement
  }

  init(_ citation: Citation) { self.init(via: citation.via, placement: citation.placement) }

  var encoded: [UInt8] { [1] + FeedKeys.bigEndian(via) + FeedKeys.bigEndian(placement.rawValue) }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    via = try reader.integer()
    placement = Stamp(try reader.integer())
  }
}

extension ByteReader {
  mutating func groupHash() throws(FormatError) -> GroupHash {
    GroupHash(high: try integer(), low: try integer())
  }
}
