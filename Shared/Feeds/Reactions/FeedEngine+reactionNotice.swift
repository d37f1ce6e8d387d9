import Jobs
import KeevoClient
import Model

/// The activity that a reaction puts into its target feeds (feeds R8, R10): one activity, with a placement of its own in
/// each feed.
extension FeedEngine {
  static func noticeID(_ record: ReactionRecord) -> ActivityID { notice(record).id(at: record.createdAt) }

  private static func notice(_ record: ReactionRecord) -> ActivityInput {
    let foreignID = "reaction:\(record.path.id)"
    return ActivityInput(
      actor: "SU:" + String(decoding: record.user, as: UTF8.self),
      verb: String(decoding: record.path.kind, as: UTF8.self), object: "SA:\(record.path.activity)",
      foreignID: foreignID, time: record.createdAt,
      customMembers: Array(#","reaction":"SR:\#(record.path.id)""#.utf8) + record.extra,
      idLowBits: ActivityInput.idLowBits(ofForeignID: foreignID))
  }

  /// Makes the activity be in `feeds`, as of version `order` of the record. Who knows of a later version is left alone, and
  /// nothing is written later than `fence`: a day after a deletion the row that would refuse it is collected.
  func reconcileNotice(
    _ record: ReactionRecord, order: Stamp, feeds: [[UInt8]], fence: UInt64, _ app: AppID, _ traceID: [UInt8]
  ) async throws(JobError) {
    let input = Self.notice(record)
    let draft = Draft(
      input: input, id: input.id(at: record.createdAt), time: record.createdAt,
      foreignIDHash: FeedKeys.foreignIDHash(input.foreignID))
    let context = ChangeContext(app: app, traceID: traceID)
    let partition = FeedKeys.activity(draft.id, app)
    do throws(FeedError) {
      if !feeds.isEmpty {
        try await asked { () throws(StoreError) in try await writeHints([draft], notAfter: fence, context) }
      }
      let changes = try await change([draft.id], context) { (_, state) throws(FeedError) -> ActivityPlan? in
        let row = try await asked { () throws(StoreError) in try await get(partition, NoticeRow.key) }
        return try plan(draft, state, row, order: order, feeds: feeds, fence: fence)
      }
      let changed = changes.compactMap { $0 }
      do throws(JobError) {
        // Aggregated feeds lose it before the answer, as with every removal (B13).
        for change in changed {
          if let garbage = change.garbage { try await clear(garbage, app) }
        }
        try await spread(changed.flatMap(\.fanOuts), app, traceID)
      } catch { throw .store(error.store) }
    } catch .store(let error) {
      throw .store(error)
    } catch .contention {
      throw .store(.overloaded("an activity in target feeds is changed again and again"))
    } catch {
      throw .impossible("the activity of a reaction: \(error)")
    }
  }

  /// What is to become of the activity; `nil`: it is in step with that version of the reaction, or a later one.
  private func plan(
    _ draft: Draft, _ state: ActivityState, _ row: VersionedValue?, order: Stamp, feeds: [[UInt8]], fence: UInt64
  ) throws(FeedError) -> ActivityPlan? {
    var noticed: NoticeRow?
    do throws(FormatError) { if let row { noticed = try NoticeRow(row.value) } } catch {
      throw .store(.unknownFormat("a reaction's notice: \(error)"))
    }
    if let noticed, noticed.order >= order, !options.faults.contains(.noticesReturn) { return nil }
    if timing.wallMilliseconds() > fence {
      throw .store(.overloaded("a reaction's record was read more than an hour ago"))
    }
    let before = noticed?.feeds ?? []
    var kept = state.placements
    var gone: [Placement] = []
    for feed in before where !feeds.contains(feed) {
      gone += kept.filter { $0.feed == feed && $0.kind == .own }
      kept.removeAll { $0.feed == feed && $0.kind == .own }
    }
    let placed = feeds.filter { feed in
      !before.contains(feed) && !kept.contains { $0.feed == feed && $0.kind == .own }
    }.map { Placement(feed: $0, kind: .own) }
    if placed.isEmpty, kept.allSatisfy({ $0.kind == .to }) {
      gone += kept
      kept = []
    }
    let isGone = kept.isEmpty && placed.isEmpty
    return ActivityPlan(
      record: isGone ? nil : record(draft), kept: kept, placed: placed, gone: gone, feed: gone.first?.feed ?? [],
      foreignID: draft.input.foreignID,
      conditions: [
        row.map { .versionEquals(NoticeRow.key, $0.version) } ?? .absent(NoticeRow.key),
        .notAfter(milliseconds: fence),
      ],
      operations: [.put(NoticeRow.key, value: NoticeRow(order: order, feeds: feeds).encoded)])
  }
}
