import Jobs
import KeevoClient
import Model

/// The job of a follow: the edge first, then the copy of what the target already has (B11).
extension FeedEngine {
  func copy(_ lease: JobLease) async throws(JobError) {
    let job = lease.record
    let app = AppID(lease.id.partition.app)
    let source = FeedKeys.feedName(of: lease.id.partition)
    let epoch = lease.id.stamp
    let payload: CopyPayload
    do { payload = try CopyPayload(job.payload) } catch { throw .format(error) }
    var pulls = false
    do throws(StoreError) {
      if !options.faults.contains(.copyBeforeEdge) {
        pulls = try await makeEdge(source, payload, epoch, app, job.traceID)
      }
    } catch {
      throw .store(error)
    }
    try await lease.renewIfDue()
    let entries: [(key: EntryKey, value: EntryValue)]
    let read: VersionedValue?
    let group: FeedGroup?
    do throws(StoreError) {
      let rows = try await multiGet(
        [FeedKeys.follow(payload.target), FeedKeys.lastRead].map { .init(partition: lease.id.partition, key: $0) })
      read = rows[1]
      let record = try followRecord(rows[0])
      let stands = record?.epoch == epoch && record?.state == .live
      entries = stands ? try await copied(payload, epoch, app) : []
      group = try aggregatedGroup(ofFeed: source, app)
    } catch {
      throw .store(error)
    }
    if let group {
      try await enter(entries, from: payload.target, into: source, group, lease)
      return try await lease.finish()
    }
    var rest = entries[...]
    while rest.count > options.stepRowsMax {
      try await lease.renewIfDue()
      try await lease.commit(.keep, operations: puts(rest.prefix(options.stepRowsMax)))
      rest = rest.dropFirst(options.stepRowsMax)
    }
    if options.faults.contains(.copyBeforeEdge) {
      try await lease.commit(.keep, operations: puts(rest))
      do { _ = try await makeEdge(source, payload, epoch, app, job.traceID) } catch { throw .store(error) }
      rest = []
    }
    do throws(StoreError) {
      // Who follows is there.
      try await noteRead(source, read, app)
      if pulls, payload.pullAfter == .max, let next = try await beginPull(source, payload.target, app, job.traceID) {
        try await hand(next)
      }
    } catch {
      throw .store(error)
    }
    try await lease.commit(.finish, operations: puts(rest))
    noteFeedUpdates(entries.count, app)
  }

  func isAggregated(_ feed: [UInt8], _ app: AppID) throws(JobError) -> Bool {
    do { return try aggregatedGroup(ofFeed: feed, app) != nil } catch { throw .store(error) }
  }

  /// Groups what a follow copies into an aggregated feed like new activities (feeds W4), oldest first, and looks again at those
  /// that have changed or gone meanwhile (B15). Nothing is written once another holds the job: what it copies may be something
  /// else by then.
  private func enter(
    _ entries: [(key: EntryKey, value: EntryValue)], from target: [UInt8], into feed: [UInt8], _ group: FeedGroup,
    _ lease: JobLease
  ) async throws(JobError) {
    var rest = entries.sorted { $0.key.id < $1.key.id }[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(options.stepRowsMax))
      rest = rest.dropFirst(part.count)
      try await lease.renewIfDue()
      let held: Bool
      do throws(StoreError) {
        held = try await enterPart(part, from: target, into: feed, group, lease)
      } catch {
        throw .store(error)
      }
      guard held else { throw .leaseLost }
    }
  }

  /// A part of them. Gives whether the job is still its holder's.
  private func enterPart(
    _ part: [(key: EntryKey, value: EntryValue)], from target: [UInt8], into feed: [UInt8], _ group: FeedGroup,
    _ lease: JobLease
  ) async throws(StoreError) -> Bool {
    let app = AppID(lease.id.partition.app)
    let traceID = lease.record.traceID
    let holds = Condition.versionEquals(lease.id.key, lease.version)
    var open = part
    for _ in 0..<options.contentionTriesMax where !open.isEmpty {
      let fence = fence()
      let keys = open.map {
        MultiGetRequest.Item(partition: FeedKeys.activity($0.key.id, app), key: FeedKeys.record)
      }
      let before = try await multiGet(keys)
      var changes: [FeedChange] = []
      for (entry, row) in zip(open, before) {
        guard let row, let record = try record(row),
          let placement = try await placement(entry.key.id, record, target, entry.key.placement, app)
        else {
          changes.append(leaving(entry.key.id, via: target, entry.key.placement, feed, group))
          continue
        }
        var activity = try EnteringActivity(entry.key.id, record, version: row.version)
        let change = entering(
          &activity, via: target, placement, edge: entry.key.edge, arrival: entry.value.arrival, into: feed, group,
          notAfterMilliseconds: fence)
        if var change {
          if !options.faults.contains(.copyUnfenced) { change.work.condition = holds }
          changes.append(change)
        }
      }
      var inTime = true
      for outcome in try await aggregate(changes, app, traceID) {
        switch outcome {
        case .done: break
        case .late: inTime = false
        case .refused: return false
        }
      }
      if options.faults.contains(.noSecondLook) { return true }
      let after = try await multiGet(keys)
      open = zip(open, zip(before, after)).filter { !inTime || $0.1.0?.version != $0.1.1?.version }.map(\.0)
    }
    guard open.isEmpty else {
      throw .overloaded("activities change again and again while they are copied")
    }
    return true
  }

  private func puts(_ entries: ArraySlice<(key: EntryKey, value: EntryValue)>) -> [Operation] {
    entries.map { .put($0.key.row, value: $0.value.encoded) }
  }

  /// Hands a job that was just made to the workers.
  private func hand(_ lease: JobLease) async throws(StoreError) {
    do throws(JobError) {
      try await lease.release()
    } catch .store(let error) {
      throw error
    } catch {
      logger.debug("a job has another holder", [("job", lease.record.kind.name)])
    }
  }

  /// Gives whether the target's followers pull.
  private func makeEdge(
    _ source: [UInt8], _ payload: CopyPayload, _ epoch: Stamp, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) -> Bool {
    try await setEdge(source, payload.target, app, traceID) { record in
      guard record.epoch == epoch, record.state == .live else { return nil }
      var edge = FollowerEdge(record, state: .live, turn: epoch)
      edge.pullAfter = payload.pullAfter
      return edge
    }?.pulls ?? false
  }

  /// The target's newest valid own and `to` rows up to the follow's stamp, and, if the relation is pushed, all but `many` from
  /// there to now.
  private func copied(
    _ payload: CopyPayload, _ epoch: Stamp, _ app: AppID
  ) async throws(StoreError) -> [(key: EntryKey, value: EntryValue)] {
    let via = FeedKeys.feedHash(payload.target)
    func entry(_ key: EntryKey, _ value: EntryValue) -> (key: EntryKey, value: EntryValue) {
      (EntryKey(key.id, via: via, placement: key.placement, edge: epoch), value)
    }
    var out = try await newest(Int(payload.limit), of: payload.target, upTo: payload.since, app).map {
      entry($0.key, $0.value)
    }
    // A relation that was pulled from its beginning takes what comes later itself.
    guard payload.pullAfter == .max else { return out }
    out += try await arrived(in: payload.target, after: payload.since, app).map { entry($0.key, $0.value) }
    return out
  }

  /// Rows of the `limit` newest activities that the feed has in its own right and that arrived up to `since`.
  private func newest(
    _ limit: Int, of feed: [UInt8], upTo since: Stamp, _ app: AppID
  ) async throws(StoreError) -> [(key: EntryKey, value: EntryValue)] {
    if limit == 0 { return [] }
    let heedSince = !options.faults.contains(.noSince)
    var reader = EntryReader(self, feed: feed, app: app, range: RowRange(space: FeedKeys.entrySpace), merges: false)
    var out: [(key: EntryKey, value: EntryValue)] = []
    var found = 0
    while found < limit, let group = try await reader.next(expecting: limit - found) {
      let rows = group.rows.filter { row in
        row.key.via == 0 && !row.isHide && row.cited != nil
          && (!heedSince || row.value.arrival <= since)
      }
      if rows.isEmpty { continue }
      found += 1
      out += rows.map { ($0.key, $0.value) }
    }
    return out
  }

  /// Rows but `many` that arrived in the feed after `since`, up to `end` or the stamp of the first look.
  func arrived(
    in feed: [UInt8], after since: Stamp, upTo end: Stamp? = nil, _ app: AppID
  ) async throws(StoreError) -> [(key: EntryKey, value: EntryValue)] {
    let partition = FeedKeys.feed(named: feed, app.rawValue)
    let range = RowRange(space: FeedKeys.arrivalSpace, start: FeedKeys.bigEndian(since.rawValue &+ 1))
    var found: [(key: EntryKey, value: EntryValue)] = []
    var cursor: [UInt8] = []
    var upTo = end
    repeat {
      let page = try await store.scan(
        ScanRequest(scope: .partition(partition, range), limit: StoreLimits.scanRowsMax, cursor: cursor))
      let last = upTo ?? page.readStamp
      upTo = last
      cursor = page.next
      for row in page.rows {
        let entry = try Self.entry(ofArrival: row)
        if entry.value.arrival > last {
          cursor = []
          break
        }
        if entry.value.kind != .many { found.append(entry) }
      }
    } while !cursor.isEmpty
    if found.isEmpty { return [] }
    let rows = try await multiGet(
      found.map { .init(partition: FeedKeys.activity($0.key.id, app), key: FeedKeys.record) })
    var citations: [(record: ActivityRecord?, key: EntryKey)] = []
    for (entry, row) in zip(found, rows) { citations.append((try record(row), entry.key)) }
    return zip(found, try await cited(citations, in: feed, app)).filter { $0.1 != nil }.map(\.0)
  }

  /// The own or `to` row that a row of the index by arrival stands for.
  static func entry(ofArrival row: Row) throws(StoreError) -> (key: EntryKey, value: EntryValue) {
    let rest = row.key.rest
    guard rest.count == 32, row.value.count >= 2, let kind = Placement.Kind(rawValue: row.value[1] & 3) else {
      throw .unknownFormat("a row of the index by arrival")
    }
    let id = ActivityID(ticks: ~FeedKeys.integer(rest[8..<16]), low: ~FeedKeys.integer(rest[16..<24]))
    return (
      EntryKey(id, via: 0, placement: Stamp(FeedKeys.integer(rest[24..<32])), edge: .zero),
      EntryValue(kind: kind, arrival: Stamp(FeedKeys.integer(rest[0..<8])))
    )
  }
}
