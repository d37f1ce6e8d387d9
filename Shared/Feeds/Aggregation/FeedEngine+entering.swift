import JSON
import KeevoClient
import Model

/// An activity on its way into aggregated feeds: its record of one version, read once for all of them.
struct EnteringActivity: Sendable {
  let id: ActivityID
  let record: ActivityRecord
  let version: Stamp
  let subject: AggregationSubject
  let actor: GroupHash
  /// Keys by the group's slug, as far as they do not depend on the feed.
  private var keys: [String: String] = [:]

  init(_ id: ActivityID, _ record: ActivityRecord, version: Stamp) throws(StoreError) {
    self.id = ActivityID(ticks: id.ticks, low: id.low)
    self.record = record
    self.version = version
    do {
      subject = try AggregationSubject(record.stored(id, version: version))
    } catch {
      throw .unknownFormat("the body of an activity: \(error)")
    }
    actor = GroupHash(actor: subject.actor)
  }

  /// The key and hash of the activity's group in a feed.
  mutating func group(
    in feed: [UInt8], _ slug: String, _ format: AggregationFormat
  ) -> (key: String, hash: GroupHash)? {
    guard let name = FeedID(nameBytes: feed) else { return nil }
    let key: String
    if !format.usesFeed, let known = keys[slug] {
      key = known
    } else {
      key = format.key(subject, feed: name)
      keys[slug] = key
    }
    return (key, GroupHash(key: key, feed: feed))
  }
}

extension FeedEngine {
  /// The change that brings an activity into an aggregated feed; `nil` where the group's format does not compile: then the
  /// feed does not get it (feeds J9).
  func entering(
    _ activity: inout EnteringActivity, via: [UInt8]?, _ placement: CitedPlacement, edge: Stamp, arrival: Stamp,
    into feed: [UInt8], _ group: FeedGroup, notAfterMilliseconds fence: UInt64
  ) -> FeedChange? {
    guard case .format(let format) = formats.format(of: group),
      let place = activity.group(in: feed, group.slug, format)
    else { return nil }
    let order = placement.order
    let citation = Citation(
      via: via.map { FeedKeys.feedHash($0) } ?? 0, placement: order.epoch, edge: edge, arrival: arrival,
      kind: placement.kind, position: UInt16(clamping: order.number) & 0x7FFF | (order.inRow ? 0x8000 : 0))
    return FeedChange(
      feed, AggregateRules(group),
      .enter(
        .init(
          id: activity.id, citation: citation, group: place.hash, key: place.key, format: format.fingerprint,
          actor: activity.actor, version: activity.version)), notAfterMilliseconds: fence)
  }

  /// The change that takes an activity out of an aggregated feed, as far as it came by that placement.
  func leaving(
    _ id: ActivityID, via: [UInt8]?, _ placement: Stamp, _ feed: [UInt8], _ group: FeedGroup, leavesMark: Bool = true
  ) -> FeedChange {
    let mark = AggregateMark(via: via.map { FeedKeys.feedHash($0) } ?? 0, placement: placement)
    return FeedChange(
      feed, AggregateRules(group),
      .leave(ActivityID(ticks: id.ticks, low: id.low), mark, leavesMark: leavesMark))
  }

  /// Puts an activity into an aggregated feed that it was added to or addressed at, and looks again: what has changed
  /// meanwhile is taken over, what has gone is taken back (B15).
  func enterOwn(
    _ id: ActivityID, _ feed: [UInt8], _ group: FeedGroup, _ epoch: Stamp, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) {
    for _ in 0..<options.contentionTriesMax {
      let fence = fence()
      let (record, version) = try await activityRecord(id, app)
      guard let record, let version, let placement = try await placement(id, record, feed, epoch, app) else {
        try await aggregate([leaving(id, via: nil, epoch, feed, group)], app, traceID)
        return
      }
      var activity = try EnteringActivity(id, record, version: version)
      guard
        let change = entering(
          &activity, via: nil, placement, edge: .zero, arrival: .zero, into: feed, group, notAfterMilliseconds: fence)
      else { return }
      if case .late? = try await aggregate([change], app, traceID).first { continue }
      if options.faults.contains(.noSecondLook) { return }
      if try await activityRecord(id, app).version == version { return }
    }
    throw .overloaded("an activity changes again and again")
  }

  /// The placement of that epoch by which the feed has the activity; `nil` once it has gone.
  func placement(
    _ id: ActivityID, _ record: ActivityRecord, _ feed: [UInt8], _ epoch: Stamp, _ app: AppID
  ) async throws(StoreError) -> CitedPlacement? {
    let key = EntryKey(id, via: 0, placement: epoch, edge: .zero)
    return try await cited([(record, key)], in: feed, app)[0]
  }

  /// Whether an aggregated feed shows the activity.
  func holdsInGroup(_ id: ActivityID, _ feed: [UInt8], _ app: AppID) async throws(StoreError) -> Bool {
    guard try aggregatedGroup(ofFeed: feed, app) != nil,
      let row = try await get(FeedKeys.feed(named: feed, app.rawValue), AggregateKeys.entries(id))
    else { return false }
    do { return try EntrySet(row.value).membership != nil } catch { throw .unknownFormat("an entry set: \(error)") }
  }

  /// A feed's followers, those with flat feeds apart from those with aggregated ones.
  struct Followers: Sendable {
    typealias Follower = (source: [UInt8], edge: FollowerEdge)
    var flat: [Follower] = []
    var aggregated: [(source: [UInt8], edge: FollowerEdge, group: FeedGroup)] = []
  }

  func followers(_ rows: some Collection<Row>, _ app: AppID) throws(StoreError) -> Followers {
    var out = Followers()
    for (source, edge) in try decode(rows) {
      if let group = try aggregatedGroup(ofFeed: source, app) {
        out.aggregated.append((source, edge, group))
      } else {
        out.flat.append((source, edge))
      }
    }
    return out
  }

  /// The changes that give one placement's activity to followers with aggregated feeds.
  func entering(
    _ activity: inout EnteringActivity, _ placement: CitedPlacement, _ arrival: Stamp,
    into followers: [(source: [UInt8], edge: FollowerEdge, group: FeedGroup)], notAfterMilliseconds fence: UInt64
  ) -> [FeedChange] {
    var changes: [FeedChange] = []
    for (source, edge, group) in followers {
      for relation in edge.epochs(taking: arrival, options.faults) {
        let change = entering(
          &activity, via: placement.feed, placement, edge: relation, arrival: arrival, into: source, group,
          notAfterMilliseconds: fence)
        if let change { changes.append(change) }
      }
    }
    return changes
  }

  /// Takes an activity out of its followers' aggregated feeds. Where the relation has ended for good, the feed's own note of that
  /// keeps late ones out, and no mark is needed.
  func leaving(
    _ id: ActivityID, via feed: [UInt8], _ epoch: Stamp,
    of followers: [(source: [UInt8], edge: FollowerEdge, group: FeedGroup)]
  ) -> [FeedChange] {
    followers.map { follower in
      leaving(
        id, via: feed, epoch, follower.source, follower.group,
        leavesMark: follower.edge.state == .live || follower.edge.kept)
    }
  }
}
