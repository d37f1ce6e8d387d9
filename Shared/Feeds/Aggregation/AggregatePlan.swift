import Jobs
import KeevoClient
import Model

/// Works out what a number of changes of one aggregated feed write: a pure function of the rows it has seen (B15).
///
/// It asks for rows as it comes to need them: `missing` and `missingRanges` after a run say which, and the driver runs it anew
/// with them. All of them are of one moment, since every write of the feed's groups is conditional on the one `state` row.
struct AggregatePlan {
  /// Rows that were read; `nil` for those that are not there.
  typealias Rows = [RowKey: VersionedValue?]

  let feed: [UInt8]
  let rules: AggregateRules
  let faults: FeedEngine.Faults
  let rows: Rows
  let ranges: [RowRange: [Row]]

  var missing: [RowKey] = []
  var missingRanges: [(range: RowRange, limit: Int)] = []

  /// Whether everything it needed had been read.
  var isComplete: Bool { missing.isEmpty && missingRanges.isEmpty }

  /// Whether an activity entered by another format than the feed's groups were made by.
  private(set) var meetsOtherFormat = false

  var state: AggregateState?
  private var ends: [EdgeEnd] = []
  private var endsRead = false
  /// Whether an entry came by a follow: then no edge may end meanwhile.
  var heedsEdges = false
  var sets: [ActivityID: EntrySet] = [:]
  var touchedSets: [ActivityID] = []
  var headers: [GroupHash: GroupHeader?] = [:]
  var touchedHeaders: [GroupHash] = []
  /// Groups that a new member entered.
  var entered: Set<GroupHash> = []
  var actors: [ActorKey: UInt64] = [:]
  var touchedActors: [ActorKey] = []
  /// Members written (a value) and deleted (`nil`) in this plan.
  var members: [GroupHash: [ActivityID: GroupMember?]] = [:]

  struct ActorKey: Hashable {
    var group: GroupHash
    var actor: GroupHash
  }

  init(feed: [UInt8], rules: AggregateRules, faults: FeedEngine.Faults, rows: Rows, ranges: [RowRange: [Row]]) {
    self.feed = feed
    self.rules = rules
    self.faults = faults
    self.rows = rows
    self.ranges = ranges
  }

  /// What a plan of these changes is sure to read.
  static func firstRows(_ changes: [AggregateChange]) -> [RowKey] {
    var keys: [RowKey] = [AggregateKeys.state]
    if changes.contains(where: { if case .enter(let entering) = $0 { entering.citation.via != 0 } else { false } }) {
      keys.append(FeedKeys.edges)
    }
    for change in changes {
      keys.append(AggregateKeys.entries(change.id))
      if case .enter(let entering) = change {
        // A first generation's rows, which nearly all feeds have; others are asked for.
        keys.append(AggregateKeys.header(1, entering.group))
        keys.append(AggregateKeys.actor(1, entering.group, entering.actor))
      }
    }
    return keys
  }

  /// Makes the changes in order. The result stands only if nothing is missing afterwards.
  mutating func make(_ changes: [AggregateChange]) throws(StoreError) {
    do throws(FormatError) {
      for change in changes { try make(change) }
      if missing.isEmpty { for hash in touchedHeaders { try refillHead(hash) } }
    } catch {
      throw .unknownFormat("a row of an aggregated feed: \(error)")
    }
  }

  // MARK: Rows as they are now

  /// A row as it was read; asks for it where it was not, and takes it for absent until then.
  private mutating func row(_ key: RowKey) -> VersionedValue? {
    if let known = rows[key] { return known }
    missing.append(key)
    return nil
  }

  private mutating func currentState() throws(FormatError) -> AggregateState? {
    if let state { return state }
    guard let row = row(AggregateKeys.state) else { return nil }
    state = try AggregateState(row.value)
    return state
  }

  mutating func generation() throws(FormatError) -> UInt32 { try currentState()?.generation ?? 1 }

  private mutating func entries(_ id: ActivityID) throws(FormatError) -> EntrySet {
    if let set = sets[id] { return set }
    let row = row(AggregateKeys.entries(id))
    let set = try row.map { row throws(FormatError) in try EntrySet(row.value) } ?? EntrySet()
    sets[id] = set
    return set
  }

  private mutating func put(_ set: EntrySet, _ id: ActivityID) {
    if sets[id] == set { return }
    sets[id] = set
    if !touchedSets.contains(id) { touchedSets.append(id) }
  }

  private mutating func header(_ hash: GroupHash) throws(FormatError) -> GroupHeader? {
    if let header = headers[hash] { return header }
    let row = row(AggregateKeys.header(try generation(), hash))
    let header = try row.map { row throws(FormatError) in try GroupHeader(row.value) }
    headers[hash] = .some(header)
    return header
  }

  private mutating func put(_ header: GroupHeader?, _ hash: GroupHash) {
    headers[hash] = .some(header)
    if !touchedHeaders.contains(hash) { touchedHeaders.append(hash) }
  }

  private mutating func count(_ key: ActorKey) throws(FormatError) -> UInt64 {
    if let count = actors[key] { return count }
    let row = row(AggregateKeys.actor(try generation(), key.group, key.actor))
    let count = try row.map { row throws(FormatError) in
      var reader = ByteReader(row.value)
      _ = try reader.format(1...1)
      return try reader.integer(UInt64.self)
    }
    actors[key] = count ?? 0
    return count ?? 0
  }

  /// Counts an actor's members up or down; gives by how many the group's actors change.
  private mutating func count(
    _ actor: GroupHash, in group: GroupHash, by delta: Int64
  ) throws(FormatError) -> Int64 {
    let key = ActorKey(group: group, actor: actor)
    let before = try count(key)
    let after = UInt64(max(0, Int64(before) + delta))
    actors[key] = after
    if !touchedActors.contains(key) { touchedActors.append(key) }
    return (after > 0 ? 1 : 0) - (before > 0 ? 1 : 0)
  }

  // MARK: Changes

  private mutating func make(_ change: AggregateChange) throws(FormatError) {
    var set = try entries(change.id)
    let before = set.shown
    switch change {
    case .enter(let entering): try enter(entering, &set)
    case .leave(let id, let mark, let leavesMark):
      set.citations.removeAll { $0.via == mark.via && $0.placement == mark.placement }
      set.hidden.removeAll { $0.via == mark.via && $0.placement == mark.placement }
      if leavesMark, !set.gone.contains(mark) { set.gone.append(mark) }
      try settle(id, &set, from: before)
    case .endRelation(let id, let via, let edge, let last, let keepsHides):
      let ended = { (citation: Citation) in
        citation.via == via && citation.edge == edge && citation.arrival > last
      }
      let dropped = set.citations.filter(ended)
      set.citations.removeAll(where: ended)
      // A hide that stays must outlive what it hides.
      set.hidden.removeAll { hide in
        hide.via == via && hide.edge == edge
          && (!keepsHides || dropped.contains { $0.via == via && $0.placement == hide.placement })
      }
      try settle(id, &set, from: before)
    case .hide(let id, let hidden):
      for hide in hidden where !set.hidden.contains(hide) { set.hidden.append(hide) }
      try settle(id, &set, from: before)
    case .renew(let id, let actor, let version):
      try renew(&set, actor, version)
      put(set, id)
    case .forget(let id, let mark):
      set.gone.removeAll { $0 == mark }
      put(set, id)
    case .regroup(let id, let group, let key): try regroup(id, &set, group, key)
    }
  }

  private mutating func enter(_ entering: AggregateChange.Entering, _ set: inout EntrySet) throws(FormatError) {
    let citation = entering.citation
    let mark = EntrySet.Gone(via: citation.via, placement: citation.placement)
    if set.gone.contains(mark), !faults.contains(.noGone) { return }
    if citation.via != 0, try isEnded(citation) { return }
    let before = set.shown
    if !set.citations.contains(where: {
      $0.via == citation.via && $0.placement == citation.placement && $0.edge == citation.edge
    }) {
      set.citations.append(citation)
    }
    guard let shown = set.shown else { return put(set, entering.id) }
    if set.membership == nil || faults.contains(.membersTwice) {
      try join(entering, shown, &set)
    } else {
      try renew(&set, entering.actor, entering.version)
      try settle(entering.id, &set, from: before)
    }
    put(set, entering.id)
  }

  /// Whether the relation that the citation came by has ended for it.
  private mutating func isEnded(_ citation: Citation) throws(FormatError) -> Bool {
    heedsEdges = true
    if !endsRead {
      let row = row(FeedKeys.edges)
      if let row { ends = try EdgesRow(row.value).ends }
      endsRead = true
    }
    let row = row(FeedKeys.edges)
    var all = ends
    if let row, try EdgesRow(row.value).more > 0, let more = self.row(FeedKeys.moreEnds(citation.via)) {
      all += try EdgesRow.decodeMore(more.value)
    }
    return all.contains {
      $0.source == citation.via && $0.epoch == citation.edge && citation.arrival > $0.last
    }
  }

  private mutating func join(
    _ entering: AggregateChange.Entering, _ shown: Citation, _ set: inout EntrySet
  ) throws(FormatError) {
    set.membership = EntrySet.Membership(
      group: entering.group, actor: entering.actor, version: entering.version, entered: .zero)
    try admit(entering.id, shown, entering.group, entering.key, entering.actor, format: entering.format)
    entered.insert(entering.group)
  }

  /// Counts the activity in a group, which begins with it if it is the first.
  private mutating func admit(
    _ id: ActivityID, _ shown: Citation, _ group: GroupHash, _ key: String, _ actor: GroupHash, format: UInt64
  ) throws(FormatError) {
    if try currentState() == nil { state = AggregateState(format: format) }
    if state?.groups == 0 {
      state?.format = format
      state?.converting = 0
    }
    if state?.format != format { meetsOtherFormat = true }
    var header: GroupHeader
    if let old = try self.header(group) {
      header = old
    } else {
      header = GroupHeader(hash: group, key: key, createdAt: ActivityTime(ticks: id.ticks))
      state?.groups += 1
    }
    let coversAll = header.head.count == Int(clamping: header.activities)
    header.activities += 1
    header.actors = UInt64(max(0, Int64(header.actors) + (try count(actor, in: group, by: 1))))
    let item = GroupHeader.Head(id: id, member: GroupMember(shown))
    let place = header.head.firstIndex { $0.id < id } ?? header.head.count
    if place < header.head.count || coversAll { header.head.insert(item, at: place) }
    put(header, group)
    members[group, default: [:]][id] = .some(item.member)
  }

  /// Takes the activity out of a group, which ends with its last (feeds G7).
  private mutating func dismiss(
    _ id: ActivityID, _ membership: EntrySet.Membership
  ) throws(FormatError) {
    guard var header = try header(membership.group) else { return }
    header.activities -= min(1, header.activities)
    header.actors = UInt64(max(0, Int64(header.actors) + (try count(membership.actor, in: membership.group, by: -1))))
    header.head.removeAll { $0.id == id }
    members[membership.group, default: [:]][id] = .some(nil)
    if header.activities == 0 {
      put(nil, membership.group)
      if let groups = state?.groups, groups > 0 { state?.groups = groups - 1 }
    } else {
      put(header, membership.group)
    }
  }

  /// Brings the membership in line with the citations that are left; `before`: the one that was shown.
  private mutating func settle(
    _ id: ActivityID, _ set: inout EntrySet, from before: Citation?
  ) throws(FormatError) {
    defer { put(set, id) }
    guard let membership = set.membership else { return }
    guard let shown = set.shown else {
      set.membership = nil
      return try dismiss(id, membership)
    }
    if shown == before { return }
    // Another origin is shown now.
    let member = GroupMember(shown)
    members[membership.group, default: [:]][id] = .some(member)
    guard var header = try header(membership.group), let place = header.head.firstIndex(where: { $0.id == id }) else {
      return
    }
    header.head[place].member = member
    put(header, membership.group)
  }

  /// Counts the activity under the actor it has by a newer version of its body.
  private mutating func renew(
    _ set: inout EntrySet, _ actor: GroupHash, _ version: Stamp
  ) throws(FormatError) {
    guard var membership = set.membership else { return }
    guard version > membership.version || faults.contains(.anyVersion) else { return }
    if actor != membership.actor {
      guard var header = try header(membership.group) else { return }
      var delta = try count(membership.actor, in: membership.group, by: -1)
      delta += try count(actor, in: membership.group, by: 1)
      header.actors = UInt64(max(0, Int64(header.actors) + delta))
      put(header, membership.group)
    }
    membership.actor = actor
    membership.version = version
    set.membership = membership
  }

  /// Moves a member to another group; a group made so is as seen and as read as all that came into it (feeds J1a).
  private mutating func regroup(
    _ id: ActivityID, _ set: inout EntrySet, _ group: GroupHash, _ key: String
  ) throws(FormatError) {
    guard var membership = set.membership, membership.group != group, let shown = set.shown,
      let state = try currentState(), let from = try header(membership.group)
    else { return }
    let before = try header(group)
    let isSeen = from.isSeen(state) && before?.isSeen(state) ?? true
    let isRead = from.isRead(state) && before?.isRead(state) ?? true
    try dismiss(id, membership)
    try admit(id, shown, group, key, membership.actor, format: state.format)
    membership.group = group
    set.membership = membership
    put(set, id)
    guard var header = try header(group) else { return }
    header.entered = max(header.entered, from.entered)
    header.seenAt = isSeen ? header.entered : .zero
    header.readAt = isRead ? header.entered : .zero
    put(header, group)
  }
}
