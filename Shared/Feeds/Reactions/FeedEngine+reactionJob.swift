import Jobs
import KeevoClient
import Model

/// What follows from a reaction's record, brought into step with it as often as needed: a request runs it before it answers,
/// a worker when the request did not get so far. Each step takes what it does from the record as it then is, and what it
/// writes says up to which version of the record it is, so that a late writer changes nothing.
extension FeedEngine {
  /// Runs a reaction job. `false`: the reaction could not be added, since its parent takes no more children.
  func runReaction(_ lease: JobLease, fresh: Bool = false) async throws(JobError) -> Bool {
    let app = AppID(lease.id.partition.app)
    let traceID = lease.record.traceID
    let payload: ReactionPayload
    let cursor: ReactionCursor
    do throws(FormatError) {
      payload = try ReactionPayload(lease.record.payload)
      cursor = try ReactionCursor(lease.record.cursor)
    } catch {
      throw .format(error)
    }
    jobSteps.increment()
    var record = payload.record
    switch payload.task {
    case .add:
      record.path.epoch = lease.id.stamp
      let stands = try await JobError.of { () throws(StoreError) in
        try await insertReaction(record, fresh: fresh, app, traceID)
      }
      if !stands {
        try await JobError.of { () throws(StoreError) in try await unclaim(record.path, app, traceID) }
      } else if record.flags.contains(.hasNotice) {
        try await settle(record.path, app, lease)
      }
      try await lease.finish()
      return stands
    case .settle:
      try await settle(record.path, app, lease)
      try await lease.finish()
    case .purge:
      if cursor.stage == .settle {
        try await settle(record, order: lease.id.stamp, .gone, fence: fence(), app, lease)
        try await lease.release(
          cursor: ReactionCursor(stage: .collect).encoded,
          wakeAtMilliseconds: timing.wallMilliseconds() + options.markMilliseconds)
      } else {
        try await collectReaction(record, app, lease)
        try await lease.finish()
      }
    }
    return true
  }

  /// Gives an id back whose reaction could not be added, and takes back what the audit log was to say of it.
  private func unclaim(_ path: ReactionPath, _ app: AppID, _ traceID: [UInt8]) async throws(StoreError) {
    let partition = ReactionList.partition(path.id, app)
    guard let row = try await get(partition, ReactionList.locator), let locator = try ReactionLocator.decode(row),
      locator.path.epoch == path.epoch
    else { return }
    let batches = [
      SubBatch(
        partition: partition, conditions: [.versionEquals(ReactionList.locator, row.version)],
        operations: [
          .delete(ReactionList.locator), .delete(JobID(partition: partition, stamp: path.epoch, number: 1).key),
        ])
    ]
    _ = try await write(batches, traceID)
  }

  // MARK: Settling

  /// Settles a reaction that stands; one that is deleted is its own job's.
  private func settle(_ path: ReactionPath, _ app: AppID, _ lease: JobLease) async throws(JobError) {
    let fence = fence()
    let found = try await JobError.of { () throws(StoreError) -> (ReactionRecord, Stamp)? in
      let partition = path.list.partition(app)
      let rows = try await multiGet([
        .init(partition: partition, key: path.list.body(path.own)),
        .init(partition: partition, key: path.list.deleted(path.own)),
      ])
      guard let row = rows[0] ?? rows[1], let record = try ReactionRecord.decode(row),
        record.path.epoch == path.epoch
      else { return nil }
      return (record, row.version)
    }
    guard let (record, version) = found else { return }
    try await settle(record, order: version, Self.state(record), fence: fence, app, lease)
  }

  private static func state(_ record: ReactionRecord) -> ReactionLocator.State {
    record.deletedAt == nil && !record.flags.contains(.closed) ? .open : .closed
  }

  /// Brings target feeds and children into step with a record as of version `order`, read not before `fence` counts from.
  private func settle(
    _ record: ReactionRecord, order: Stamp, _ state: ReactionLocator.State, fence: UInt64, _ app: AppID,
    _ lease: JobLease
  ) async throws(JobError) {
    if record.flags.contains(.hasNotice) {
      try await reconcileNotice(
        record, order: order, feeds: state == .open ? record.targets : [], fence: fence, app, lease.record.traceID)
    }
    guard state == .gone || record.flags.contains(.hasChildren) else { return }
    let locator = try await JobError.of { () throws(StoreError) in
      try await setLocator(record.path, state, order, app, lease.record.traceID)
    }
    guard let locator, record.flags.contains(.hasChildren) else { return }
    try await settleChildren(record.path, closed: state != .open, locator, app, lease)
  }

  /// Writes whether children may be added, if `order` is news. Gives the row's version; `nil` if somebody knows better.
  private func setLocator(
    _ path: ReactionPath, _ state: ReactionLocator.State, _ order: Stamp, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) -> Stamp? {
    let partition = ReactionList.partition(path.id, app)
    for _ in 0..<options.contentionTriesMax {
      guard let row = try await get(partition, ReactionList.locator), var locator = try ReactionLocator.decode(row),
        locator.path.epoch == path.epoch, locator.order <= order
      else { return nil }
      if locator.order == order, locator.state == state { return row.version }
      locator.order = order
      locator.state = state
      let result = try await write(
        [
          SubBatch(
            partition: partition, conditions: [.versionEquals(ReactionList.locator, row.version)],
            operations: [.put(ReactionList.locator, value: locator.encoded().bytes)])
        ], traceID)[0]
      if result.applied { return result.stamp }
    }
    throw .overloaded("a reaction's locator changes again and again")
  }

  /// Walks the children, live and soft-deleted, that have something to be brought into step.
  private func settleChildren(
    _ path: ReactionPath, closed: Bool, _ locator: Stamp, _ app: AppID, _ lease: JobLease
  ) async throws(JobError) {
    for space in [ReactionList.bodySpace, ReactionList.deletedSpace] {
      var cursor: [UInt8] = []
      repeat {
        try await lease.renewIfDue()
        let fence = fence()
        let page = try await childPage(path.children, space, cursor, app)
        cursor = page.next
        for row in page.rows {
          let found = try await JobError.of { () throws(StoreError) in
            try await touch(row, path, closed: closed, locator, app, lease.record.traceID)
          }
          guard let (child, version) = found else { continue }
          try await settle(child, order: version, Self.state(child), fence: fence, app, lease)
        }
      } while !cursor.isEmpty
    }
  }

  private func childPage(
    _ list: ReactionList, _ space: UInt8, _ cursor: [UInt8], _ app: AppID
  ) async throws(JobError) -> ScanResponse {
    try await JobError.of { () throws(StoreError) in
      try await store.scan(
        ScanRequest(
          scope: .partition(list.partition(app), list.range(space)), limit: options.stepRowsMax, cursor: cursor))
    }
  }

  /// Notes in a child whether a reaction above it is deleted, as long as the parent's locator says so. Gives the child as it is
  /// then; `nil` if there is nothing to settle, or it is somebody else's to do.
  private func touch(
    _ row: Row, _ path: ReactionPath, closed: Bool, _ locator: Stamp, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) -> (ReactionRecord, Stamp)? {
    var current: VersionedValue? = VersionedValue(value: row.value, version: row.version)
    let partition = path.children.partition(app)
    for _ in 0..<options.contentionTriesMax {
      guard let found = current, var child = try ReactionRecord.decode(found) else { return nil }
      if child.flags.isDisjoint(with: [.hasNotice, .hasChildren]) { return nil }
      if child.flags.contains(.closed) == closed { return (child, found.version) }
      if closed { child.flags.insert(.closed) } else { child.flags.remove(.closed) }
      let result = try await write(
        [
          SubBatch(
            partition: partition,
            conditions: [.versionEquals(row.key, found.version), .versionEquals(ReactionList.locator, locator)],
            operations: [.put(row.key, value: child.encoded)])
        ], traceID)[0]
      switch result.failedCondition {
      case nil: return (child, result.stamp)
      case 0?: current = try await get(partition, row.key)
      default: return nil
      }
    }
    throw .overloaded("a reaction changes again and again")
  }

  // MARK: Collecting

  /// Deletes what a deleted reaction has left, a day later: its marks, its children and theirs.
  private func collectReaction(_ record: ReactionRecord, _ app: AppID, _ lease: JobLease) async throws(JobError) {
    let list = record.path.children
    if record.flags.contains(.hasChildren) {
      for space in [ReactionList.bodySpace, ReactionList.deletedSpace] {
        var isLast = false
        while !isLast {
          try await lease.renewIfDue()
          let page = try await childPage(list, space, [], app)
          isLast = page.next.isEmpty
          var operations: [Operation] = []
          for row in page.rows {
            let found = VersionedValue(value: row.value, version: row.version)
            let child = try await JobError.of { () throws(StoreError) in try ReactionRecord.decode(found) }
            guard let child else { continue }
            try await collectReaction(child, app, lease)
            let step = child.path.own
            operations += [
              .delete(row.key), .delete(list.order(step)), .delete(list.user(child.user, step)),
              .delete(list.userKind(child.user, step)),
            ]
          }
          guard !operations.isEmpty else { continue }
          let batch = SubBatch(partition: list.partition(app), operations: operations)
          _ = try await JobError.of { () throws(StoreError) in try await write([batch], lease.record.traceID) }
        }
      }
    }
    try await JobError.of { () throws(StoreError) in try await deleteMarks(record, app, lease.record.traceID) }
  }

  /// Deletes the rows of one life of a reaction outside its list, and those that end it there.
  private func deleteMarks(_ record: ReactionRecord, _ app: AppID, _ traceID: [UInt8]) async throws(StoreError) {
    let path = record.path
    var batches = [
      SubBatch(partition: path.list.partition(app), operations: [.delete(path.list.gone(path.own))])
    ]
    // The id may have a new life, whose hints have the same keys.
    let hint = ReactionHint(path: path).encoded
    batches += ReactionHint.keys(path).map {
      SubBatch(
        partition: ReactionHint.partition(record.user, app), conditions: [.valueEquals($0, hint)],
        operations: [.delete($0)])
    }
    if record.flags.contains(.hasChildren) {
      batches.append(
        SubBatch(
          partition: path.children.partition(app), operations: [.deleteRange(path.children.counts)]))
    }
    if record.flags.contains(.hasNotice) {
      let id = Self.noticeID(record)
      batches.append(SubBatch(partition: FeedKeys.activity(id, app), operations: [.delete(NoticeRow.key)]))
      // One that was late may have written it after the activity's own collection.
      let hash = FeedKeys.foreignIDHash("reaction:\(path.id)")
      try await dropHint(id, hash, app, traceID)
    }
    let partition = ReactionList.partition(path.id, app)
    if let row = try await get(partition, ReactionList.locator), let locator = try ReactionLocator.decode(row),
      locator.path.epoch == path.epoch
    {
      batches.append(
        SubBatch(
          partition: partition, conditions: [.versionEquals(ReactionList.locator, row.version)],
          operations: [.delete(ReactionList.locator)]))
    }
    garbageRows.increment(by: batches.count)
    _ = try await write(batches, traceID)
  }
}

extension JobError {
  /// Runs calls of the store.
  static func of<Success>(_ body: () async throws(StoreError) -> Success) async throws(JobError) -> Success {
    do { return try await body() } catch { throw .store(error) }
  }
}
