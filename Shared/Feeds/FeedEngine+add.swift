import Jobs
import KeevoClient
import Model

extension FeedEngine {
  /// An activity on its way into the store.
  struct Draft: Sendable {
    var input: ActivityInput
    var id: ActivityID
    var time: ActivityTime
    var foreignIDHash: [UInt8]
  }

  /// A fan-out that the first batch of a request has made durable: the job, with what it is to do.
  struct Committed: Sendable {
    var id: ActivityID
    var version: Stamp
    var record: ActivityRecord
    var job: (lease: JobLease, items: [FanOutPayload.Item])
    /// Whether aggregated feeds must count the activity under another actor.
    var renews = false
    /// The foreign id whose hint is to be written again; empty where none is.
    var foreignID = ""
  }

  public func add(
    _ activities: [ActivityInput], to feed: FeedID, _ context: ChangeContext
  ) async throws(FeedError) -> [StoredActivity] {
    let drafts = try await drafts(activities, context)
    let name = feed.nameBytes
    let changes = try await place(drafts, context) { draft in
      [Placement(feed: name, kind: .own)]
        + draft.input.to.map(\.nameBytes).filter { $0 != name }.map { Placement(feed: $0, kind: .to) }
    }
    return changes.compactMap { $0?.stored }
  }

  public func addToMany(
    _ activity: ActivityInput, feeds: [FeedID], _ context: ChangeContext
  ) async throws(FeedError) {
    let drafts = try await drafts([activity], context)
    let places = feeds.map { Placement(feed: $0.nameBytes, kind: .many) }
    _ = try await place(drafts, context) { _ in places }
  }

  /// Writes the activities with new placements where they do not stand yet, and spreads these.
  private func place(
    _ drafts: [Draft], _ context: ChangeContext, _ places: (Draft) -> [Placement]
  ) async throws(FeedError) -> [ChangedActivity?] {
    try await asked { () throws(StoreError) in try await writeHints(drafts, context) }
    let changes = try await change(drafts.map(\.id), fresh: true, context) { index, state in
      let draft = drafts[index]
      let kept = state.placements
      var known = Set(kept.map { Place(feed: $0.feed, kind: $0.kind) })
      return ActivityPlan(
        record: record(draft), kept: kept,
        placed: places(draft).filter { known.insert(Place(feed: $0.feed, kind: $0.kind)).inserted },
        actor: draft.input.actor, foreignID: draft.input.foreignID)
    }
    await show("fan-out", changes, context)
    return changes
  }

  private struct Place: Hashable {
    var feed: [UInt8]
    var kind: Placement.Kind
  }

  /// The record of new content, its placements and `to` still to come.
  func record(_ draft: Draft) -> ActivityRecord {
    ActivityRecord(
      idVersion: draft.id.version, foreignIDHash: draft.foreignIDHash, placements: [],
      body: ActivityBody(draft.input, id: draft.id, time: draft.time, to: []))
  }

  private func drafts(_ activities: [ActivityInput], _ context: ChangeContext) async throws(FeedError) -> [Draft] {
    let missing = activities.count { $0.time == nil }
    var given =
      missing == 0
      ? [][...] : try await asked { () throws(StoreError) in try await times.next(missing, app: context.app) }[...]
    return activities.map { input in
      let time = input.time ?? given.removeFirst()
      return Draft(
        input: input, id: input.id(at: time), time: time,
        foreignIDHash: input.foreignID.isEmpty ? [] : FeedKeys.foreignIDHash(input.foreignID))
    }
  }

  /// Hints from foreign ids to ids, before the records: a removal by foreign id must find every record. The fan-out writes them
  /// again: a collection may have seen the record gone, and take away the hint of one that has come meanwhile.
  func writeHints(
    _ drafts: [Draft], notAfter fence: UInt64? = nil, _ context: ChangeContext
  ) async throws(StoreError) {
    let batches = drafts.filter { !$0.foreignIDHash.isEmpty }.map { draft in
      hint(
        draft.id, draft.input.foreignID, context.app, fence.map { [.notAfter(milliseconds: $0)] } ?? [])
    }
    _ = try await write(batches, context.traceID)
  }

  /// Puts the hint from a foreign id to an activity: a new version even where there is one.
  func hint(
    _ id: ActivityID, _ foreignID: String, _ app: AppID, _ conditions: [Condition] = []
  ) -> SubBatch {
    SubBatch(
      partition: FeedKeys.foreignID(hash: FeedKeys.foreignIDHash(foreignID), app), conditions: conditions,
      operations: [.put(FeedKeys.foreignIDHint(id), value: FeedKeys.hintValue(foreignID))])
  }

  /// Replaces content wholly, or creates the activity in no feed (feeds F14). `to` and the feeds stay.
  public func update(_ activities: [ActivityInput], _ context: ChangeContext) async throws(FeedError) {
    let drafts = try await drafts(activities, context)
    let changes = try await change(drafts.map(\.id), context) { index, state in
      ActivityPlan(record: record(drafts[index]), kept: state.placements, actor: drafts[index].input.actor)
    }
    await show("update", changes, context)
  }

  public func activities(_ ids: [ActivityID], app: AppID) async throws(FeedError) -> [StoredActivity?] {
    do throws(StoreError) {
      let rows = try await multiGet(ids.map { .init(partition: FeedKeys.activity($0, app), key: FeedKeys.record) })
      var out: [StoredActivity?] = []
      for (id, row) in zip(ids, rows) {
        guard let row, let record = try record(row), record.idVersion == id.version else {
          out.append(nil)
          continue
        }
        out.append(record.stored(id, version: row.version))
      }
      return out
    } catch {
      throw .store(error)
    }
  }
}
