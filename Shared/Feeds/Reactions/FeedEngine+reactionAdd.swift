import Jobs
import KeevoClient
import Model

/// Adding a reaction: its id is claimed in a partition of its own, with the job; then its rows are written beside its
/// siblings with the count, in one sub-batch; then the activity in its target feeds (feeds R2–R9).
extension FeedEngine: ReactionService {
  public func addReaction(
    _ input: ReactionInput, _ context: ChangeContext
  ) async throws(ReactionError) -> Reaction {
    do throws(ReactionFailure) {
      let (activity, above) = try await openPath(input.parent, context.app)
      switch try await claim(input, activity, above, context) {
      case .existing(let reaction): return reaction
      case .claimed(let record, let lease, let audits):
        let refused = RefusalFlag()
        await visible("reaction") { [self] () throws(JobError) in
          if try await runReaction(lease, fresh: true) {
            try await deliver(audits, context)
          } else {
            refused.set()
          }
        }
        if refused.isSet { throw ReactionFailure.reaction(.unknownParent) }
        return Reaction(record)
      }
    } catch {
      throw error.reaction
    }
  }

  /// The activity, and the steps above a new reaction. A parent is marked as having children before it has any, so that
  /// readers look for them only there.
  private func openPath(
    _ parent: ReactionInput.Parent, _ app: AppID
  ) async throws(ReactionFailure) -> (ActivityID, [ReactionPath.Step]) {
    let id: ActivityID
    switch parent {
    case .activity(let activity): return (activity, [])
    case .reaction(let reaction): id = reaction
    }
    for _ in 0..<options.contentionTriesMax {
      let found = try await ReactionFailure.of { () throws(StoreError) in try await findReactions([id], app) }
      guard let found = found.first ?? nil, found.isLive else { throw .reaction(.unknownParent) }
      let path = found.record.path
      guard path.level < options.reactionLevelsMax else { throw .reaction(.tooDeep) }
      if found.record.flags.contains(.hasChildren) { return (path.activity, path.steps) }
      var record = found.record
      record.flags.insert(.hasChildren)
      let key = path.list.body(path.own)
      let batch = SubBatch(
        partition: path.list.partition(app), conditions: [.versionEquals(key, found.version)],
        operations: [.put(key, value: record.encoded)])
      let result = try await ReactionFailure.of { () throws(StoreError) in try await write([batch], [])[0] }
      if result.applied { return (path.activity, path.steps) }
    }
    throw .contention
  }

  private enum Claim {
    case claimed(ReactionRecord, JobLease, [(entry: AuditEntry, job: JobID)])
    /// An earlier attempt of the same request has made it.
    case existing(Reaction)
  }

  /// Claims the id, with the job that writes the rows. From here the reaction exists, whatever dies.
  private func claim(
    _ input: ReactionInput, _ activity: ActivityID, _ above: [ReactionPath.Step], _ context: ChangeContext
  ) async throws(ReactionFailure) -> Claim {
    let (app, traceID) = (context.app, context.traceID)
    var known: VersionedValue?
    for _ in 0..<options.contentionTriesMax {
      var record = try await newRecord(input, activity, above, app)
      let partition = ReactionList.partition(record.path.id, app)
      let locator = ReactionLocator(path: record.path).encoded()
      let job = JobRecord(
        kind: .reaction, holder: holder, madeAtMilliseconds: timing.wallMilliseconds(), traceID: traceID,
        payload: ReactionPayload(task: .add, record: record).encoded)
      let entry = context.author.map {
        AuditEntry(
          .reaction, id: record.path.id.description, action: .create,
          userID: $0.name(actor: String(decoding: record.user, as: UTF8.self)), createdAt: record.createdAt)
      }
      let batch = SubBatch(
        partition: partition,
        conditions: [
          known.map { .versionEquals(ReactionList.locator, $0.version) } ?? .absent(ReactionList.locator)
        ],
        operations: [.put(ReactionList.locator, value: locator.bytes, valueStampAt: locator.stampAt), JobID.make(job)]
          + (entry.map { [JobID.make(audit($0, context), number: 1)] } ?? []))
      let result = try await ReactionFailure.of { () throws(StoreError) in try await write([batch], traceID)[0] }
      if result.applied {
        record.path.epoch = result.stamp
        let lease = JobLease(
          JobID(partition: partition, stamp: result.stamp), record: job, version: result.stamp, store: store,
          timing: timing)
        let audits = entry.map { [($0, JobID(partition: partition, stamp: result.stamp, number: 1))] }
        return .claimed(record, lease, audits ?? [])
      }
      switch try await occupant(record, input, app) {
      case .none: known = nil
      case .gone(let row): known = row
      case .same(let reaction): return .existing(reaction)
      case .other:
        if input.id != nil { throw .reaction(.idTaken) }
        // The time was drawn for this request, so it can only be drawn again.
        if input.time != nil { throw .contention }
        known = nil
      }
    }
    throw .contention
  }

  private func newRecord(
    _ input: ReactionInput, _ activity: ActivityID, _ above: [ReactionPath.Step], _ app: AppID
  ) async throws(ReactionFailure) -> ReactionRecord {
    var time = input.time
    if time == nil {
      time = try await ReactionFailure.of { () throws(StoreError) in try await times.next(1, app: app).first }
    }
    guard let time else { throw .store(.failed("the time source gave nothing")) }
    let kind = Array(input.kind.utf8)
    let user = Array(input.userID.utf8)
    // Equal requests at one time have one id: a repeated request finds its first attempt (C12c).
    let low = ActivityInput.idLowBits(
      ofContent: (above.last?.id ?? activity).bytes + kind + [0] + user + [0] + input.data)
    let id = input.id ?? ActivityID(ticks: time.ticks, low: 0x8000_0000_0000_0000 | low & 0x3FFF_FFFF_FFFF_FFFF)
    return ReactionRecord(
      path: ReactionPath(activity: activity, above: above, own: .init(id: id, epoch: .zero, kind: kind)),
      flags: input.targetFeeds.isEmpty ? [] : .hasNotice, user: user, createdAt: time, updatedAt: time,
      data: input.data, targets: input.targetFeeds.map(\.nameBytes), extra: input.extraMembers)
  }

  private enum Occupant {
    case none
    case gone(VersionedValue)
    case same(Reaction)
    case other
  }

  /// Who has the id.
  private func occupant(
    _ record: ReactionRecord, _ input: ReactionInput, _ app: AppID
  ) async throws(ReactionFailure) -> Occupant {
    try await ReactionFailure.of { () throws(StoreError) in
      let partition = ReactionList.partition(record.path.id, app)
      guard let row = try await get(partition, ReactionList.locator), let locator = try ReactionLocator.decode(row)
      else { return .none }
      if locator.state == .gone { return .gone(row) }
      if input.time != nil {
        do throws(JobError) {
          // The first attempt may have got no further than its claim.
          try await takeOver(JobID(partition: partition, stamp: locator.path.epoch))
        } catch {
          throw error.store
        }
      }
      guard let found = try await findReactions(at: [locator.path], app).first ?? nil else {
        return try await isOver(locator.path, app) ? .gone(row) : .other
      }
      guard input.time != nil else { return .other }
      var path = found.record.path
      path.epoch = .zero
      let isSame =
        path == record.path && found.record.user == record.user && found.record.createdAt == record.createdAt
      return isSame ? .same(found.reaction) : .other
    }
  }

  /// Whether a reaction that is not found has been deleted, itself or one above it, and is not still to be written.
  private func isOver(_ path: ReactionPath, _ app: AppID) async throws(StoreError) -> Bool {
    if try await get(path.list.partition(app), path.list.gone(path.own)) != nil { return true }
    return try await findReactions(at: path.ancestors, app).contains { $0 == nil }
  }

  /// Writes the rows of a claimed reaction, once, and counts it (B16). `false`: its parent takes no more children.
  /// `fresh`: this process has just claimed it.
  func insertReaction(
    _ record: ReactionRecord, fresh: Bool, _ app: AppID, _ traceID: [UInt8]
  ) async throws(StoreError) -> Bool {
    let path = record.path
    let list = path.list
    let body = list.body(path.own)
    for attempt in 0..<options.contentionTriesMax {
      let fence = fence()
      // An activity takes reactions at any time; whether the claim stands is known of a fresh one.
      var parentVersion: Stamp?
      if !fresh || attempt > 0 || path.parent != nil {
        var items = [MultiGetRequest.Item(partition: ReactionList.partition(path.id, app), key: ReactionList.locator)]
        if let parent = path.parent {
          items.append(.init(partition: ReactionList.partition(parent.id, app), key: ReactionList.locator))
        }
        let rows = try await multiGet(items)
        guard let own = try ReactionLocator.decode(rows[0]), own.path.epoch == path.epoch, own.state != .gone else {
          return true  // Deleted since: nothing is to be written.
        }
        if let parent = path.parent {
          guard let row = rows[1], let locator = try ReactionLocator.decode(row), locator.path.epoch == parent.epoch,
            locator.state == .open
          else { return try await findReactions(at: [path], app).first ?? nil != nil }
          parentVersion = row.version
        }
      }
      var conditions: [Condition] = [
        .absent(body), .absent(list.deleted(path.own)), .absent(list.gone(path.own)), .notAfter(milliseconds: fence),
      ]
      if options.faults.contains(.reactionsReturn) { conditions = conditions.suffix(1) }
      if let parentVersion { conditions.append(.versionEquals(ReactionList.locator, parentVersion)) }
      let hint = ReactionHint(path: path).encoded
      let batches = [
        SubBatch(partition: list.partition(app), conditions: conditions, operations: live(record)),
        // Not later either: what comes after the collection would stay.
        SubBatch(
          partition: ReactionHint.partition(record.user, app), conditions: [.notAfter(milliseconds: fence)],
          operations: ReactionHint.keys(path).map { .put($0, value: hint) }),
      ]
      let results = try await write(batches, traceID)
      // The user's shard may be a moment ahead: then the rows are written again, under a new fence.
      guard results[1].applied else { continue }
      switch results[0].failedCondition.map({ conditions[$0] }) {
      case nil, .absent?: return true
      default: continue  // Too late, or the parent has changed: look again.
      }
    }
    throw .overloaded("a reaction's parent changes again and again")
  }

  /// What makes a reaction one of its list.
  func live(_ record: ReactionRecord) -> [Operation] {
    let (list, step) = (record.path.list, record.path.own)
    return [
      .put(list.body(step), value: record.encoded), .put(list.order(step), value: [1] + step.kind),
      .put(list.user(record.user, step), value: [1] + step.kind),
      .put(list.userKind(record.user, step), value: [1] + step.kind),
      .add(list.count(step.kind), delta: options.faults.contains(.countsTwice) ? 2 : 1),
    ]
  }

  /// What takes it out.
  func unlisted(_ record: ReactionRecord) -> [Operation] {
    let (list, step) = (record.path.list, record.path.own)
    return [
      .delete(list.body(step)), .delete(list.order(step)), .delete(list.user(record.user, step)),
      .delete(list.userKind(record.user, step)), .add(list.count(step.kind), delta: -1),
    ]
  }
}
