import Jobs
import KeevoClient
import Model

/// Changes of `to` (feeds 2.6, F21): feeds gained get the activity and spread it, feeds lost lose it with the followers served
/// through them, by one write to the record.
extension FeedEngine {
  public func updateTargets(
    _ requests: [TargetsChange], in feed: FeedID, _ context: ChangeContext
  ) async throws(FeedError) -> [TargetsOutcome] {
    // All are looked at before any is changed.
    let ids = requests.map(\.id)
    let states = try await asked { () throws(StoreError) in try await self.states(ids, context.app) }
    for (id, state) in zip(ids, states) {
      do throws(FeedError) { try await require(id, state, in: feed, context.app) } catch {
        // Perhaps an earlier attempt took it from the feed and died: the rest of its work is still to be shown.
        try await asked { () throws(StoreError) in try await finishPending(id, context) }
        throw error
      }
    }
    var outcomes: [TargetsOutcome] = []
    // One after another: several may name one activity.
    for request in requests { outcomes.append(try await updateTargets(request, feed, context)) }
    return outcomes
  }

  private func updateTargets(
    _ request: TargetsChange, _ feed: FeedID, _ context: ChangeContext
  ) async throws(FeedError) -> TargetsOutcome {
    let changed = try await change([request.id], context) { (_, state) throws(FeedError) -> ActivityPlan? in
      guard let record = state.record, record.idVersion == request.id.version else { throw .missing(request.id) }
      let before = state.placements
      let to = before.filter { $0.kind == .to }
      let wanted = Self.targets(request.change, before: to.map(\.feed), of: feed.nameBytes)
      let names = Set(wanted)
      let standing = Set(to.map(\.feed))
      // What stays stands in the order of the new list.
      var stays = wanted.compactMap { name in to.first { $0.feed == name } }
      var gone = to.filter { !names.contains($0.feed) }
      if options.faults.contains(.targetsStay) { (stays, gone) = (stays + gone, []) }
      return ActivityPlan(
        record: record, kept: before.filter { $0.kind != .to } + stays,
        placed: wanted.filter { !standing.contains($0) }.map { Placement(feed: $0, kind: .to) },
        gone: gone, feed: feed.nameBytes, actor: record.actor)
    }
    await show("targets", changed, context)
    guard let change = changed[0], let stored = change.stored else { throw .missing(request.id) }
    return TargetsOutcome(
      activity: stored, added: change.placed.compactMap { FeedID(nameBytes: $0.feed) },
      removed: change.gone.compactMap { FeedID(nameBytes: $0.feed) })
  }

  /// The new list, without repetitions and without the feed itself, unless it is a target already (feeds F8).
  private static func targets(_ change: TargetsChange.Change, before: [[UInt8]], of feed: [UInt8]) -> [[UInt8]] {
    var seen: Set<[UInt8]> = before.contains(feed) ? [] : [feed]
    switch change {
    case .replace(let feeds): return feeds.map(\.nameBytes).filter { seen.insert($0).inserted }
    case .edit(let added, let removed):
      let lost = Set(removed.map(\.nameBytes))
      return before.filter { !lost.contains($0) && seen.insert($0).inserted }
        + added.map(\.nameBytes).filter { seen.insert($0).inserted }
    }
  }

  /// The activity must be in the feed, in its own right or by a follow (feeds F21).
  private func require(
    _ id: ActivityID, _ state: ActivityState, in feed: FeedID, _ app: AppID
  ) async throws(FeedError) {
    guard let record = state.record, record.idVersion == id.version else { throw .missing(id) }
    let name = feed.nameBytes
    if state.placements.contains(where: { $0.feed == name }) { return }
    if try await asked({ () throws(StoreError) in try await holdsInGroup(id, name, app) }) { return }
    let page = try await asked { () throws(StoreError) in
      try await walk(feed, app, EntryKey.range(id), PageRequest(limit: 1))
    }
    if page.items.isEmpty { throw .missing(id) }
  }

  /// Removes activities everywhere (feeds S5); what is not there is no error.
  public func erase(
    _ erasures: [(id: ActivityID, feeds: [FeedID])], _ context: ChangeContext
  ) async throws(FeedError) {
    let ids = erasures.map(\.id)
    let changed = try await change(ids, context) { (_, state) throws(FeedError) -> ActivityPlan? in
      guard let record = state.record else { return nil }
      return ActivityPlan(record: nil, kept: [], gone: state.placements, actor: record.actor)
    }
    await show("erasure", changed, context)
    for (id, feeds) in erasures {
      for feed in feeds { try await remove(id, from: feed, context) }
    }
  }
}
