import Jobs
import KeevoClient
import Model

/// Follows between push and pull (B12): how one relation is switched, unseen by readers.
///
/// To pull: record and `edges` take the target's stamp first, so that reads merge what arrives later; then the edge, so that
/// fan-outs, whenever they run, push what arrived up to it and nothing else. Back: the record takes a turn, then the edge is
/// pushed to again, then what was pulled until then is copied, and last record and `edges` say so. Both ways an activity may be
/// found twice for a while; readers collapse equal ids.
extension FeedEngine {
  /// Record and `edges` of a feed for one of its relations.
  private struct Relation {
    var key: RowKey
    var version: Stamp
    var record: FollowRecord
    var edges: EdgesRow
    var edgesVersion: Stamp?

    var edgesCondition: Condition {
      edgesVersion.map { .versionEquals(FeedKeys.edges, $0) } ?? .absent(FeedKeys.edges)
    }
  }

  private func relation(
    _ partition: Partition, _ target: [UInt8]
  ) async throws(StoreError) -> Relation? {
    let key = FeedKeys.follow(target)
    let rows = try await multiGet([key, FeedKeys.edges].map { .init(partition: partition, key: $0) })
    guard let row = rows[0], let record = try followRecord(row) else { return nil }
    return Relation(
      key: key, version: row.version, record: record, edges: try edgesRow(rows[1]), edgesVersion: rows[1]?.version)
  }

  func edgesRow(_ row: VersionedValue?) throws(StoreError) -> EdgesRow {
    guard let row else { return EdgesRow() }
    do { return try EdgesRow(row.value) } catch { throw .unknownFormat("edges: \(error)") }
  }

  /// Begins to pull a relation that is pushed, unless the feed pulls as many as it may. Gives the job that goes on; `nil` where
  /// nothing is to be done. `condition`: of the feed's partition, and must hold as well.
  func beginPull(
    _ source: [UInt8], _ target: [UInt8], _ app: AppID, _ traceID: [UInt8], if condition: Condition? = nil
  ) async throws(StoreError) -> JobLease? {
    // Aggregated feeds count what enters them: they are always pushed to.
    if try aggregatedGroup(ofFeed: source, app) != nil { return nil }
    let partition = FeedKeys.feed(named: source, app.rawValue)
    for _ in 0..<options.contentionTriesMax {
      guard var relation = try await relation(partition, target), relation.record.state == .live,
        relation.record.pullAfter == .max, relation.edges.pulls.count < options.pullEdgesMax
      else { return nil }
      let stamp = try await readStamp(FeedKeys.feed(named: target, app.rawValue))
      relation.record.pullAfter = stamp.rawValue
      relation.edges.pulls.append(
        PullEdge(
          target: target, epoch: relation.record.epoch, after: stamp, madeAtMilliseconds: timing.wallMilliseconds()))
      let job = relay(RelayPayload(target: target, epoch: relation.record.epoch, pulls: true, after: stamp), traceID)
      let conditions = [.versionEquals(relation.key, relation.version), relation.edgesCondition]
      let result = try await write(
        [
          SubBatch(
            partition: partition, conditions: conditions + (condition.map { [$0] } ?? []),
            operations: [
              .put(relation.key, value: relation.record.encoded, valueStampAt: [FollowRecord.turnOffset]),
              .put(FeedKeys.edges, value: relation.edges.encoded), JobID.make(job),
            ])
        ], traceID)[0]
      if result.applied { return lease(partition, job, result) }
      if result.failedCondition == conditions.count { return nil }
    }
    throw .overloaded("a follow that is to be pulled changes again and again")
  }

  /// Begins to push a relation again that is pulled. Gives the job that goes on; `nil` where nothing is to be done.
  func beginPush(
    _ source: [UInt8], _ target: [UInt8], _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) -> JobLease? {
    let partition = FeedKeys.feed(named: source, app.rawValue)
    for _ in 0..<options.contentionTriesMax {
      guard let relation = try await relation(partition, target), relation.record.state == .live,
        relation.record.pullAfter != .max
      else { return nil }
      let payload = RelayPayload(
        target: target, epoch: relation.record.epoch, pulls: false, after: Stamp(relation.record.pullAfter))
      let job = relay(payload, traceID)
      let result = try await write(
        [
          SubBatch(
            partition: partition, conditions: [.versionEquals(relation.key, relation.version)],
            operations: [
              .put(relation.key, value: relation.record.encoded, valueStampAt: [FollowRecord.turnOffset]),
              JobID.make(job),
            ])
        ], traceID)[0]
      if result.applied { return lease(partition, job, result) }
    }
    throw .overloaded("a follow that is to be pushed changes again and again")
  }

  private func relay(_ payload: RelayPayload, _ traceID: [UInt8]) -> JobRecord {
    JobRecord(
      kind: .relay, holder: holder, madeAtMilliseconds: timing.wallMilliseconds(), traceID: traceID,
      payload: payload.encoded)
  }

  private func lease(_ partition: Partition, _ job: JobRecord, _ result: SubBatchResult) -> JobLease {
    JobLease(
      JobID(partition: partition, stamp: result.stamp), record: job, version: result.stamp, store: store, timing: timing
    )
  }

  /// The job of a switch.
  func relay(_ lease: JobLease) async throws(JobError) {
    let app = AppID(lease.id.partition.app)
    let source = FeedKeys.feedName(of: lease.id.partition)
    let turn = lease.id.stamp
    let payload: RelayPayload
    do { payload = try RelayPayload(lease.record.payload) } catch { throw .format(error) }
    do throws(StoreError) {
      _ = try await setEdge(source, payload.target, app, lease.record.traceID) { record in
        guard record.turn == turn, record.state == .live else { return nil }
        var edge = FollowerEdge(record, state: .live, turn: turn)
        edge.pullAfter = payload.pulls ? payload.after.rawValue : .max
        return edge
      }
    } catch {
      throw .store(error)
    }
    switches.increment()
    if payload.pulls { return try await lease.finish() }
    try await lease.renewIfDue()
    // A later turn has its own job.
    guard try await isStanding(lease, payload) else { return try await lease.finish() }
    if !options.faults.contains(.backWithoutCopy) {
      try await take(payload.target, payload.epoch, after: payload.after, lease, app)
    }
    try await closePull(lease) { (relation) in
      guard relation.turn == turn else { return nil }
      var record = relation
      record.pullAfter = .max
      return record
    }
  }

  private func isStanding(_ lease: JobLease, _ payload: RelayPayload) async throws(JobError) -> Bool {
    do throws(StoreError) {
      let record = try followRecord(try await get(lease.id.partition, FeedKeys.follow(payload.target)))
      return record?.turn == lease.id.stamp
    } catch {
      throw .store(error)
    }
  }

  /// Copies into the feed of the job what arrived in `target` after a stamp, up to now or to `last`.
  func take(
    _ target: [UInt8], _ epoch: Stamp, after: Stamp, upTo last: Stamp? = nil, _ lease: JobLease, _ app: AppID
  ) async throws(JobError) {
    let via = FeedKeys.feedHash(target)
    let entries: [(key: EntryKey, value: EntryValue)]
    do throws(StoreError) {
      entries = try await arrived(in: target, after: after, upTo: last, app)
    } catch {
      throw .store(error)
    }
    var rest = entries[...]
    while !rest.isEmpty {
      let part = rest.prefix(options.stepRowsMax)
      rest = rest.dropFirst(part.count)
      try await lease.renewIfDue()
      try await lease.commit(
        .keep,
        operations: part.map { entry in
          let key = EntryKey(entry.key.id, via: via, placement: entry.key.placement, edge: epoch)
          return .put(key.row, value: entry.value.encoded)
        })
    }
  }

  /// Ends a relay job: the pull edge goes, and the record says so, if `changed` gives what it is to be.
  private func closePull(
    _ lease: JobLease, _ changed: (FollowRecord) -> FollowRecord?
  ) async throws(JobError) {
    let payload: RelayPayload
    do { payload = try RelayPayload(lease.record.payload) } catch { throw .format(error) }
    for _ in 0..<options.contentionTriesMax {
      let relation: Relation?
      do throws(StoreError) {
        relation = try await self.relation(lease.id.partition, payload.target)
      } catch {
        throw .store(error)
      }
      guard var relation, let record = changed(relation.record) else { return try await lease.finish() }
      if let index = relation.edges.pull(payload.target, payload.epoch) { relation.edges.pulls.remove(at: index) }
      let outcome = try await lease.commit(
        .finish, conditions: [.versionEquals(relation.key, relation.version), relation.edgesCondition],
        operations: [
          .put(relation.key, value: record.encoded), .put(FeedKeys.edges, value: relation.edges.encoded),
        ])
      if case .applied = outcome { return }
    }
    throw .store(.overloaded("the edges row changes again and again"))
  }

  /// Takes the pull edge of an ended relation away: what it kept has been copied.
  func dropPull(_ target: [UInt8], _ epoch: Stamp, _ lease: JobLease) async throws(JobError) {
    for _ in 0..<options.contentionTriesMax {
      let row: VersionedValue?
      var edges: EdgesRow
      do throws(StoreError) {
        row = try await get(lease.id.partition, FeedKeys.edges)
        edges = try edgesRow(row)
      } catch {
        throw .store(error)
      }
      guard let row, let index = edges.pull(target, epoch), edges.pulls[index].until != .max else { return }
      edges.pulls.remove(at: index)
      let outcome = try await lease.commit(
        .keep, conditions: [.versionEquals(FeedKeys.edges, row.version)],
        operations: [.put(FeedKeys.edges, value: edges.encoded)])
      if case .applied = outcome { return }
    }
    throw .store(.overloaded("the edges row changes again and again"))
  }

  /// Switches a relation to the other way, whatever the numbers say: for tests of what a switch may not change.
  func toggle(_ source: FeedID, _ target: FeedID, _ app: AppID) async throws(FeedError) {
    let lease = try await asked { () async throws(StoreError) -> JobLease? in
      if let lease = try await beginPull(source.nameBytes, target.nameBytes, app, []) { return lease }
      return try await beginPush(source.nameBytes, target.nameBytes, app, [])
    }
    guard let lease else { return }
    await visible("switch") { [self] () throws(JobError) in try await runOwn(lease) }
  }
}
