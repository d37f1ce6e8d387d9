import Jobs
import KeevoClient
import Model

/// What a fan-out job is to do. Its items' epoch is the stamp of the job's own key. Format 1, 2 with `renewals`, or 3
/// with a foreign id as well.
struct FanOutPayload: Hashable, Sendable {
  struct Item: Hashable, Sendable {
    var feed: [UInt8]
    var kind: Placement.Kind
  }
  var id: ActivityID
  var items: [Item]
  /// Placements that stood already, whose aggregated feeds must count the activity under another actor (B15).
  var renewals: [Placement] = []
  /// The activity's foreign id, whose hint is written again beside the first rows; empty where none is due.
  var foreignID: [UInt8] = []

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(!foreignID.isEmpty ? 3 : renewals.isEmpty ? 1 : 2))
    out.activity(id)
    out.integer(UInt16(items.count))
    for item in items {
      out.integer(item.kind.rawValue)
      out.short(item.feed)
    }
    if !renewals.isEmpty || !foreignID.isEmpty { out.placements(renewals) }
    if !foreignID.isEmpty { out.short(foreignID) }
    return out.bytes
  }

  init(id: ActivityID, items: [Item], renewals: [Placement] = [], foreignID: [UInt8] = []) {
    self.id = id
    self.items = items
    self.renewals = renewals
    self.foreignID = foreignID
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    let format = try reader.format(1...3)
    id = try reader.activity()
    items = []
    for _ in 0..<(try reader.integer(UInt16.self)) {
      let kind = try reader.placementKind()
      items.append(Item(feed: try reader.short(), kind: kind))
    }
    if format >= 2 { renewals = try reader.placements() }
    if format >= 3 { foreignID = try reader.short() }
  }
}

/// Where a job over placements and their followers stands: the placement's number, and the last edge done.
struct PlacementCursor: Hashable, Sendable {
  var item = 0
  var after: [UInt8] = []

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.integer(UInt16(item))
    out.short(after)
    return out.bytes
  }

  init(item: Int = 0, after: [UInt8] = []) {
    self.item = item
    self.after = after
  }

  /// An empty cursor is the beginning.
  init(_ bytes: [UInt8]) throws(FormatError) {
    if bytes.isEmpty { return }
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    item = Int(try reader.integer(UInt16.self))
    after = try reader.short()
  }
}

/// How far a garbage job is. Format 2; format 1, without what comes after the place, is still read.
struct GarbageCursor: Hashable, Sendable {
  var place = PlacementCursor()
  /// Whether aggregated feeds were met, which keep marks of what has gone.
  var leftMarks = false
  /// When the marks may be taken away; zero on the first round.
  var dueMilliseconds: UInt64 = 0

  var isLast: Bool { dueMilliseconds > 0 }

  init(place: PlacementCursor = PlacementCursor(), leftMarks: Bool = false, dueMilliseconds: UInt64 = 0) {
    self.place = place
    self.leftMarks = leftMarks
    self.dueMilliseconds = dueMilliseconds
  }

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(2))
    out.integer(UInt16(place.item))
    out.short(place.after)
    out.integer(UInt8(leftMarks ? 1 : 0))
    out.integer(dueMilliseconds)
    return out.bytes
  }

  /// An empty cursor is the beginning.
  init(_ bytes: [UInt8]) throws(FormatError) {
    if bytes.isEmpty { return }
    var reader = ByteReader(bytes)
    let format = try reader.format(1...2)
    place.item = Int(try reader.integer(UInt16.self))
    place.after = try reader.short()
    if format == 1 { return }
    leftMarks = try reader.integer(UInt8.self) & 1 == 1
    dueMilliseconds = try reader.integer()
  }
}

/// What a garbage job is to collect. Format 1.
struct GarbagePayload: Hashable, Sendable {
  var id: ActivityID
  /// The feed the activity was removed from, where `hides` go.
  var feed: [UInt8]
  var gone: [Placement]
  /// Keys of the feed's entries that came by follows: the feed has removed them too.
  var hides: [EntryKey]
  var foreignIDHash: [UInt8]

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.activity(id)
    out.short(feed)
    out.placements(gone)
    out.integer(UInt32(hides.count))
    for hide in hides { out.raw(hide.rest) }
    out.short(foreignIDHash)
    return out.bytes
  }

  init(id: ActivityID, feed: [UInt8], gone: [Placement], hides: [EntryKey], foreignIDHash: [UInt8]) {
    self.id = id
    self.feed = feed
    self.gone = gone
    self.hides = hides
    self.foreignIDHash = foreignIDHash
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    id = try reader.activity()
    feed = try reader.short()
    gone = try reader.placements()
    hides = []
    for _ in 0..<(try reader.integer(UInt32.self)) {
      guard let hide = EntryKey(try reader.raw(EntryKey.bytes)) else { throw .malformed("the key of an entry") }
      hides.append(hide)
    }
    foreignIDHash = try reader.short()
  }
}

/// What a copy job is to do: make the edge of the follow its key's stamp began, and copy. Format 1.
struct CopyPayload: Hashable, Sendable {
  var target: [UInt8]
  var limit: UInt16
  var since: Stamp
  var pullAfter: UInt64

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(1))
    out.short(target)
    out.integer(limit)
    out.integer(since.rawValue)
    out.integer(pullAfter)
    return out.bytes
  }

  init(target: [UInt8], limit: UInt16, since: Stamp, pullAfter: UInt64 = .max) {
    self.target = target
    self.limit = limit
    self.since = since
    self.pullAfter = pullAfter
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    _ = try reader.format(1...1)
    target = try reader.short()
    limit = try reader.integer()
    since = Stamp(try reader.integer())
    pullAfter = try reader.integer()
  }
}

/// What an unfollow job is to end and collect; its turn is its key's stamp. Format 1, or 2 where what was pulled is to be
/// copied.
struct UnfollowPayload: Hashable, Sendable {
  var target: [UInt8]
  var epoch: Stamp
  var keepHistory: Bool
  /// With `keepHistory`: the target's stamp up to which entries stay.
  var last: Stamp
  /// With `keepHistory`, if the edge was pulled: the stamp after which it was (B12). Else `UInt64.max`.
  var pullAfter: UInt64

  /// Whether the feed takes from the target what it keeps.
  var copies: Bool { keepHistory && pullAfter != .max }

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(pullAfter == .max ? 1 : 2))
    out.short(target)
    out.integer(epoch.rawValue)
    out.integer(UInt8(keepHistory ? 1 : 0))
    out.integer(last.rawValue)
    if pullAfter != .max { out.integer(pullAfter) }
    return out.bytes
  }

  init(target: [UInt8], epoch: Stamp, keepHistory: Bool, last: Stamp, pullAfter: UInt64 = .max) {
    self.target = target
    self.epoch = epoch
    self.keepHistory = keepHistory
    self.last = last
    self.pullAfter = pullAfter
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    let format = try reader.format(1...2)
    target = try reader.short()
    epoch = Stamp(try reader.integer())
    keepHistory = try reader.integer(UInt8.self) & 1 == 1
    last = Stamp(try reader.integer())
    pullAfter = format == 1 ? .max : try reader.integer()
  }
}

/// How far an unfollow is. Format 1, or 2 at the stage `copy`.
struct UnfollowCursor: Hashable, Sendable {
  enum Stage: UInt8, Sendable {
    /// The edge at the target is still to be ended.
    case edge = 0
    /// Entries are collected a first time.
    case first = 1
    /// A day after the edge was ended: collected again, then the end goes.
    case last = 2
    /// Between `edge` and `first`: what the feed took from the target and keeps is copied (B12).
    case copy = 3
  }
  var stage: Stage = .edge
  var endedAtMilliseconds: UInt64 = 0
  /// Where the collection stands: the last entry looked at.
  var after: [UInt8] = []

  var encoded: [UInt8] {
    var out = ByteWriter()
    out.integer(UInt8(stage == .copy ? 2 : 1))
    out.integer(stage.rawValue)
    out.integer(endedAtMilliseconds)
    out.short(after)
    return out.bytes
  }

  init() {}

  init(_ bytes: [UInt8]) throws(FormatError) {
    if bytes.isEmpty { return }
    var reader = ByteReader(bytes)
    _ = try reader.format(1...2)
    let stage: UInt8 = try reader.integer()
    guard let stage = Stage(rawValue: stage) else { throw .malformed("stage \(stage) of an unfollow") }
    self.stage = stage
    endedAtMilliseconds = try reader.integer()
    after = try reader.short()
  }
}

extension ByteWriter {
  mutating func activity(_ id: ActivityID) {
    integer(id.ticks)
    integer(id.low)
    integer(id.version)
  }

  mutating func placements(_ placements: [Placement]) {
    integer(UInt16(placements.count))
    for placement in placements {
      integer(placement.kind.rawValue)
      integer(placement.epoch.rawValue)
      short(placement.feed)
    }
  }
}

extension ByteReader {
  mutating func activity() throws(FormatError) -> ActivityID {
    ActivityID(ticks: try integer(), low: try integer(), version: try integer())
  }

  mutating func placements() throws(FormatError) -> [Placement] {
    var out: [Placement] = []
    for _ in 0..<(try integer(UInt16.self)) {
      let kind = try placementKind()
      let epoch = Stamp(try integer())
      out.append(Placement(feed: try short(), kind: kind, epoch: epoch))
    }
    return out
  }

  mutating func placementKind() throws(FormatError) -> Placement.Kind {
    let kind: UInt8 = try integer()
    guard let kind = Placement.Kind(rawValue: kind) else { throw .malformed("placement of kind \(kind)") }
    return kind
  }
}
